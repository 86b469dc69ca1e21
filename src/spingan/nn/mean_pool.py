"""Mean pooling as a column of equal memristors: paper M's averaging circuit, figure 3."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from spingan.errors import UserError


class MemristiveMeanPool(nn.AvgPool2d):
    """`nn.AvgPool2d` whose mean is Σ g v / Σ g over devices that are all written to the same resistance.

    As meant, that is the mean. On a chip (`make`) every filter has its own devices, k x k of them, shared by the
    positions of its map, and their resistances vary.
    """

    def __init__(self, kernel_size: int, stride: int) -> None:
        super().__init__(kernel_size, stride)
        self.side = kernel_size
        self.tolerance = 0.0
        self.seed = 0
        self._shares: Tensor | None = None

    def make(self, tolerance: float, seed: int) -> None:
        """Draw a chip's devices: each resistance anywhere within ± `tolerance` of what was meant."""
        self.tolerance, self.seed, self._shares = tolerance, seed, None

    def shares(self, channels: int) -> Tensor:
        """What each device contributes to its filter's mean: (channels, 1, k, k), summing to 1 over a filter."""
        if self._shares is None or len(self._shares) != channels:
            lot = torch.rand(channels, 1, self.side, self.side, generator=torch.Generator().manual_seed(self.seed))
            conductance = 1 / (1 + self.tolerance * (2 * lot - 1))
            self._shares = conductance / conductance.sum((2, 3), keepdim=True)
        return self._shares

    def forward(self, input: Tensor) -> Tensor:
        if self.tolerance == 0:
            return super().forward(input)
        channels = input.shape[-3]
        return functional.conv2d(input, self.shares(channels).to(input), None, self.stride, groups=channels)


def mean_pool(name: str, module: nn.AvgPool2d) -> MemristiveMeanPool:
    """The circuit that computes what `module` does.

    Raises:
        UserError: Its windows are not square, are padded, or do not divide by their size.
    """
    size, stride = module.kernel_size, module.stride
    plain = module.padding in (0, (0, 0)) and not module.ceil_mode and module.divisor_override is None
    if not (isinstance(size, int) and isinstance(stride, int) and plain):
        raise UserError(
            f"layer {name}: {module} is not a mean over whole square windows",
            "Give one number for kernel_size and stride, no padding and no divisor of its own.",
        )
    return MemristiveMeanPool(size, stride)
