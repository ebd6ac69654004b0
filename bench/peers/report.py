"""What the driver shows: a line per layer while it runs, and ratios at the end."""

import os
import platform

from layers import geometric_mean

MANY_CHANNELS = 16  # a vector of f32: fewer leave lanes idle unless a library does something for it


def cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            return next(
                line.split(":", 1)[1].strip() for line in file if line.startswith("model name")
            )
    except (OSError, StopIteration):
        return platform.machine()


def machine(threads, cpus, engines):
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "threads": threads,
        "cpus": sorted(cpus),
        "engines": {engine.label: engine.version for engine in engines},
    }


def trusted_us(row, label):
    """Time of an engine whose result agreed; None if it has none."""
    cell = row["engines"].get(label, {})
    return cell.get("us") if not cell.get("disagrees") else None


def ratio(row, subject, other):
    """How many times as long the other takes; None where one of them is missing or wrong."""
    ours, theirs = trusted_us(row, subject), trusted_us(row, other)
    return theirs / ours if ours and theirs else None


class Table:
    def __init__(self, labels, out):
        self.labels, self.out = labels, out
        self.widths = [max(10, len(label)) for label in labels]
        heads = [f"{label:>{width}} {'GFLOP/s':>8}" for label, width in zip(labels, self.widths)]
        ratios = [
            f"{'x ' + label:>{width + 2}}" for label, width in zip(labels[1:], self.widths[1:])
        ]
        print(f"{'layer':30} {'GFLOP':>8} " + " ".join(heads + ratios), file=out, flush=True)

    def add(self, row):
        cells = []
        for label, width in zip(self.labels, self.widths):
            cell = row["engines"][label]
            if "us" in cell:
                cells.append(
                    f"{cell['us']:{width}.1f} {cell['gflops']:7.1f}"
                    f"{'!' if cell.get('disagrees') else ' '}"
                )
            else:
                cells.append(f"{'-':>{width}} {'-':>7} ")
        for label, width in zip(self.labels[1:], self.widths[1:]):
            value = ratio(row, self.labels[0], label)
            cells.append(f"{value:{width + 2}.2f}" if value else f"{'-':>{width + 2}}")
        print(
            f"{row['name'][:30]:30} {row['gflop']:8.3f} " + " ".join(cells),
            file=self.out,
            flush=True,
        )
        for label, cell in row["engines"].items():
            for kind in ("error", "disagrees"):
                if cell.get(kind):
                    print(f"    {label}: {cell[kind]}", file=self.out, flush=True)


def _describe(pairs):
    values = [value for value, _ in pairs]
    worst, best = min(pairs), max(pairs)
    return (
        f"geometric mean {geometric_mean(values):.3f}, lowest {worst[0]:.2f} ({worst[1]}), "
        f"highest {best[0]:.2f} ({best[1]}), "
        f"{sum(value >= 1 for value in values)} of {len(values)} at 1 or more"
    )


def _pairs(rows, subject, others):
    """(ratio of the fastest of the others, layer), for the layers that have one."""
    found = [([ratio(row, subject, label) for label in others], row["name"]) for row in rows]
    found = [([value for value in values if value], name) for values, name in found]
    return [(min(values), name) for values, name in found if values]


def print_ratios(rows, labels, out):
    """The first engine against each other one and against the fastest peer of each layer; its own
    other layout is no peer.
    """
    subject = labels[0]
    peers = [
        label
        for label in labels[1:]
        if label.partition("@")[0] not in (subject.partition("@")[0], "numpy-reference")
    ]
    against = [(label, [label]) for label in labels[1:]]
    if len(peers) > 1:
        against.append(("best peer", peers))
    many = [row for row in rows if min(row["channels"]) >= MANY_CHANNELS]
    groups = [("", rows)]
    if 0 < len(many) < len(rows):
        groups.append((f", {MANY_CHANNELS} or more channels in and out", many))
    for title, others in against:
        for group, of in groups:
            pairs = _pairs(of, subject, others)
            if pairs:
                print(f"{title} / {subject}{group}: {_describe(pairs)}", file=out)


def summary(rows, labels):
    """The last line: what was compared, and how it went."""
    cells = [cell for row in rows for cell in row["engines"].values()]
    failed, wrong = sum("error" in cell for cell in cells), sum(
        "disagrees" in cell for cell in cells
    )
    return f"{len(rows)} layers, {len(labels)} engines: {wrong} results disagree, {failed} missing"
