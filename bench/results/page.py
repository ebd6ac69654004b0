#!/usr/bin/env python3
"""Writes docs/results.md from the JSON files that run.sh left in a folder: bench-LAYERS-THREADS.json
(tconv bench --modes default,exact-order --json) and, where they exist, peers-LAYERS-THREADS.json
(peers.py --json). Exit status: 0; 2 bad input.
"""

import argparse
import pathlib
import re
import sys

import records
import tables

HEAD = """# Results

Written by `bench/results/run.sh`; do not edit. f32, channels-last, with bias. `us` is the median time of a run; GFLOP/s count
multiply-adds that land inside the output, *executed* ones every lane of every fma; % of the FMA peak and of the bandwidth (all tensors moved once, against the reading bandwidth of the nearest
cache that holds them) are of what was measured in the same run; *model* is predicted by measured time. `exact` says how many times as long `accuracy=exact-order` takes. Columns of other libraries come from a run of
`bench/peers/peers.py`, all engines in turns: their times, and how many times as long that is as tconv took in that run (above 1 tconv is faster); *best* is the ratio of the fastest. `-`: it cannot compute the layer,
`!`: its result is wrong.
"""


def write(folder, out):
    runs = records.read(folder)
    if not runs:
        raise records.BadRecords(f"{folder}: there is no bench-LAYERS-THREADS.json")
    lines = [HEAD, tables.machine(runs)]
    lines += [tables.summary(runs)]
    lines += [tables.layers(run) for run in runs]
    text = "\n".join(lines)
    out.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, metavar="FILE")
    options = parser.parse_args()
    try:
        write(options.folder, options.output)
    except (records.BadRecords, OSError) as error:
        print(f"page.py: {re.sub(chr(10), ' ', str(error))}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
