"""Shifts and cut-outs: exact, differentiable, each image's own, and by its place in the batch."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_steps import real_images, tiny_nets

from spingan.training.augmentation import augment, cutout, shift
from spingan.training.processes import make_fabric
from spingan.training.step import train_step

COUNT, SIZE = 64, 28


def _images(channels: int = 1, kind: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.rand(COUNT, channels, SIZE, SIZE, generator=torch.Generator().manual_seed(3), dtype=kind)


@given(down=st.integers(-5, 5), right=st.integers(-5, 5), channels=st.sampled_from((1, 3)))
@settings(max_examples=30)
def test_a_shift_moves_every_pixel_and_fills_the_edge(down, right, channels):
    images = _images(channels)[:2]
    moved = shift(images, torch.full((2,), down), torch.full((2,), right), -1.0)
    for y in range(0, SIZE, 3):
        for x in range(0, SIZE, 3):
            inside = 0 <= y - down < SIZE and 0 <= x - right < SIZE
            expected = images[:, :, y - down, x - right] if inside else torch.full((2, channels), -1.0)
            assert torch.equal(moved[:, :, y, x].double(), expected.double())


@pytest.mark.parametrize("change", ["shift", "cutout"])
def test_the_gradient_is_that_of_what_was_done(change):
    images = torch.rand(3, 2, 6, 5, dtype=torch.float64, requires_grad=True)
    first, second = torch.tensor([1, -2, 0]), torch.tensor([3, 0, -1])
    changes = {
        "shift": lambda x: shift(x, first, second, 0.5),
        "cutout": lambda x: cutout(x, first, second, 2, 0.5),
    }
    assert torch.autograd.gradcheck(changes[change], (images,))


def test_every_image_has_a_shift_of_its_own_and_all_of_them_occur():
    images = torch.full((2_000, 1, SIZE, SIZE), -1.0)
    images[:, 0, 14, 14] = 1.0
    places = augment(images, 3, 0, -1.0, 5, 0, len(images)).flatten(1).argmax(1)
    found = {(int(place) // SIZE - 14, int(place) % SIZE - 14) for place in places}
    assert found == {(y, x) for y in range(-3, 4) for x in range(-3, 4)}


def test_a_square_is_painted_over_and_nothing_else():
    images = _images()
    changed = augment(images, 0, 9, 1.0, 5, 0, COUNT)
    differs = changed != images
    counts = differs.flatten(1).sum(1)
    assert counts.max() == 81 and (counts >= 25).all()  # a corner of the image cuts a square off
    assert (changed[differs] == 1.0).all()
    rows, columns = differs.any(3).squeeze(1).sum(1), differs.any(2).squeeze(1).sum(1)
    assert torch.equal(rows * columns, counts)


def test_a_share_of_a_batch_is_changed_as_in_the_whole():
    images = _images()
    whole = augment(images, 3, 8, -1.0, 11, 0, COUNT)
    assert torch.equal(augment(images[20:41], 3, 8, -1.0, 11, 20, COUNT), whole[20:41])
    assert not torch.equal(augment(images, 3, 8, -1.0, 12, 0, COUNT), whole)


def test_real_and_made_images_are_changed_alike_and_the_generator_learns_through_it():
    settings = ("net=tiny-dropping", "latent_size=5", "batch_size=8", "calibrate_every=1000000")
    recipe, nets = tiny_nets((*settings, "augmentation={shift: 20, fill: -1}"))
    looks: list[torch.Tensor] = []
    nets.discriminator.register_forward_pre_hook(lambda net, inputs: looks.append(inputs[0].detach().clone()))
    before = [parameter.detach().clone() for parameter in nets.generator.parameters()]
    parts = nets, nets.generator, nets.discriminator
    train_step(*parts, real_images(0, 8), recipe, 0, make_fabric("cpu"))
    black = [float((look == -1).double().mean()) for look in looks]
    assert len(looks) == 3 and min(black) > 0.3  # a mean shift of 10 pixels each way leaves 41 % of an image
    after = nets.generator.parameters()
    assert not any(torch.equal(old, new) for old, new in zip(before, after, strict=True))
