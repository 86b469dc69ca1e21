"""The nets that recipes name and the size of their images, without torch: a recipe is checked before that is loaded."""

from typing import Literal

NetName = Literal["fashion", "fashion-norm-free", "colour-64", "colour-64-norm-free", "am-dcgan", "am-dcgan-batch-norm"]

IMAGE_SIZES: dict[NetName, int] = {
    "fashion": 28,
    "fashion-norm-free": 28,
    "colour-64": 64,
    "colour-64-norm-free": 64,
    "am-dcgan": 28,
    "am-dcgan-batch-norm": 28,
}
"""Pixels along an image's side."""
