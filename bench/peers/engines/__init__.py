"""The engines by name. Each module has `layouts` (the first is taken when nobody says which),
`version()`, and a class `Engine` that sets one layer up when it is made, runs it when it is called,
and gives the result as float32 [n, o.., oc] from `output()`; its `how` says by which means. A layer
or wish that it cannot fulfil is an exception whose text is the reason.
"""

import importlib

MODULES = {
    "ours": "ours",
    "onnxruntime": "onnxruntime",
    "tensorflow": "tensorflow",
    "torch": "torch",
    "openvino": "openvino",
    "jax": "jax",
    "litert": "litert",
    "numpy-reference": "numpy_reference",
}


def load(name):
    return importlib.import_module(f"{__name__}.{MODULES[name]}")
