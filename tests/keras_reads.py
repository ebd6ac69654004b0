#!/usr/bin/env python3
"""Has the real Keras 3 read what tconv saves: keras_reads.py build/tests/keras_files_test

The test program writes layers, each with an input and the output that it computed, and a model of Keras in which it
replaced one layer's weights.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import ml_dtypes
import numpy as np

# Of the largest output; the narrow types round at other places than Keras (docs/keras.md).
TOLERANCE = {"float64": 1e-13, "float32": 2e-6, "float16": 4e-3, "bfloat16": 3e-2}


def close(y, expected, dtype, what):
    y, expected = np.asarray(y, "float64"), expected.astype("float64")
    assert y.shape == expected.shape, (what, y.shape, expected.shape)
    worst = np.abs(y - expected).max() / np.abs(expected).max()
    assert worst <= TOLERANCE[dtype], (what, worst)
    return worst


def load(path):
    """NumPy has no bfloat16 of its own: two bytes without a meaning."""
    return {key: array.view(ml_dtypes.bfloat16) if array.dtype.kind == "V" else array
            for key, array in np.load(path).items()}


def check(folder, name):
    arrays = load(folder / f"{name}.case.npz")
    x = keras.ops.convert_to_tensor(arrays["x"])
    model = keras.models.load_model(folder / f"{name}.keras")
    layer = model.layers[0]
    dtype = layer.compute_dtype
    worst = close(model(x), arrays["y"], dtype, name)
    other = keras.Sequential([keras.Input(arrays["x"].shape[1:], dtype=arrays["x"].dtype.name),
                              type(layer).from_config(layer.get_config())])
    other.load_weights(folder / f"{name}.weights.h5")
    close(other(x), arrays["y"], dtype, name + " weights")
    saved = load(folder / f"{name}.npz")
    for key, weight in zip(("kernel", "bias"), layer.get_weights()):
        assert saved[key].dtype == weight.dtype and (saved[key] == weight).all(), (name, key)
    print(f"{name}: {dtype}, {len(saved)} weights, largest difference {worst:.1e} of the largest output")


def main(program):
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        subprocess.run([program, "--gtest_filter=KerasFiles.ForTheRealKeras"], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "TCONV_KERAS_FOLDER": work})
        names = sorted(file.name[:-len(".case.npz")] for file in folder.glob("*.case.npz"))
        assert len(names) >= 6, names
        for name in names:
            check(folder, name)
        model = keras.models.load_model(folder / "upsample.keras")
        up, head = model.layers
        assert all((weight == 0.5).all() for weight in up.get_weights()) and (head.get_weights()[0] != 0.5).any()
        model.load_weights(folder / "upsample.weights.h5")
        assert all((weight == 0.25).all() for weight in up.get_weights())
        print(f"Keras {keras.__version__} reads {len(names)} layers and 2 changed models")


if __name__ == "__main__":
    main(sys.argv[1])
