#!/usr/bin/env python3
"""Times layers in tconv and in other libraries, side by side: each engine in a process of its own,
in turns, on the same tensors.

The first engine is the one that the others are held against: a ratio above 1 says that it is
faster. An engine is NAME, in the layout that suits it best, or NAME@last, NAME@first. Exit status:
0; 1 results disagree or the first engine failed; 2 bad input.
"""

import json
import os
import sys
import tempfile

import arguments


def run(options):
    import layers as layer_file
    import measure
    import process
    import report

    progress = sys.stderr if options.json else sys.stdout
    try:
        layers = layer_file.read(options.layers, options.only, options.dtype)
    except layer_file.BadLayers as error:
        print(f"peers.py: {error}", file=sys.stderr)
        return 2
    if not layers:
        print(
            f"peers.py: no layer of {options.layers} is called like {options.only!r}",
            file=sys.stderr,
        )
        return 2
    started = []
    try:
        for label in options.labels:
            command = process.command_for(label, options.pythons, options.onednn)
            started.append(
                process.EngineProcess(
                    label, command, options.threads, options.cpus, not options.verbose
                )
            )
        engines = [engine for engine in started if not engine.refusal]
        for engine in started:
            state = f"left out, {engine.refusal}" if engine.refusal else engine.version
            print(f"{engine.label}: {state}", file=progress)
        if started[0].refusal:
            print(
                f"peers.py: nothing to compare without {options.labels[0]}: {started[0].refusal}",
                file=sys.stderr,
            )
            return 2
        labels, rows = [engine.label for engine in engines], []
        table = report.Table(labels, progress)
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        with tempfile.TemporaryDirectory(prefix="tconv-peers-", dir=memory) as folder:
            for layer in layers:
                rows.append(measure.measure(layer, engines, options, folder))
                table.add(rows[-1])
        report.print_ratios(rows, labels, progress)
        print(report.summary(rows, labels), file=progress)
        if options.json:
            about = report.machine(options.threads, options.cpus, engines)
            left_out = {engine.label: engine.refusal for engine in started if engine.refusal}
            head = {"schema": "tconv-peers-1", "machine": about, "left_out": left_out}
            print(json.dumps({**head, "results": rows}))
        wrong = any("disagrees" in cell for row in rows for cell in row["engines"].values())
        return 1 if wrong or any("error" in row["engines"][labels[0]] for row in rows) else 0
    finally:
        for engine in started:
            engine.close()


def main():
    options = arguments.parse(__doc__)
    try:
        import numpy  # noqa: F401
    except ImportError as error:
        print(f"peers.py: {error}: the driver needs it for the tensors", file=sys.stderr)
        return 2
    try:
        return run(options)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
