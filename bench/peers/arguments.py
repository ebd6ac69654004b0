"""The command line of peers.py."""

import argparse
import os
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
ENGINES = [
    "ours",
    "onednn",
    "onnxruntime",
    "tensorflow",
    "torch",
    "openvino",
    "jax",
    "litert",
    "numpy-reference",
]
# Sums in f32, rounded once to the type (2^-9 and 2^-12); one that rounds again after the bias is
# still right.
TOLERANCES = {"f32": 1e-5, "bf16": 5e-3, "f16": 6e-4}


def parse(description):
    """The command line, labels, pythons and cpus taken apart; status 2 where it is wrong."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--engines",
        default="ours,onednn",
        metavar="LIST",
        help=f"of {', '.join(ENGINES)}; default %(default)s",
    )
    parser.add_argument(
        "--layers",
        default=str(HERE.parent / "layers.csv"),
        metavar="FILE",
        help="default bench/layers.csv",
    )
    parser.add_argument("--only", default="", metavar="REGEX", help="layers whose name holds this")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--cpus",
        default="",
        metavar="LIST",
        help="cores to run on; default the first --threads allowed ones",
    )
    parser.add_argument(
        "--dtype",
        default="f32",
        choices=list(TOLERANCES),
        help="of input, filter and output; bias f32, or as the engine wants it; default f32",
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="turns of every engine per layer; default 5"
    )
    parser.add_argument("--turn-ms", type=float, default=30, help="length of a turn; default 30")
    parser.add_argument(
        "--limit",
        type=float,
        default=60,
        metavar="SECONDS",
        help="for one answer of an engine; default 60",
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        help="relative L2 distance that is no disagreement; default "
        + ", ".join(f"{name} {value:g}" for name, value in TOLERANCES.items()),
    )
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="ENGINE=PATH",
        help="the interpreter that has this engine",
    )
    parser.add_argument(
        "--onednn",
        default=str(HERE / "onednn_worker"),
        metavar="PROGRAM",
        help="built as the README says",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="one object on standard output, the table on standard error",
    )
    parser.add_argument("--verbose", action="store_true", help="show what the engines print")
    options = parser.parse_args()
    if options.tolerance is None:
        options.tolerance = TOLERANCES[options.dtype]
    try:
        options.labels = options.engines.split(",")
        options.pythons = dict(entry.split("=", 1) for entry in options.python)
        allowed = os.sched_getaffinity(0)
        options.cpus = (
            {int(cpu) for cpu in options.cpus.split(",")}
            if options.cpus
            else set(sorted(allowed)[: options.threads])
        )
        re.compile(options.only)
    except (ValueError, re.error) as error:
        parser.error(str(error))
    for label in options.labels:
        name, _, layout = label.partition("@")
        if name not in ENGINES or layout not in ("", "last", "first"):
            parser.error(
                f"engine {label!r} is not NAME, NAME@last or NAME@first with NAME of "
                f"{', '.join(ENGINES)}"
            )
    if len(set(options.labels)) != len(options.labels):
        parser.error("an engine is named twice")
    if (
        options.threads < 1
        or options.rounds < 1
        or min(options.turn_ms, options.limit) <= 0
        or not options.cpus <= allowed
    ):
        parser.error(
            "--threads, --rounds, --turn-ms and --limit must be positive, --cpus cores that this "
            "process may use"
        )
    return options
