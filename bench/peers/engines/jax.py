"""JAX on its CPU backend: one jitted conv_general_dilated over the dilated input, and the bias."""

import jax
import numpy as np

from . import tensors

layouts = ["last", "first"]


def version():
    return "jax " + jax.__version__


class Engine:
    how = "jit"

    def __init__(self, layer, data, layout, threads):
        tensors.f32_only(layer)
        self.first = layout == "first"
        axes = "DHW"[3 - layer.rank :]
        tensor = "NC" + axes if self.first else "N" + axes + "C"
        # It correlates, so the taps are turned round; its filter has all output channels, and the
        # input channels of one group.
        turned = np.flip(data.filter, axis=tuple(range(layer.rank)))
        split = turned.reshape([*layer.k, layer.oc // layer.g, layer.g, layer.ic // layer.g])
        weights = jax.numpy.asarray(
            np.moveaxis(split, -2, -3).reshape([*layer.k, layer.oc, layer.ic // layer.g])
        )
        bias = jax.numpy.asarray(
            data.bias.reshape([-1] + [1] * layer.rank) if self.first else data.bias
        )
        pads = [
            ((k - 1) * d - p, (k - 1) * d - after)
            for k, d, p, after in zip(layer.k, layer.d, layer.p, layer.cropped_after())
        ]

        @jax.jit
        def forward(source):
            return bias + jax.lax.conv_general_dilated(
                source,
                weights,
                [1] * layer.rank,
                pads,
                lhs_dilation=layer.s,
                rhs_dilation=layer.d,
                dimension_numbers=(tensor, axes + "OI", tensor),
                feature_group_count=layer.g,
            )

        self.forward = forward
        self.source = jax.numpy.asarray(
            tensors.channels_first(data.input) if self.first else data.input
        )

    def __call__(self):
        self.result = self.forward(self.source).block_until_ready()

    def output(self):
        result = np.asarray(self.result)
        return tensors.channels_last(result) if self.first else result
