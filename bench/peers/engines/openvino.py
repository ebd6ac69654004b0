"""OpenVINO's CPU plug-in: (Group)ConvolutionBackpropData and an addition, for latency, in f32."""

import numpy as np
import openvino
from openvino import opset8 as operations

from . import tensors

layouts = ["first"]


def version():
    return "openvino " + openvino.__version__


class Engine:
    how = "CPU, latency"

    def __init__(self, layer, data, layout, threads):
        tensors.f32_only(layer)
        before, after, appended = tensors.pads_and_extra(layer)
        source = operations.parameter([layer.n, layer.ic, *layer.i], np.float32)
        weights, make = data.filter_channels_first(), operations.convolution_backprop_data
        if layer.g > 1:
            weights = weights.reshape([layer.g, layer.ic // layer.g, *weights.shape[1:]])
            make = operations.group_convolution_backprop_data
        sums = make(
            source,
            operations.constant(weights),
            layer.s,
            pads_begin=before,
            pads_end=after,
            dilations=layer.d,
            output_padding=appended,
        )
        bias = operations.constant(data.bias.reshape([1, layer.oc] + [1] * layer.rank))
        model = openvino.Model([operations.add(sums, bias)], [source])
        wishes = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
        }
        self.request = openvino.Core().compile_model(model, "CPU", wishes).create_infer_request()
        self.source = openvino.Tensor(tensors.channels_first(data.input))
        self.request.set_input_tensor(self.source)

    def __call__(self):
        self.request.infer()

    def output(self):
        return tensors.channels_last(self.request.get_output_tensor().data)
