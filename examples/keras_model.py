#!/usr/bin/env python3
"""Writes the saved model that examples/keras_layer.cpp and tests read, with the real Keras 3.

    pip install keras tensorflow-cpu && examples/keras_model.py tests/data/keras

upsample.keras, upsample.weights.h5: two transposed layers. upsample.npz: an input, the output of
each layer, and their weights.
"""
import pathlib
import sys

import numpy as np
import keras


def main(folder):
    keras.utils.set_random_seed(7)
    folder.mkdir(parents=True, exist_ok=True)
    model = keras.Sequential([
        keras.Input((5, 6, 4)),
        keras.layers.Conv2DTranspose(6, 4, strides=2, padding="same", activation="gelu", name="up",
                                     kernel_initializer="he_normal", kernel_regularizer="l2",
                                     bias_initializer=keras.initializers.RandomUniform(seed=3)),
        keras.layers.Conv2DTranspose(2, (3, 1), padding="valid", use_bias=False, activation="softmax",
                                     name="head"),
    ], name="upsample")
    x = np.random.default_rng(1).standard_normal((2, 5, 6, 4)).astype("float32")
    up, head = model.layers
    middle = up(x)
    np.savez_compressed(folder / "upsample.npz", x=x, up=np.asarray(middle), head=np.asarray(head(middle)),
                        up_kernel=up.get_weights()[0], up_bias=up.get_weights()[1],
                        head_kernel=head.get_weights()[0])
    model.save(folder / "upsample.keras")
    model.save_weights(folder / "upsample.weights.h5")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
