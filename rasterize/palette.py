"""The colours of the maps, the same in every picture of a channel.

The first eight stay apart under the common forms of colour blindness (Okabe and Ito, "Color universal design",
2008, and P. Tol's muted scheme); none is close to the black and red of the outlines. There are as many as
categories of incidents, so that every channel has its own.
"""

PAPER = "#FFFFFF"
OUTLINE = "#000000"
ACTIVE_OUTLINE = "#E60000"

CHANNEL_COLORS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#6A3D1A",
    "#F0E442",
    "#332288",
    "#882255",
    "#999933",
    "#44AA99",
    "#AA4499",
    "#DDCC77",
    "#117733",
    "#888888",
)
CHANNEL_MARKERS = ("*", "^", "s", "D", "o", "P", "v", "X", "p", "h", "<", ">", "d", "8", "H")


def rgb(color: str) -> tuple[int, int, int]:
    """Red, green and blue of a colour, 0 to 255.

    Example:
        >>> rgb("#E69F00")
        (230, 159, 0)
    """
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
