"""The nets that recipes and weights files name, without torch: a recipe is checked before that is loaded."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spingan.registry import Registry, resolve

if TYPE_CHECKING:
    from spingan.nn.family import Family


@dataclass(frozen=True)
class Net:
    """What a recipe is checked against, and the family itself or its place (`module:attribute`).

    Attributes:
        size: Pixels along an image's side.
        losses: Names of the losses that it can be trained with.
    """

    size: int
    place: "Family | str"
    losses: tuple[str, ...] = ("cross_entropy", "relativistic")

    @property
    def family(self) -> "Family":
        """The family; imports torch."""
        return resolve(self.place) if isinstance(self.place, str) else self.place  # pyright: ignore[reportReturnType]


NETS: Registry[Net] = Registry(
    "net",
    {
        "fashion": Net(28, "spingan.nn.dcgan:FASHION"),
        "fashion-norm-free": Net(28, "spingan.nn.dcgan:FASHION_NORM_FREE"),
        "colour-64": Net(64, "spingan.nn.dcgan:COLOUR_64"),
        "colour-64-norm-free": Net(64, "spingan.nn.dcgan:COLOUR_64_NORM_FREE"),
        "am-dcgan": Net(28, "spingan.nn.am_dcgan:AM_DCGAN"),
        "am-dcgan-batch-norm": Net(28, "spingan.nn.am_dcgan:AM_DCGAN_BATCH_NORM"),
        "am-dcgan-deep": Net(28, "spingan.nn.am_dcgan:AM_DCGAN_DEEP"),
    },
)


def register_net(name: str, family: "Family") -> None:
    """Let recipes and weights files name a family of nets of your own.

    Every process that reads such a file has to register it first: a script by itself, commands by a plug-in
    (`spingan.registry`).

    Raises:
        UserError: The name belongs to a net of the package.
    """
    NETS.register(name, Net(family.size, family, tuple(family.losses)))
