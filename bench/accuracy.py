#!/usr/bin/env python3
"""Errors of the schedules against the float64 definition, and beside those of `direct`.

    bench/accuracy.py build/tconv [--isa avx2] [--seeds 3]

Writes the table of docs/accuracy.md: per problem and plan the root of the mean square and the largest
error, both divided by those of the first plan of the problem, on the same random numbers.
"""
import argparse
import json
import statistics
import subprocess
import sys

DIRECT = "direct(mr=4,nr=1)"
CASES = [
    # problem, [(what, plan)]
    ("f32 nwc ic=64 oc=64 i=240 k=4 s=2 p=1", [("F(2,2)", "winograd(m=2,mr=4,nr=1)"), ("F(3,2)", "winograd(m=3,mr=4,nr=1)"), ("F(4,2)", "winograd(m=4,mr=4,nr=1)"), ("F(5,2)", "winograd(m=5,mr=4,nr=1)"), ("F(6,2)", "winograd(m=6,mr=4,nr=1)")]),
    ("f32 nhwc ic=64 oc=32 i=24x24 k=4 s=2 p=1", [("F(2,2)", "winograd(m=2x2,mr=4,nr=1,rows=2)"), ("F(3,2)", "winograd(m=3x3,mr=4,nr=1,rows=3)"), ("F(3,2), width", "winograd(m=1x3,mr=4,nr=1)"), ("F(5,2)", "winograd(m=5x5,mr=4,nr=1,rows=5)")]),
    ("f32 ndhwc ic=64 oc=16 i=9x9x9 k=4 s=2 p=1", [("F(3,2)", "winograd(m=3x3x3,mr=4,nr=1,rows=3)"), ("F(5,2)", "winograd(m=5x5x5,mr=4,nr=1,rows=5)")]),
    ("f32 nwc ic=64 oc=64 i=240 k=3 p=1", [("F(2,3)", "winograd(m=2,mr=4,nr=1)"), ("F(4,3)", "winograd(m=4,mr=4,nr=1)"), ("F(5,3)", "winograd(m=5,mr=4,nr=1)")]),
    ("f32 nhwc ic=64 oc=32 i=24x24 k=3 p=1", [("F(2,3)", "winograd(m=2x2,mr=4,nr=1,rows=2)"), ("F(4,3)", "winograd(m=4x4,mr=4,nr=1,rows=4)")]),
    ("f32 ndhwc ic=64 oc=16 i=9x9x9 k=3 p=1", [("F(2,3)", "winograd(m=2x2x2,mr=4,nr=1,rows=2)"), ("F(4,3)", "winograd(m=4x4x4,mr=4,nr=1,rows=4)")]),
    ("f32 nhwc ic=64 oc=32 i=24x24 k=5 s=2 p=2", [("F(4,3)", "winograd(m=4x4,mr=4,nr=1,rows=4)")]),
    ("f32 nhwc ic=64 oc=32 i=24x24 k=5 p=2", [("F(2,5)", "winograd(m=2x2,mr=4,nr=1,rows=2)")]),
    ("f32 nwc ic=64 oc=64 i=240 k=8 s=2 p=3", [("F(3,4)", "winograd(m=3,mr=4,nr=1)"), ("F(3,3), 2 groups", "winograd(m=3,r=3,mr=4,nr=1)")]),
    ("f32 nhwc ic=64 oc=32 i=24x24 k=8 s=2 p=3", [("F(3,4)", "winograd(m=3x3,mr=4,nr=1,rows=3)"), ("F(3,3), 2x2 groups", "winograd(m=3x3,r=3,mr=4,nr=1,rows=3)")]),
    ("f32 ndhwc ic=64 oc=16 i=9x9x9 k=8 s=2 p=3", [("F(3,4)", "winograd(m=3x3x3,mr=4,nr=1,rows=3)")]),
    ("f32 nwc ic=64 oc=16 i=240 k=25 s=4 p=11", [("F(3,3), 3 groups", "winograd(m=3,r=3,mr=4,nr=1)"), ("F(4,4), 2 groups", "winograd(m=4,r=4,mr=4,nr=1)")]),
    ("f32 nhwc ic=64 oc=3 i=24x24 k=4 s=2 p=1", [("width", "width(mr=6,nr=1)"), ("F(3,2), merged=2", "winograd(m=3x3,mr=4,nr=2,rows=3,merged=2)"), ("merged", "direct(mr=4,nr=1,merged)")]),
    ("f32 nhwc g=64 ic=64 oc=64 i=24x24 k=4 s=2 p=1", [("channelwise", "channelwise(mr=4,nr=1)")]),
]


def errors(tconv, line, plan, isa, seed):
    command = [tconv, "check", line, "--plan", plan, "--seed", str(seed), "--json"] + (["--isa", isa] if isa else [])
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1) or not done.stdout:
        sys.exit(f"accuracy.py: {' '.join(command)}: {done.stderr.strip()}")
    row = json.loads(done.stdout)["results"][0]
    if "error" in row:
        sys.exit(f"accuracy.py: {line} [{plan}]: {row['error']}")
    if not row["ok"]:
        print(f"accuracy.py: {line} [{plan}]: {row['wrong']} wrong", file=sys.stderr)
    return row["rms_relative"], row["worst_relative"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tconv")
    parser.add_argument("--isa", default="")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    print("| problem | plan | rms of `direct` | rms beside it | largest beside it |")
    print("|---|---|---|---|---|")
    for line, plans in CASES:
        first = DIRECT if "g=64" not in line else "channelwise(mr=3,nr=2)"
        base = [errors(options.tconv, line, first, options.isa, s) for s in range(options.seeds)]
        for what, plan in plans:
            found = [errors(options.tconv, line, plan, options.isa, s) for s in range(options.seeds)]
            rms = statistics.fmean(f[0] for f in found) / statistics.fmean(b[0] for b in base)
            worst = statistics.fmean(f[1] for f in found) / statistics.fmean(b[1] for b in base)
            print(f"| `{line}` | {what} | {statistics.fmean(b[0] for b in base):.1e} | {rms:.2f} | {worst:.2f} |")


if __name__ == "__main__":
    main()
