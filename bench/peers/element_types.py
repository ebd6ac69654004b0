#!/usr/bin/env python3
"""Times the layers of a CSV file in several element types of tconv against f32 with plans that add
in the definition's order (`accuracy=exact-order`: direct, channelwise, width; no winograd). All in
one process, one thread, turn by turn; what counts is the thread's CPU time, so that a loaded machine
disturbs little.

    TCONV_LIB=build/libtconv.so bench/peers/element_types.py --types f32,bf16,f16,f64 --only 'dcgan|unet'
"""

import argparse
import os
import pathlib
import statistics
import sys
import time

import numpy as np

import layers as layer_file

WORDS = {"f32": np.float32, "f64": np.float64, "f16": np.uint16, "bf16": np.uint16, "i32": np.int32}
BASE = "f32 direct"


def values(shape, dtype, generator):
    from engines import tensors

    if dtype == "i32":
        return tensors.aligned_copy(generator.integers(-8, 9, shape, dtype=np.int32))
    normal = generator.standard_normal(shape, dtype=np.float32)
    if dtype == "f16":
        return tensors.aligned_copy(normal.astype(np.float16).view(np.uint16))
    return tensors.aligned_copy(tensors.stored(normal, dtype).astype(WORDS[dtype], copy=False))


class Run:
    def __init__(self, layer, dtype, options):
        from engines import ours, tensors

        self.ours, layer.dtype = ours, dtype
        self.op = ours.HANDLE()
        library = ours.library
        self.must(
            library.tconv_create(
                layer.problem("last").encode(), options.encode(), ours.ctypes.byref(self.op)
            )
        )
        self.how = library.tconv_describe(self.op).decode().split()[0]
        generator = np.random.default_rng(7)
        bias_type = "f32" if dtype in ("f16", "bf16") else dtype
        given = values(layer.filter_shape, dtype, generator)
        packed = tensors.aligned(library.tconv_packed_filter_bytes(self.op), np.uint8)
        self.must(library.tconv_pack_filter(self.op, given.ctypes.data, packed.ctypes.data))
        self.held = [
            values(layer.input_shape, dtype, generator),
            packed,
            values([layer.oc], bias_type, generator),
            tensors.aligned(layer.output_shape, WORDS[dtype]),
            tensors.aligned(library.tconv_workspace_bytes(self.op), np.uint8),
        ]
        self.arguments = [self.op] + [ours.POINTER(tensor.ctypes.data) for tensor in self.held]

    def must(self, status):
        if status:
            raise RuntimeError(self.ours.library.tconv_last_error().decode())

    def turn(self, us):
        """Mean microseconds of as many runs as fit into the time, after one unmeasured."""
        call, arguments = self.ours.library.tconv_run, self.arguments
        self.must(call(*arguments))
        runs, start = 0, time.thread_time_ns()
        while True:
            call(*arguments)
            runs += 1
            spent = (time.thread_time_ns() - start) / 1e3
            if spent >= us:
                return spent / runs

    def __del__(self):
        self.ours.library.tconv_destroy(self.op)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    here = pathlib.Path(__file__).resolve().parent
    parser.add_argument("--types", default="bf16,f16,f64", metavar="LIST")
    parser.add_argument("--layers", default=str(here.parent / "layers.csv"), metavar="FILE")
    parser.add_argument("--only", default="", metavar="REGEX")
    parser.add_argument("--most-gflop", type=float, default=6, help="leave out larger layers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turn-ms", type=float, default=10)
    parser.add_argument("--options", default="", help="added to every option string")
    given = parser.parse_args()
    types = given.types.split(",")
    unknown = set(types) - set(WORDS)
    if unknown:
        parser.error(f"no type {', '.join(sorted(unknown))}; there are {', '.join(WORDS)}")
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    chosen = [
        layer
        for layer in layer_file.read(given.layers, given.only)
        if layer.flop() <= given.most_gflop * 1e9
    ]
    if not chosen:
        parser.error(f"no layer is called like {given.only!r}")
    ratios = {dtype: [] for dtype in types}
    for layer in chosen:
        runs = {BASE: Run(layer, "f32", f"threads=1 accuracy=exact-order {given.options}")}
        for dtype in types:
            runs[dtype] = Run(layer, dtype, f"threads=1 {given.options}")
        times = {label: [] for label in runs}
        for number in range(given.rounds):
            order = list(runs)
            for label in order[number % len(order) :] + order[: number % len(order)]:
                times[label].append(runs[label].turn(given.turn_ms * 1e3))
        us = {label: statistics.median(turns) for label, turns in times.items()}
        row = f"{layer.name:32} {layer.ic:4} {layer.oc:4} {BASE} {us[BASE]:9.1f} us"
        for dtype in types:
            ratio = us[BASE] / us[dtype]
            wide = layer.ic // layer.g >= 32 and layer.oc // layer.g >= 16
            ratios[dtype].append((ratio, wide))
            row += f"  {dtype} {ratio:5.2f} {runs[dtype].how.removeprefix('plan=')}"
        print(row, flush=True)
    for dtype in types:
        every = [ratio for ratio, _ in ratios[dtype]]
        wide = [ratio for ratio, wide in ratios[dtype] if wide]
        for some, which in (every, "all"), (wide, "32 or more input and 16 or more output channels"):
            if some:
                print(
                    f"{dtype}, {which}: {layer_file.geometric_mean(some):.2f} times as fast as "
                    f"{BASE} (geometric mean of {len(some)} layers), least {min(some):.2f}"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
