"""Where a model's layers take their noise from."""

import numpy as np

Part = tuple[int, int]
"""Of a batch that several processes share: the first sample that is here, and how many there are in all of them."""


def stream_key(*parts: int) -> int:
    """A 64-bit key from seeds and counters, well mixed: nearby parts give unrelated keys.

    Zeros at the end do not count, so streams that must differ hold another number at the same place.
    """
    return int(np.random.SeedSequence([part & 0xFFFFFFFFFFFFFFFF for part in parts]).generate_state(1, np.uint64)[0])


class NoiseSource:
    """A seed and a count of draws, so that a draw can be repeated.

    Attributes:
        part: Which samples of a shared batch are here; None: all. A sample's noise then is what one process would draw.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.draws = 0
        self.part: Part | None = None

    def restart(self, *parts: int) -> None:
        """Begin a new sequence that depends on `parts` alone."""
        self.seed = stream_key(*parts)
        self.draws = 0

    def next_key(self) -> int:
        """A key that was not given before."""
        self.draws += 1
        return stream_key(self.seed, self.draws)
