"""TensorFlow: tf.nn.conv_transpose and bias_add in one tf.function. It crops as SAME and VALID
say and, in two dimensions, by pairs of paddings; other layers are refused.
"""

import tensorflow

from . import tensors

layouts = ["last"]


def version():
    return "tensorflow " + tensorflow.__version__


def padding_of(layer):
    """What makes TensorFlow crop as the layer does."""
    reach = [(k - 1) * d + 1 for k, d in zip(layer.k, layer.d)]
    after = layer.cropped_after()
    axes = list(zip(layer.i, layer.o, layer.s, reach, layer.p, after))
    if all(
        -(-o // s) == i and p == max((i - 1) * s + ke - o, 0) // 2 for i, o, s, ke, p, _ in axes
    ):
        return "SAME"
    if all((o - ke + s) // s == i and p == 0 for i, o, s, ke, p, _ in axes):
        return "VALID"
    pairs = [[p, max(a, 0)] for *_, p, a in axes]
    if layer.rank == 2 and all(
        (o + b + a - ke) // s + 1 == i for (i, o, s, ke, *_), (b, a) in zip(axes, pairs)
    ):
        return [[0, 0], *pairs, [0, 0]]
    raise ValueError("no padding of TensorFlow crops like this")


class Engine:
    how = "tf.function"
    threads_set = False

    def __init__(self, layer, data, layout, threads):
        tensors.f32_only(layer)
        if not Engine.threads_set:  # refused once the runtime has started
            tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
            tensorflow.config.threading.set_inter_op_parallelism_threads(1)
            Engine.threads_set = True
        if layer.g > 1 and layer.rank == 3:
            raise ValueError("TensorFlow has no groups in three dimensions")
        padding, shape = padding_of(layer), layer.output_shape
        weights, bias = tensorflow.constant(data.filter), tensorflow.constant(data.bias)
        self.source = tensorflow.constant(data.input)

        @tensorflow.function
        def forward(source):
            sums = tensorflow.nn.conv_transpose(
                source, weights, shape, layer.s, padding, dilations=layer.d
            )
            return tensorflow.nn.bias_add(sums, bias)

        self.forward = forward

    def __call__(self):
        self.result = self.forward(self.source)

    def output(self):
        return self.result.numpy()
