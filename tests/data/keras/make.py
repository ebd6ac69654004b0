#!/usr/bin/env python3
"""Makes the files beside it with the real Keras 3 (3.15.1 with TensorFlow 2.21 made those that are here):

    pip install keras tensorflow-cpu && tests/data/keras/make.py tests/data/keras

upsample.keras, upsample.weights.h5: two transposed layers; upsample.npz: an input, the output of each layer, and
their weights. upsample.h5: the same as a whole model in the format of Keras 2. nested.keras: layers of one name in
models inside a model, one in a wrapper, one in bfloat16; without the names beside the variables, which Keras did not
write before 3.9; nested.npz: their kernels by path.
"""
import io
import os
import pathlib
import sys
import zipfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import h5py
import keras
import numpy as np
from keras import layers


def upsample(folder):
    model = keras.Sequential([
        keras.Input((5, 6, 4)),
        layers.Conv2DTranspose(6, 4, strides=2, padding="same", activation="gelu", name="up",
                               kernel_initializer="he_normal", kernel_regularizer="l2",
                               bias_initializer=keras.initializers.RandomUniform(seed=3)),
        layers.Conv2DTranspose(2, (3, 1), padding="valid", use_bias=False, activation="softmax", name="head"),
    ], name="upsample")
    x = np.random.default_rng(1).standard_normal((2, 5, 6, 4)).astype("float32")
    up, head = model.layers
    middle = up(x)
    np.savez_compressed(folder / "upsample.npz", x=x, up=np.asarray(middle), head=np.asarray(head(middle)),
                        up_kernel=up.get_weights()[0], up_bias=up.get_weights()[1],
                        head_kernel=head.get_weights()[0])
    model.save(folder / "upsample.keras")
    model.save(folder / "upsample.h5")
    model.save_weights(folder / "upsample.weights.h5")


def nested(folder):
    def inner(filters):
        return keras.Sequential([keras.Input((None, 3)), layers.Conv1DTranspose(filters, 2, name="up")])

    x = keras.Input((4, 3))
    y = inner(3)(x)
    y = inner(5)(y)
    y = layers.Conv1DTranspose(2, 3, strides=2, dtype="bfloat16", name="narrow")(y)
    y = layers.Reshape((1, 13, 2))(y)
    y = layers.TimeDistributed(layers.Conv1DTranspose(1, 2, use_bias=False, name="each"))(y)
    model = keras.Model(x, y)
    path = folder / "nested.keras"
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    weights = io.BytesIO(members["model.weights.h5"])
    kernels = {}
    with h5py.File(weights, "a") as file:
        def visit(name, item):
            item.attrs.pop("name", None)
            if name.endswith("vars/0"):
                kernel = np.array(item)
                kernels[name[:-len("/vars/0")]] = kernel if kernel.dtype.kind == "f" else kernel.view("u2")
        file.visititems(visit)
    members["model.weights.h5"] = weights.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    np.savez(folder / "nested.npz", **kernels)


if __name__ == "__main__":
    keras.utils.set_random_seed(7)
    here = pathlib.Path(sys.argv[1])
    here.mkdir(parents=True, exist_ok=True)
    upsample(here)
    nested(here)
