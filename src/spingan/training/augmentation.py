"""Changes that all images go through before the discriminator sees them, so that it cannot learn real ones by heart.

Each image has draws of its own. Every change is linear in the pixels, and a made image's gradient comes back through it
(Zhao et al., "DiffAugment", arXiv 2006.10738).
"""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

Images = Float[Tensor, "batch channels height width"]


def _moved(images: Tensor, down: Tensor, right: Tensor, fill: float) -> Tensor:
    """Each image moved by its own whole number of pixels; `fill` comes in at the edges."""
    _, _, height, width = images.shape
    rows = torch.arange(height, device=images.device) - down[:, None]  # where each pixel comes from
    columns = torch.arange(width, device=images.device) - right[:, None]
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    flat = images.permute(0, 2, 3, 1).reshape(len(images), height * width, -1)
    source = (rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None, :]).flatten(1)
    moved = flat.gather(1, source[:, :, None].expand_as(flat)).view(len(images), height, width, -1)
    return moved.masked_fill_(~inside[..., None], fill).permute(0, 3, 1, 2)


@once_differentiable
def _moved_back(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
    down, right = ctx.saved_tensors
    return _moved(gradient, -down, -right, 0.0), None, None, None


class _Shift(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, down: Tensor, right: Tensor, fill: float) -> Tensor:
        ctx.save_for_backward(down, right)
        return _moved(images, down, right, fill)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        return _moved_back(ctx, *grad_outputs)


def shift(images: Images, down: Int[Tensor, " batch"], right: Int[Tensor, " batch"], fill: float) -> Images:
    """Each image moved down and right by its own whole number of pixels; `fill` comes in at the edges."""
    shifted: Any = _Shift.apply(images, down, right, fill)
    return shifted


def cutout(images: Images, top: Int[Tensor, " batch"], left: Int[Tensor, " batch"], side: int, fill: float) -> Images:
    """Each image with a square of `side` pixels replaced by `fill`; top left corners may lie outside of the image."""
    _, _, height, width = images.shape
    rows, columns = torch.arange(height, device=images.device), torch.arange(width, device=images.device)
    in_rows = (rows >= top[:, None]) & (rows < top[:, None] + side)
    in_columns = (columns >= left[:, None]) & (columns < left[:, None] + side)
    return images.masked_fill((in_rows[:, :, None] & in_columns[:, None, :])[:, None], fill)


def augment(images: Images, shifts: int, cutout_side: int, fill: float, key: int, first: int, total: int) -> Images:
    """Images (batch, channels, height, width) shifted by up to `shifts` pixels each way and with a square cut out.

    Args:
        cutout_side: Pixels a side of the square, centred anywhere in the image; 0: none.
        fill: What comes in: the background of the images.
        key: Seed of the draws.
        first: Place of the first of these images in the whole batch of `total`: draws are by place, so that processes
            that share a batch change each image as one alone would.
    """
    generator = torch.Generator().manual_seed(key)
    own = slice(first, first + len(images))
    if shifts:
        moves = torch.randint(-shifts, shifts + 1, (2, total), generator=generator)[:, own]
        down, right = moves.to(images.device, non_blocking=True)
        images = shift(images, down, right, fill)
    if cutout_side:
        places = torch.rand((2, total), generator=generator)[:, own].to(images.device, non_blocking=True)
        size = torch.tensor(images.shape[2:], device=images.device)[:, None]
        top, left = (places * size).long() - cutout_side // 2
        images = cutout(images, top, left, cutout_side, fill)
    return images
