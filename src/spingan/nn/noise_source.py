"""Where a model's layers take their noise from."""

from spingan.nn import kernels

Part = tuple[int, int]
"""Of a batch that several processes share: the first sample that is here, and how many there are in all of them."""


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
        self.seed = kernels.stream_key(*parts)
        self.draws = 0

    def next_key(self) -> int:
        """A key that was not given before."""
        self.draws += 1
        return kernels.stream_key(self.seed, self.draws)
