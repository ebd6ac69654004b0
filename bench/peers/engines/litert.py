"""LiteRT (TensorFlow Lite), with XNNPACK where it takes the operation: a model of the layer that
TensorFlow writes, filter and bias inside, run by the interpreter.
"""

import ai_edge_litert
import tensorflow
from ai_edge_litert import interpreter

from . import tensorflow as tensorflow_engine
from . import tensors

layouts = ["last"]


def version():
    return f"litert {ai_edge_litert.__version__}, tensorflow {tensorflow.__version__}"


def _model(layer, data):
    # Its TRANSPOSE_CONV and CONV_3D_TRANSPOSE crop as SAME and VALID say, and nothing else; more
    # would become an operation of TensorFlow's own, which the interpreter does not have.
    if layer.g != 1:
        raise ValueError("LiteRT has no groups in transposed convolutions")
    if any(d != 1 for d in layer.d):
        raise ValueError("LiteRT has no dilation in transposed convolutions")
    padding = tensorflow_engine.padding_of(layer)
    if not isinstance(padding, str):
        raise ValueError("neither SAME nor VALID crops like this")
    weights, bias = tensorflow.constant(data.filter), tensorflow.constant(data.bias)

    @tensorflow.function(input_signature=[tensorflow.TensorSpec(layer.input_shape)])
    def forward(source):
        sums = tensorflow.nn.conv_transpose(source, weights, layer.output_shape, layer.s, padding)
        return tensorflow.nn.bias_add(sums, bias)

    concrete = forward.get_concrete_function()
    return tensorflow.lite.TFLiteConverter.from_concrete_functions([concrete]).convert()


class Engine:
    def __init__(self, layer, data, layout, threads):
        tensors.f32_only(layer)
        self.interpreter = interpreter.Interpreter(
            model_content=_model(layer, data), num_threads=threads
        )
        self.interpreter.allocate_tensors()
        place = self.interpreter.get_input_details()[0]["index"]
        self.interpreter.set_tensor(place, data.input)
        self.place = self.interpreter.get_output_details()[0]["index"]
        # The model's operations, then a DELEGATE for what XNNPACK has taken over of them.
        operations = self.interpreter._get_ops_details()
        self.how = " ".join(operation["op_name"] for operation in operations)

    def __call__(self):
        self.interpreter.invoke()

    def output(self):
        return self.interpreter.get_tensor(self.place)
