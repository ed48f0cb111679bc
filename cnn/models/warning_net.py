"""A fully convolutional network whose logit adds to a baseline's.

Its one output map ``r`` shifts both the city's odds and their spread over the cells::

    logit(city) = offset + log sum_c prior_c * exp(r_c)
    share_c     = prior_c * exp(r_c) / sum_c' prior_c' * exp(r_c')

With ``r = 0``, as it starts, the city's logit is the baseline's and the shares are the static map's: the
network can only speak where the data make it. ``offset`` and ``prior`` come with each example.
"""

import keras
from keras import ops

DILATIONS = (1, 2, 4)


@keras.saving.register_keras_serializable(package="tocsin")
class RiskSurface(keras.layers.Layer):  # type: ignore[misc]
    """Turns a residual map, a log prior and an offset into the city's logit and log shares of the cells."""

    def call(self, residual: object, log_prior: object, offset: object) -> tuple[object, object]:
        """Combine.

        Args:
            residual: ``(b, rows, cols, 1)``.
            log_prior: ``(b, rows, cols)``; its exponentials sum to 1.
            offset: Logit of the baseline, ``(b, 1)``.

        Returns:
            The city's logit ``(b, 1)`` and log shares ``(b, rows * cols)``.
        """
        raised = ops.cast(ops.squeeze(residual, -1), "float32") + log_prior
        raised = ops.reshape(raised, (ops.shape(raised)[0], -1))
        total = ops.logsumexp(raised, axis=-1, keepdims=True)
        return offset + total, raised - total


def build_warning_net(
    map_shape: tuple[int, int, int], calendar_columns: int, *, filters: int, seed: int
) -> keras.Model:
    """Build the network.

    Args:
        map_shape: ``(rows, cols, channels)`` of the maps.
        calendar_columns: Columns of the calendar vector.
        filters: Filters of each convolution.
        seed: Of the initial weights.

    Returns:
        A model from ``maps``, ``calendar``, ``log_prior`` and ``offset`` to ``city`` (logit) and ``surface``
        (log shares).
    """
    seeds = keras.random.SeedGenerator(seed)
    rows, cols, _ = map_shape
    maps = keras.Input(map_shape, name="maps")
    calendar = keras.Input((calendar_columns,), name="calendar")
    log_prior = keras.Input((rows, cols), name="log_prior")
    offset = keras.Input((1,), name="offset")

    hours = keras.layers.Dense(filters, kernel_initializer=keras.initializers.GlorotUniform(seeds))(calendar)
    features = maps
    for step, dilation in enumerate(DILATIONS):
        features = keras.layers.Conv2D(
            filters,
            3,
            padding="same",
            dilation_rate=dilation,
            kernel_initializer=keras.initializers.HeNormal(seeds),
        )(features)
        if step == 0:
            features = features + keras.layers.Reshape((1, 1, filters))(hours)
        features = keras.layers.Activation("relu")(features)
    residual = keras.layers.Conv2D(1, 1, kernel_initializer="zeros", use_bias=False, name="residual")(
        features
    )
    city, surface = RiskSurface(name="risk", dtype="float32")(residual, log_prior, offset)
    outputs = {"city": city, "surface": surface}
    return keras.Model(
        {"maps": maps, "calendar": calendar, "log_prior": log_prior, "offset": offset}, outputs
    )


def surface_loss(counts: object, log_shares: object) -> object:
    """Negative log likelihood of the events' cells, given how many events there were.

    Args:
        counts: Announced events by cell, ``(b, cells)``.
        log_shares: ``(b, cells)``.

    Returns:
        Loss by example, ``(b,)``, nats; 0 where no event has a place.
    """
    return -ops.sum(ops.cast(counts, "float32") * log_shares, axis=-1)
