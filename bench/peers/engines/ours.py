"""tconv through its C API. TCONV_LIB names the library, else this checkout's build/ is tried."""

import ctypes
import os
import pathlib

import numpy as np

from . import tensors

layouts = ["last", "first"]

HANDLE, POINTER, SIZE = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t
CALLS = {
    "tconv_create": (ctypes.c_int, [ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(HANDLE)]),
    "tconv_destroy": (None, [HANDLE]),
    "tconv_packed_filter_bytes": (SIZE, [HANDLE]),
    "tconv_pack_filter": (ctypes.c_int, [HANDLE, POINTER, POINTER]),
    "tconv_workspace_bytes": (SIZE, [HANDLE]),
    "tconv_run": (ctypes.c_int, [HANDLE] + 5 * [POINTER]),
    "tconv_describe": (ctypes.c_char_p, [HANDLE]),
    "tconv_last_error": (ctypes.c_char_p, []),
    "tconv_version": (ctypes.c_char_p, []),
}


def _open_library():
    here = pathlib.Path(__file__).resolve()
    path = os.environ.get("TCONV_LIB") or str(here.parents[3] / "build" / "libtconv.so")
    library = ctypes.CDLL(path)
    for name, (result, arguments) in CALLS.items():
        call = getattr(library, name)
        call.restype, call.argtypes = result, arguments
    return library


library = _open_library()


def version():
    return "tconv " + library.tconv_version().decode()


def _must(status):
    if status:
        raise RuntimeError(library.tconv_last_error().decode())


class Engine:
    def __init__(self, layer, data, layout, threads):
        self.op = HANDLE()
        self.first = layout == "first"
        options = f"threads={threads} {os.environ.get('TCONV_OPTIONS', '')}"
        _must(
            library.tconv_create(
                layer.problem(layout).encode(), options.encode(), ctypes.byref(self.op)
            )
        )
        self.how = library.tconv_describe(self.op).decode()
        packed = tensors.aligned(library.tconv_packed_filter_bytes(self.op), np.uint8)
        workspace = tensors.aligned(library.tconv_workspace_bytes(self.op), np.uint8)
        self.dtype = layer.dtype
        given = data.filter_channels_first() if self.first else data.filter
        given = tensors.stored(given, layer.dtype)
        _must(library.tconv_pack_filter(self.op, given.ctypes.data, packed.ctypes.data))
        source = (
            tensors.channels_first(data.input) if self.first else tensors.aligned_copy(data.input)
        )
        source = tensors.aligned_copy(tensors.stored(source, layer.dtype))
        shape = [layer.n, layer.oc, *layer.o] if self.first else layer.output_shape
        self.result = tensors.aligned(shape, source.dtype)
        self.held = [source, packed, data.bias, self.result, workspace]
        self.arguments = [self.op] + [POINTER(tensor.ctypes.data) for tensor in self.held]

    def __call__(self):
        if library.tconv_run(*self.arguments):
            raise RuntimeError(library.tconv_last_error().decode())

    def output(self):
        result = tensors.loaded(self.result, self.dtype)
        return tensors.channels_last(result) if self.first else result

    def __del__(self):
        library.tconv_destroy(self.op)
