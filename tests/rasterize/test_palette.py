"""Channels stay apart for readers with and without a colour vision deficiency."""

import numpy as np
import numpy.typing as npt
import pytest

from incidents.schema import Category
from rasterize.palette import (
    ACTIVE_OUTLINE,
    CHANNEL_COLORS,
    CHANNEL_MARKERS,
    OUTLINE,
    PAPER,
    rgb,
)

Floats = npt.NDArray[np.float64]
# Machado, Oliveira and Fernandes, IEEE TVCG 15 (2009), severity 1.0; they act on linear RGB.
VISION = {
    "ordinary": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])


def cielab(linear: Floats) -> Floats:
    """CIE L*a*b* of linear RGB, D65."""
    relative = linear @ TO_XYZ.T / WHITE
    f = np.where(relative > 0.008856, np.cbrt(relative), 7.787 * relative + 16 / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


@pytest.mark.parametrize("vision", VISION)
def test_the_first_eight_channels_and_the_outlines_stay_apart(vision: str) -> None:
    colors = np.array([rgb(c) for c in (*CHANNEL_COLORS[:8], ACTIVE_OUTLINE, OUTLINE, PAPER)]) / 255
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    seen = cielab(np.clip(linear @ VISION[vision].T, 0, 1))
    difference = np.linalg.norm(seen[:, np.newaxis] - seen, axis=-1)[np.triu_indices(len(seen), 1)]
    # 2.3 is just noticeable side by side; small marks far apart need several times that.
    assert difference.min() > 15


def test_every_category_could_be_a_channel_of_its_own() -> None:
    assert len(set(CHANNEL_COLORS)) == len(set(CHANNEL_MARKERS)) == len(Category)
