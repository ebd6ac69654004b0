"""A layer's tensors as every engine gets them, float32: input [n, i.., ic], filter [k.., oc/g, ic],
bias [oc].
"""

import numpy as np


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
