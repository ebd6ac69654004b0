"""The definition in float64, tap by tap: slow, there to say who is right."""

import itertools

import numpy as np

layouts = ["last"]


def version():
    return "numpy " + np.__version__


class Engine:
    how = "float64, tap by tap"

    def __init__(self, layer, data, layout, threads):
        self.layer, self.data = layer, data

    def __call__(self):
        layer, g = self.layer, self.layer.g
        source = self.data.input.astype(np.float64).reshape([layer.n, *layer.i, g, layer.ic // g])
        weights = self.data.filter.astype(np.float64).reshape(
            [*layer.k, layer.oc // g, g, layer.ic // g]
        )
        total = np.zeros([layer.n, *layer.o, g, layer.oc // g])
        for tap in itertools.product(*map(range, layer.k)):
            inputs, outputs = [slice(None)], [slice(None)]
            for axis, t in enumerate(tap):
                first, last = layer.tap_range(axis, t)
                begin = first * layer.s[axis] + t * layer.d[axis] - layer.p[axis]
                inputs.append(slice(first, last))
                outputs.append(slice(begin, begin + (last - first) * layer.s[axis], layer.s[axis]))
            if all(part.start < part.stop for part in inputs[1:]):
                total[tuple(outputs)] += np.einsum(
                    "...gi,ogi->...go", source[tuple(inputs)], weights[tap], optimize=True
                )
        self.result = total.reshape(layer.output_shape) + self.data.bias  # of any type: not rounded

    def output(self):
        return self.result.astype(np.float32)
