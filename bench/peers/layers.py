"""Layers to compare: rows of a CSV file like bench/layers.csv, with the work that each one is."""

import csv
import dataclasses
import math
import re

SPATIAL = {
    "i": "in_spatial",
    "o": "out_spatial",
    "k": "kernel",
    "s": "stride",
    "d": "dilation",
    "p": "pad_before",
}
SCALAR = {"n": "batch", "ic": "in_ch", "oc": "out_ch", "g": "groups"}


class BadLayers(Exception):
    """The file cannot be used; the text says which row and column."""


@dataclasses.dataclass
class Layer:
    """The words of a problem line: a number per spatial axis, channels counted over all groups."""

    name: str
    n: int
    ic: int
    oc: int
    g: int
    i: list
    o: list
    k: list
    s: list
    d: list
    p: list
    dtype: str = "f32"

    @property
    def rank(self):
        return len(self.i)

    @property
    def input_shape(self):
        return [self.n, *self.i, self.ic]

    @property
    def filter_shape(self):
        return [*self.k, self.oc // self.g, self.ic]

    @property
    def output_shape(self):
        return [self.n, *self.o, self.oc]

    def cropped_after(self):
        """Positions of the full result behind the last output; negative: outputs without any."""
        return [
            (i - 1) * s + (k - 1) * d + 1 - p - o
            for i, o, k, s, d, p in zip(self.i, self.o, self.k, self.s, self.d, self.p)
        ]

    def tap_range(self, axis, tap):
        """The inputs x from first to last (excluded) that this tap carries into the output."""
        i, o, s = self.i[axis], self.o[axis], self.s[axis]
        shift = tap * self.d[axis] - self.p[axis]
        first = max(0, -(shift // s))
        return first, max(first, min(i, (o - 1 - shift) // s + 1))

    def flop(self):
        """Twice the products that land inside the output."""
        products = self.n * self.ic * (self.oc // self.g)
        for axis, taps in enumerate(self.k):
            ranges = (self.tap_range(axis, tap) for tap in range(taps))
            products *= sum(last - first for first, last in ranges)
        return 2 * products

    def problem(self, layout):
        """Our line; layout is last or first."""
        tensor = {"last": ["nwc", "nhwc", "ndhwc"], "first": ["ncw", "nchw", "ncdhw"]}[layout][
            self.rank - 1
        ]
        words = [f"{field}={getattr(self, field)}" for field in SCALAR]
        words += [f"{field}={'x'.join(map(str, getattr(self, field)))}" for field in SPATIAL]
        return " ".join([self.dtype, tensor, *words, "bias"])


def read(path, only="", dtype="f32"):
    """Layers of the file whose name holds the regular expression, with this element type."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = {"name", *SCALAR.values(), *SPATIAL.values()} - set(reader.fieldnames or [])
            if missing:
                raise BadLayers(f"{path} has no column {', '.join(sorted(missing))}")
            return [
                _layer(path, number, row, dtype)
                for number, row in enumerate(reader, 2)
                if re.search(only, row["name"])
            ]
    except (OSError, UnicodeDecodeError) as error:
        raise BadLayers(f"{path}: {error}") from error


def _layer(path, number, row, dtype):
    try:
        fields = {field: int(row[column]) for field, column in SCALAR.items()}
        axes = {
            field: [int(size) for size in row[column].split("x")]
            for field, column in SPATIAL.items()
        }
    except (ValueError, AttributeError) as error:
        raise BadLayers(f"{path}, line {number}: {error}") from error
    if len(set(map(len, axes.values()))) != 1 or not 1 <= len(axes["i"]) <= 3:
        raise BadLayers(
            f"{path}, line {number}: the columns {', '.join(SPATIAL.values())} need as many sizes "
            "as there are spatial axes, 1 to 3"
        )
    layer = Layer(name=row["name"], **fields, **axes, dtype=dtype)
    if (
        min(fields.values()) < 1
        or min(map(min, axes["i"], axes["o"], axes["k"], axes["s"], axes["d"])) < 1
        or min(axes["p"]) < 0
        or layer.ic % layer.g
        or layer.oc % layer.g
    ):
        raise BadLayers(
            f"{path}, line {number}: sizes must be 1 or more, pad_before 0 or more, and groups "
            "must divide both channel counts"
        )
    return layer


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))
