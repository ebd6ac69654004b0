"""One layer in all engines: set up, compared, timed in turns."""

import dataclasses
import os
import statistics

import numpy as np

from engines import tensors

REFERENCE = "numpy-reference"
SEED = 20


def write_tensors(layer, folder):
    """Normal numbers of the layer's type, as float32; the filter is scaled so that outputs stay
    near 1.
    """
    generator = np.random.default_rng(SEED)
    shapes = {"input": layer.input_shape, "filter": layer.filter_shape, "bias": [layer.oc]}
    files = {name: os.path.join(folder, name) for name in shapes}
    for name, shape in shapes.items():
        tensor = generator.standard_normal(shape, dtype=np.float32)
        if name == "filter":
            tensor /= np.float32(layer.ic // layer.g) ** np.float32(0.5)
        tensors.rounded(tensor, layer.dtype).tofile(files[name])
    return files


def length(vector):
    """Not numpy.linalg.norm: the threads of its BLAS go on waiting busily on the engines' cores, and
    took the first turn of whoever began with two threads from 13 ms to 25 ms.
    """
    return float(np.sqrt(np.sum(np.square(vector))))


def distances(results, judge):
    """Relative L2 distance of every result from the judge's."""
    truth = results[judge].astype(np.float64)
    scale = max(length(truth), 1e-30)
    return {
        label: (
            length(result - truth) / scale
            if result.size == truth.size
            else float("inf")
        )
        for label, result in results.items()
    }


def compare(cells, results, tolerance):
    """Writes into the cells how far each result is from the judge's: the reference if it was asked,
    else the engine that most agree with (a release of oneDNN computes some layers wrongly, so no
    library is believed by its name).
    """
    found = None
    for judge in sorted(results, key=lambda label: label != REFERENCE):
        away = distances(results, judge)
        agree = sum(distance <= tolerance for distance in away.values())
        if not found or agree > found[0]:
            found = agree, judge, away
        if judge == REFERENCE or agree == len(results):
            break
    if not found:
        return
    for label, distance in found[2].items():
        cells[label]["relative_l2"] = distance
        if not distance <= tolerance:  # NaN disagrees
            cells[label]["disagrees"] = f"differs from {found[1]} by {distance:.1e} (relative L2)"


def measure(layer, engines, options, folder):
    """One row: set up, compared, then timed in turns; who begins changes from round to round."""
    files = write_tensors(layer, folder)
    cells, results = {}, {}
    for engine in engines:
        cell = cells[engine.label] = engine.ask(
            {
                "do": "open",
                "layer": dataclasses.asdict(layer),
                "layout": engine.layout,
                "threads": options.threads,
                "files": files,
            },
            options.limit,
        )
        saved = os.path.join(folder, "result")
        if "error" not in cell:
            cell.update(engine.ask({"do": "save", "file": saved}, options.limit))
        if "error" not in cell:
            results[engine.label] = np.fromfile(saved, np.float32)
    compare(cells, results, options.tolerance)
    running = [engine for engine in engines if engine.label in results]
    turns = {engine.label: [] for engine in running}
    for number in range(options.rounds):
        begin = number % max(1, len(running))
        for engine in running[begin:] + running[:begin]:
            if "error" in cells[engine.label]:
                continue
            answer = engine.ask(
                {"do": "turn", "us": options.turn_ms * 1e3}, options.limit + options.turn_ms / 1e3
            )
            if "error" in answer:
                cells[engine.label]["error"] = answer["error"]
            else:
                turns[engine.label].append(answer["us"])
    for label, times in turns.items():
        if "error" not in cells[label]:
            us = statistics.median(times)
            cells[label].update(us=us, gflops=layer.flop() / us / 1e3, turns_us=times)
    return {
        "name": layer.name,
        "problem": layer.problem("last"),
        "gflop": layer.flop() / 1e9,
        "channels": [layer.ic, layer.oc],
        "engines": cells,
    }
