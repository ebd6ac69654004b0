"""A layer's tensors as every engine gets them: input [n, i.., ic], filter [k.., oc/g, ic], bias [oc].
They are float32 whatever the layer's type, of values that this type has.
"""

import numpy as np


def rounded(values, dtype):
    """float32 to the nearest values of f32, f16 or bf16, ties to even; finite ones only."""
    if dtype == "f16":
        return values.astype(np.float16).astype(np.float32)
    if dtype == "bf16":
        bits = values.view(np.uint32)
        bits = bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000
        return bits.astype(np.uint32).view(np.float32)
    return values


def stored(values, dtype):
    """As they lie in memory: bf16 as its bits, since numpy has no such type."""
    if dtype == "bf16":
        return (np.ascontiguousarray(values).view(np.uint32) >> 16).astype(np.uint16)
    return values.astype(np.float16) if dtype == "f16" else values


def loaded(array, dtype):
    """The reverse of stored."""
    if dtype == "bf16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float32)


def f32_only(layer):
    if layer.dtype != "f32":
        raise ValueError(f"this engine is compared in f32, not in {layer.dtype}")


class Tensors:
    def __init__(self, layer, files):
        self.rank = layer.rank
        self.input = np.fromfile(files["input"], np.float32).reshape(layer.input_shape)
        self.filter = np.fromfile(files["filter"], np.float32).reshape(layer.filter_shape)
        self.bias = np.fromfile(files["bias"], np.float32)

    def filter_channels_first(self):
        """[ic, oc/g, k..], what torch, ONNX and OpenVINO want."""
        return np.ascontiguousarray(
            self.filter.transpose([self.rank + 1, self.rank, *range(self.rank)])
        )


def channels_first(tensor):
    return aligned_copy(np.moveaxis(tensor, -1, 1))


def channels_last(tensor):
    return np.ascontiguousarray(np.moveaxis(tensor, 1, -1))


def aligned(shape, dtype=np.float32):
    """A dense array from a multiple of 64 bytes on: numpy promises 16, and luck is no result."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.zeros(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)


def aligned_copy(tensor):
    copy = aligned(tensor.shape, tensor.dtype)
    copy[...] = tensor
    return copy


def pads_and_extra(layer):
    """(before, after, appended): what is cropped on both sides, and the zeros that follow else."""
    after = layer.cropped_after()
    return list(layer.p), [max(a, 0) for a in after], [max(-a, 0) for a in after]
