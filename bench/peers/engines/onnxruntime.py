"""ONNX Runtime's CPU provider: a model of one ConvTranspose with constant filter and bias; input
and output are bound once.
"""

import numpy as np
import onnx
import onnxruntime

from . import tensors

layouts = ["first"]
FLOAT = onnx.TensorProto.FLOAT


def version():
    return "onnxruntime " + onnxruntime.__version__


def _model(layer, data):
    before, after, appended = tensors.pads_and_extra(layer)
    node = onnx.helper.make_node(
        "ConvTranspose",
        ["input", "filter", "bias"],
        ["output"],
        kernel_shape=layer.k,
        strides=layer.s,
        dilations=layer.d,
        group=layer.g,
        pads=before + after,
        output_padding=appended,
    )
    value = onnx.helper.make_tensor_value_info
    constants = {"filter": data.filter_channels_first(), "bias": data.bias}
    graph = onnx.helper.make_graph(
        [node],
        "layer",
        [value("input", FLOAT, [layer.n, layer.ic, *layer.i])],
        [value("output", FLOAT, [layer.n, layer.oc, *layer.o])],
        [onnx.numpy_helper.from_array(constant, name) for name, constant in constants.items()],
    )
    # An old opset and format version: any runtime of the last years reads them.
    return onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=7
    )


class Engine:
    how = "CPUExecutionProvider"

    def __init__(self, layer, data, layout, threads):
        tensors.f32_only(layer)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        # Its workers may spin inside a run, but not on while another engine has its turn.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self.session = onnxruntime.InferenceSession(
            _model(layer, data).SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.result = onnxruntime.OrtValue.ortvalue_from_shape_and_type(
            [layer.n, layer.oc, *layer.o], np.float32
        )
        self.binding = self.session.io_binding()
        self.binding.bind_ortvalue_input(
            "input", onnxruntime.OrtValue.ortvalue_from_numpy(tensors.channels_first(data.input))
        )
        self.binding.bind_ortvalue_output("output", self.result)

    def __call__(self):
        self.session.run_with_iobinding(self.binding)

    def output(self):
        return tensors.channels_last(self.result.numpy())
