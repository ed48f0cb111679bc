"""The two networks of the original Baltimore map project, on the rendered RGB map.

Kept to reproduce what was published and to be compared with; ``warning_net`` is the one to use. Sizes as
published: model 1 on 216 x 172 pixels, model 2 on 150 x 150 with augmentation.
"""

import keras

MODEL_1_SHAPE = (216, 172)
MODEL_2_SHAPE = (150, 150)


def build_seed_model_1(shape: tuple[int, int] = MODEL_1_SHAPE, *, seed: int) -> keras.Model:
    """Three convolutions (128, 64, 64) and dense layers of 64 and 32.

    Args:
        shape: ``(height, width)`` of the picture.
        seed: Of the initial weights.

    Returns:
        A model from ``picture`` ``(b, height, width, 3)`` to ``city`` (logit, ``(b, 1)``).
    """
    picture = keras.Input((*shape, 3), name="picture")
    features = _convolve(picture, filters=(128, 64, 64), seed=seed)
    features = _dense(features, units=(64, 32), seed=seed)
    return keras.Model({"picture": picture}, {"city": _logit(features, seed)})


def build_seed_model_2(shape: tuple[int, int] = MODEL_2_SHAPE, *, seed: int) -> keras.Model:
    """Four convolutions (32, 64, 128, 128) and a dense layer of 512, on augmented pictures.

    The augmentation (flips, rotations, shifts, zoom) is the original's; on a map of a fixed city it has no
    geographic meaning.

    Args:
        shape: ``(height, width)`` of the picture.
        seed: Of the initial weights and the augmentation.

    Returns:
        A model from ``picture`` ``(b, height, width, 3)`` to ``city`` (logit, ``(b, 1)``).
    """
    picture = keras.Input((*shape, 3), name="picture")
    features = picture
    for layer in _augmentation(seed):
        features = layer(features)
    features = _convolve(features, filters=(32, 64, 128, 128), seed=seed)
    features = keras.layers.Dropout(0.5, seed=seed)(features)
    features = _dense(features, units=(512,), seed=seed)
    return keras.Model({"picture": picture}, {"city": _logit(features, seed)})


def _augmentation(seed: int) -> tuple[keras.layers.Layer, ...]:
    white = {"fill_mode": "constant", "fill_value": 1.0, "seed": seed}
    return (
        keras.layers.RandomFlip("horizontal", seed=seed),
        keras.layers.RandomRotation(40 / 360, **white),
        keras.layers.RandomTranslation(0.2, 0.2, **white),
        keras.layers.RandomZoom(0.2, **white),
    )


def _convolve(features: object, *, filters: tuple[int, ...], seed: int) -> object:
    """3 x 3 convolutions, each with a 2 x 2 maximum, flattened at the end."""
    for step, count in enumerate(filters):
        kernel = keras.initializers.HeNormal(seed + step)
        features = keras.layers.Conv2D(count, 3, activation="relu", kernel_initializer=kernel)(features)
        features = keras.layers.MaxPooling2D(2)(features)
    return keras.layers.Flatten()(features)


def _dense(features: object, *, units: tuple[int, ...], seed: int) -> object:
    for step, count in enumerate(units):
        kernel = keras.initializers.HeNormal(seed + 100 + step)
        features = keras.layers.Dense(count, activation="relu", kernel_initializer=kernel)(features)
    return features


def _logit(features: object, seed: int) -> object:
    kernel = keras.initializers.GlorotUniform(seed + 200)
    return keras.layers.Dense(1, kernel_initializer=kernel, dtype="float32", name="city")(features)
