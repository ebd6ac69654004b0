"""The page's parts as markdown."""

import statistics

from records import geometric_mean

MANY_MFLOP = 50  # a layer worth sharing among threads


def _number(value, digits=1):
    return "-" if value is None else f"{value:.{digits}f}"


def _table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def machine(runs):
    of = runs[0].machine
    lines = [
        "## Machine\n",
        f"{of['cpu']} ({of.get('cpuid', '?')}), {of['cores']} cores, "
        f"L1 {of['l1_bytes'] >> 10} KiB, L2 {of['l2_bytes'] >> 10} KiB, L3 {of['l3_bytes'] >> 20} MiB; "
        f"tconv {of['tconv_version']}, {of['isa']}.\n",
    ]
    rows = []
    for run in runs:
        limits = run.machine
        peak = (limits.get("fma_gflops") or {}).get(limits["isa"])
        rows.append(
            [str(run.threads), run.layers_name, _number(peak, 0)]
            + [
                _number(limits.get(key), 0)
                for key in (
                    "l2_read_gbs",
                    "l3_read_gbs",
                    "dram_read_gbs",
                    "dram_stream_write_gbs",
                )
            ]
        )
    head = ["threads", "run", "FMA GFLOP/s", "L2 GB/s", "L3 GB/s", "DRAM GB/s", "streaming write GB/s"]
    lines.append(_table(head, rows))
    engines = {label: version for run in runs for label, version in run.engines.items()}
    if engines:
        lines.append("Engines: " + "; ".join(f"{k}: {v}" for k, v in engines.items()) + ".\n")
    left_out = {label: why for run in runs for label, why in run.left_out.items()}
    if left_out:
        lines.append("Left out: " + "; ".join(f"{k}: {v}" for k, v in left_out.items()) + ".\n")
    return "\n".join(lines)


def _values(layers, key):
    return [layer.default.get(key) for layer in layers]


def _exact_ratio(layer):
    if not layer.exact or "us" not in layer.exact or "us" not in layer.default:
        return None
    return layer.exact["us"] / layer.default["us"]


def _exact_against(layer, label):
    """A peer against the exact-order mode: two ratios, each taken in one run."""
    against, exact = layer.ratio(label), _exact_ratio(layer)
    return against / exact if against and exact else None


def summary(runs):
    """Geometric means of every run, and how two threads compare with one."""
    labels = list(dict.fromkeys(label for run in runs for label in run.labels))
    head = ["layers", "threads", "timed", "GFLOP/s", "% of peak", "exact-order % of peak", "exact"]
    head += ["model", "create us, median", "worst"]
    head += [f"{label} / tconv" for label in labels] + (["best / tconv"] if labels else [])
    head += [f"{label} / exact-order" for label in labels]
    rows = []
    for run in runs:
        timed = run.timed
        compiles = [value for value in _values(timed, "compile_us") if value is not None]
        exact = [layer.exact.get("pct_peak") for layer in timed if layer.exact]
        model = [
            layer.default["predicted_us"] / layer.default["us"]
            for layer in timed
            if layer.default.get("predicted_us")
        ]
        row = [run.layers_name, str(run.threads), f"{len(timed)} of {len(run.layers)}"]
        row += [_number(geometric_mean(_values(timed, key))) for key in ("gflops", "pct_peak")]
        row += [_number(geometric_mean(exact))]
        row += [_number(geometric_mean([_exact_ratio(layer) for layer in timed]), 2)]
        row += [_number(geometric_mean(model), 2)]
        row += [_number(statistics.median(compiles) if compiles else None, 0)]
        row += [_number(max(compiles, default=None), 0)]
        row += [_number(geometric_mean([l.ratio(label) for l in timed]), 2) for label in labels]
        if labels:
            row += [_number(geometric_mean([l.best(run.labels) for l in timed]), 2)]
        row += [_number(geometric_mean([_exact_against(l, label) for l in timed]), 2) for label in labels]
        rows.append(row)
    text = ["## Geometric means\n", _table(head, rows)]
    text += _slower(runs) + _threads(runs)
    return "\n".join(text)


def _slower(runs):
    """Layers on which some peer is faster."""
    lines = []
    for run in runs:
        behind = [(l.best(run.labels), l.name) for l in run.timed if (l.best(run.labels) or 1) < 1]
        if run.labels:
            named = ", ".join(f"{name} {ratio:.2f}" for ratio, name in sorted(behind))
            lines.append(
                f"{run.layers_name}, {run.threads} thread(s): a peer is faster on {len(behind)} layer(s)"
                + (f": {named}." if behind else ".")
            )
    return [line + "\n" for line in lines]


def _threads(runs):
    one = {run.layers_name: run for run in runs if run.threads == 1}
    lines = []
    for run in runs:
        if run.threads == 1 or run.layers_name not in one:
            continue
        alone = {layer.name: layer.default["us"] for layer in one[run.layers_name].timed}
        gains = [
            alone[layer.name] / layer.default["us"]
            for layer in run.timed
            if layer.name in alone
            and layer.default["us"] * layer.default["gflops"] / 1e3 >= MANY_MFLOP
        ]
        if gains:
            lines.append(
                f"{run.layers_name}: {run.threads} threads against one, on {len(gains)} layers above "
                f"{MANY_MFLOP} MFLOP: geometric mean {geometric_mean(gains):.2f}x, "
                f"lowest {min(gains):.2f}x, highest {max(gains):.2f}x.\n"
            )
    return lines


def _peer_cell(layer, label):
    cell = layer.peers.get(label, {})
    if cell.get("disagrees"):
        return "!"
    ratio = layer.ratio(label)
    return f"{cell['us']:.1f} ({ratio:.2f})" if ratio else "-"


def layers(run):
    """One row for each layer."""
    head = ["layer", "us", "GFLOP/s", "executed", "% peak", "% bandwidth", "model", "exact"]
    head += ["create us", "code bytes"] + [f"{label} us" for label in run.labels]
    head += (["best x"] if run.labels else []) + ["plan"]
    rows, failed = [], []
    for layer in run.layers:
        row = layer.default
        if "error" in row:
            failed.append(f"* {layer.name}: {row['error']}")
            continue
        predicted = row.get("predicted_us")
        cells = [layer.name] + [
            _number(row.get(key))
            for key in ("us", "gflops", "executed_gflops", "pct_peak", "pct_bandwidth")
        ]
        cells += [_number(predicted / row["us"] if predicted else None, 2)]
        cells += [_number(_exact_ratio(layer), 2), _number(row.get("compile_us"), 0)]
        cells += [str(row.get("code_bytes", "-"))]
        cells += [_peer_cell(layer, label) for label in run.labels]
        if run.labels:
            cells += [_number(layer.best(run.labels), 2)]
        rows.append(cells + [f"`{row['plan']}`"])
    text = f"## {run.layers_name}, {run.threads} thread{'s' if run.threads > 1 else ''}\n\n"
    text += _table(head, rows)
    if failed:
        text += "\nFailed:\n\n" + "\n".join(failed) + "\n"
    return text
