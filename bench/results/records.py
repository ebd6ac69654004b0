"""What was measured, read from JSON: one Run for each list of layers and number of threads."""

import dataclasses
import json
import math
import re

SUBJECT = "ours"


class BadRecords(Exception):
    """A file cannot be used; the text says which and why."""


def geometric_mean(values):
    values = [value for value in values if value and value > 0]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


@dataclasses.dataclass
class Layer:
    name: str
    default: dict  # the row of bench in the default mode; {"error": ..} where it failed
    exact: dict | None
    peers: dict  # label -> cell of peers.py, ours included; empty where nothing was compared

    def ratio(self, label):
        """How many times as long a peer takes as tconv did in the same run; None: no time, or wrong."""
        ours, theirs = self.peers.get(SUBJECT, {}), self.peers.get(label, {})
        if ours.get("disagrees") or theirs.get("disagrees"):
            return None
        return theirs["us"] / ours["us"] if "us" in theirs and "us" in ours else None

    def best(self, labels):
        ratios = [self.ratio(label) for label in labels]
        return min((ratio for ratio in ratios if ratio), default=None)


@dataclasses.dataclass
class Run:
    layers_name: str
    threads: int
    machine: dict
    layers: list
    labels: list  # of the peers
    engines: dict  # label -> version
    left_out: dict

    @property
    def timed(self):
        return [layer for layer in self.layers if "error" not in layer.default]


def _load(path, schema):
    try:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
    except (OSError, ValueError) as error:
        raise BadRecords(f"{path}: {error}") from error
    if not isinstance(report, dict) or report.get("schema") != schema:
        raise BadRecords(f"{path}: its schema is not {schema}")
    if not report.get("results"):
        raise BadRecords(f"{path}: it has no results")
    return report


def _run(path, layers_name, threads):
    bench = _load(path, "tconv-bench-1")
    rows = {}
    for row in bench["results"]:
        mode = "exact" if row.get("accuracy") == "exact-order" else "default"
        rows.setdefault(row["name"], {})[mode] = row
    peers_path = path.with_name(f"peers-{layers_name}-{threads}.json")
    cells, engines, left_out = {}, {}, {}
    if peers_path.exists():
        peers = _load(peers_path, "tconv-peers-1")
        if peers["machine"]["threads"] != threads:
            raise BadRecords(f"{peers_path}: measured with {peers['machine']['threads']} thread(s)")
        engines, left_out = peers["machine"]["engines"], peers.get("left_out", {})
        cells = {row["name"]: row["engines"] for row in peers["results"]}
        if SUBJECT not in engines:
            raise BadRecords(f"{peers_path}: tconv ({SUBJECT}) is not among its engines")
        unknown = sorted(set(cells) - set(rows))
        if unknown:
            raise BadRecords(f"{peers_path}: {unknown[0]} is no layer of {path.name}")
    layers = [
        Layer(name, modes["default"], modes.get("exact"), cells.get(name, {}))
        for name, modes in rows.items()
        if "default" in modes
    ]
    labels = [label for label in engines if label.partition("@")[0] not in (SUBJECT, "numpy-reference")]
    return Run(layers_name, threads, bench["machine"], layers, labels, engines, left_out)


def read(folder):
    """Every run of the folder: fewest threads first, layers.csv before the others."""
    runs = []
    for path in sorted(folder.glob("bench-*.json")):
        match = re.fullmatch(r"bench-(.+)-(\d+)\.json", path.name)
        if not match:
            raise BadRecords(f"{path}: its name is not bench-LAYERS-THREADS.json")
        runs.append(_run(path, match[1], int(match[2])))
    return sorted(runs, key=lambda run: (run.threads, run.layers_name != "layers", run.layers_name))
