"""Which windows are for learning, for calibrating and for judging: forward in time, with a gap.

Blocks are half-open ranges ``(start, stop)`` of window indices that rise with time.
"""

from dataclasses import dataclass

from incidents.errors import ConfigError

Block = tuple[int, int]


@dataclass(frozen=True)
class ForwardSplit:
    """Three blocks in the order of time; what is learned in one is never judged before it ends.

    Args:
        train: Windows to fit on.
        calibrate: Later windows, for calibration and for choosing between models.
        test: The last windows, looked at once.

    Raises:
        ConfigError: A block is empty, starts below 0, overlaps its predecessor or lies before it.
    """

    train: Block
    calibrate: Block
    test: Block

    def __post_init__(self) -> None:
        named = {"train": self.train, "calibrate": self.calibrate, "test": self.test}
        earlier, end = "the first window", 0
        for name, (start, stop) in named.items():
            if stop <= start:
                raise ConfigError(
                    f"Expected windows in block {name}. Received: [{start}, {stop}). Lengthen it or shorten the embargo."
                )
            if start < end:
                raise ConfigError(
                    f"Expected block {name} to start at window {end} or later, after {earlier}. Received: {start}. "
                    "Order the blocks forward in time without overlap."
                )
            earlier, end = f"block {name}", stop


def forward_split(
    boundaries: tuple[int, int, int, int], *, lead_windows: int, horizon_windows: int
) -> ForwardSplit:
    """Split windows forward in time, ending each earlier block so that no label reaches into the next.

    The label of row ``i`` reaches at most to window ``i + lead + horizon`` (inclusive, where the input
    includes window ``i`` itself). The last ``lead + horizon`` rows of the train and calibrate blocks are
    therefore dropped: when a later block begins, every label before it has already been known.

    Args:
        boundaries: Start of train, of calibrate, of test, and the end of test.
        lead_windows: Windows between the end of the input and the start of the target, >= 0.
        horizon_windows: Length of the target, >= 1.

    Raises:
        ConfigError: A negative lead, an empty horizon, boundaries that go back in time, or a block that the
            embargo leaves empty.

    Example:
        >>> forward_split((0, 100, 150, 200), lead_windows=1, horizon_windows=2)
        ForwardSplit(train=(0, 97), calibrate=(100, 147), test=(150, 200))
    """
    if lead_windows < 0 or horizon_windows < 1:
        raise ConfigError(
            f"Expected lead >= 0 and horizon >= 1 windows. Received: {lead_windows} and {horizon_windows}. "
            "The target starts lead windows after the input ends and lasts horizon windows."
        )
    start, calibrate, test, stop = boundaries
    embargo = lead_windows + horizon_windows
    return ForwardSplit(
        train=(start, calibrate - embargo), calibrate=(calibrate, test - embargo), test=(test, stop)
    )
