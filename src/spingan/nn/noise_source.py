"""Where a model's layers take their noise from."""

from spingan.nn import kernels


class NoiseSource:
    """A seed and a count of draws, so that a draw can be repeated."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.draws = 0

    def restart(self, *parts: int) -> None:
        """Begin a new sequence that depends on `parts` alone."""
        self.seed = kernels.stream_key(*parts)
        self.draws = 0

    def next_key(self) -> int:
        """A key that was not given before."""
        self.draws += 1
        return kernels.stream_key(self.seed, self.draws)
