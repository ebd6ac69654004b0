"""PyTorch's functional conv_transpose1d, 2d and 3d, eager, without gradients."""

import torch

from . import tensors

layouts = ["first", "last"]


def version():
    return "torch " + torch.__version__


class Engine:
    how = "eager"

    def __init__(self, layer, data, layout, threads):
        torch.set_num_threads(threads)
        # Its one padding crops both sides; outputs can only be added at the end.
        appended = [p - after for p, after in zip(layer.p, layer.cropped_after())]
        if min(appended) < 0:
            raise ValueError("torch cannot crop more behind than before")
        self.function = getattr(torch.nn.functional, f"conv_transpose{layer.rank}d")
        dtype = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}[layer.dtype]
        self.operands = [
            torch.from_numpy(tensors.channels_first(data.input)).to(dtype),
            torch.from_numpy(data.filter_channels_first()).to(dtype),
        ]
        if layout == "last":
            if layer.rank == 1:
                raise ValueError("torch has no channels-last in one dimension")
            form = torch.channels_last if layer.rank == 2 else torch.channels_last_3d
            self.operands = [operand.contiguous(memory_format=form) for operand in self.operands]
        self.operands.append(torch.from_numpy(data.bias).to(dtype))
        self.fields = {
            "stride": layer.s,
            "padding": layer.p,
            "output_padding": appended,
            "groups": layer.g,
            "dilation": layer.d,
        }

    def __call__(self):
        with torch.inference_mode():
            self.result = self.function(*self.operands, **self.fields)

    def output(self):
        return tensors.channels_last(self.result.float().numpy())
