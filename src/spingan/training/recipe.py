"""Recipes: everything that decides how a net is trained, as one YAML file.

Nothing here loads torch: a misspelt key is told at once.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from spingan.data.catalogue import DATA
from spingan.errors import UserError, did_you_mean
from spingan.input_files import exists, read_text
from spingan.nn.net_names import NETS
from spingan.spec.noise import Noise
from spingan.spec.value import Value, build
from spingan.yaml_text import parse_yaml, set_value

_SHIPPED = Path(__file__).parents[1] / "recipes"

_Decay = Annotated[float, Field(ge=0, lt=1)]


class Data(Value):
    """Where the real images come from."""

    name: Annotated[str, AfterValidator(DATA.check)]
    """One of `spingan data list`, or a set of your own (`spingan.data.catalogue.register_data`)."""
    path: str | None = None
    count: int | None = Field(default=None, gt=0)
    """Train on the first so many images of the training part; by default on all."""


class OnChip(Value):
    """Training on the devices: every update is a train of write pulses, by one of the rules of
    `spingan.nn.update_rules`.

    The recipe's learning rates then are the root mean square of an update in fractions of full scale.
    """

    rule: Literal["pulses", "mixed_precision", "tiki_taka", "agad", "residual"] = "pulses"
    moments: bool = False
    """Adam's moments (`adam_betas`) in digital memory set each weight's gradient to size, in place of the periphery's
    gain control for a whole array; the bill counts them."""
    stuck: float | None = Field(default=None, ge=0, lt=1)
    """Share of devices that never move, a third each at the smallest, the largest and any conductance; by default the
    shares that the synapse's file states."""
    full_scale: float = Field(default=4.0, gt=0)
    """The weight that the largest conductance stands for, in units of a layer's first weights' root mean square."""
    transposed_read_noise: float = Field(default=0.01, ge=0, le=1)
    """Of a device when the gradient is read back through the array, as a fraction of full scale."""


class SlopePenalty(Value):
    """A penalty on the discriminator's slope at real and at made images, as a finite difference.

    Added to its loss: weight (D(x + σ n) - D(x))², n standard normal (`spingan.nn.losses.slope_penalty`).
    """

    weight: float = Field(gt=0)
    """Of a step on average: one that is taken every fourth step counts four times (Karras et al., arXiv 1912.04958,
    section 3.1)."""
    deviation: float = Field(default=0.1, gt=0)
    """σ, in units of the images' -1 to 1."""
    every: int = Field(default=1, gt=0)
    """Steps from one penalty to the next."""


class Augmentation(Value):
    """Changes to every image that the discriminator sees, real and made alike."""

    shift: int = Field(default=0, ge=0)
    """Most pixels that an image moves, each way."""
    cutout: int = Field(default=0, ge=0)
    """Pixels a side of a square that is painted over; 0: none."""
    fill: float = Field(default=-1.0, ge=-1, le=1)
    """What comes in: -1 is black, 1 white. The images' background, or the net learns to draw its edges."""


class Recipe(Value):
    """How to train one generator and its discriminator on one technology."""

    name: str
    net: Annotated[str, AfterValidator(NETS.check)]
    """Of the package, or a family of your own (`spingan.nn.net_names.register_net`)."""
    technology: str
    """A shipped name, a technology's YAML file, or a folder that holds one."""
    data: Data
    training_images: int = Field(gt=0)
    """Images of an epoch in the paper's accounting; the bill is written for them."""
    batch_size: int = Field(gt=1)
    latent_size: int = Field(gt=0, le=65_536)
    epochs: int = Field(gt=0)
    generator_learning_rate: float = Field(gt=0)
    discriminator_learning_rate: float = Field(gt=0)
    loss: str = "cross_entropy"
    """`cross_entropy`: of each image alone; `relativistic`: of pairs, a real image and a made one. Or one of the net's
    own family."""
    slope_penalty: SlopePenalty | None = None
    augmentation: Augmentation | None = None
    rates_fall_after: int | None = Field(default=None, ge=0)
    """Epoch after which both learning rates fall, in a straight line to zero at the end of the last."""
    adam_betas: tuple[_Decay, _Decay]
    seed: int = Field(default=0, ge=0, lt=2**63)
    goes_on_from: str | None = None
    """The recipe of the run that this one begins with: `train` wants that run, and does not begin with new nets."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """`auto` times a layer both ways when the run begins and keeps the faster; the run's files record which."""
    read_noise: Noise | None = None
    programming_noise: Noise | None = None
    weight_clip: float | None = Field(default=None, ge=1)
    """Hold each column's weights within so many times their root mean square, which then is full scale: the weights use
    more of it, and noise that is a fraction of full scale matters less."""
    image_noise: float | None = Field(default=None, gt=0)
    """Deviation of the noise on every image, real or made, that the discriminator sees in training (images: -1 to 1).
    Without it, clean edges of real images give away what is made: Sønderby et al., arXiv 1610.04490, section 3.3."""
    on_chip: OnChip | None = None
    """Programming noise is then drawn once: the chip's devices are what they are."""
    average_decay: _Decay | None = None
    """Decay a step of the exponential moving average of the generator that samples are drawn from."""
    average_from: int | None = Field(default=None, ge=0)
    """Epoch after which that average becomes the plain mean over all updates since: Yazıcı et al., arXiv 1806.04498.
    How a generator shares its images out among the classes swings from epoch to epoch; the mean takes that out."""
    calibrate_every: int = Field(default=50, gt=0)
    """Steps between calibrations of the activations' ranges; column gains follow the weights at every step."""
    fold_every: int = Field(default=500, gt=0)
    """Steps between solutions of the arrays' wires, where the technology has any; what passes stays in between."""
    checkpoint_every: int = Field(default=200, gt=0)
    log_every: int = Field(default=50, gt=0)
    sample_epochs: tuple[Annotated[int, Field(gt=0)], ...] = ()
    sample_count: int = Field(default=64, gt=0)

    @model_validator(mode="after")
    def _keys_fit_together(self) -> Self:
        known = NETS[self.net].losses
        if self.loss not in known:
            raise UserError(f"loss {self.loss!r} is not one of net {self.net}", f"Choose one of: {', '.join(known)}.")
        if self.on_chip is not None and self.weight_clip is not None:
            raise UserError("on_chip has a full scale of its own", "Leave weight_clip out.")
        if self.on_chip is not None and self.on_chip.rule == "residual" and self.average_decay is not None:
            raise UserError(
                "on_chip.rule=residual: a weight is two arrays' sum, and no average of it can be written into one",
                "Leave average_decay out, or choose another rule.",
            )
        if self.average_from is not None and self.average_decay is None:
            raise ValueError("average_from needs average_decay")
        if self.slope_penalty is not None and self.loss == "cross_entropy":
            raise UserError("slope_penalty goes with loss: relativistic", "With cross_entropy leave it out.")
        change, size = self.augmentation or Augmentation(), NETS[self.net].size
        for key in ("shift", "cutout"):
            if getattr(change, key) >= size:
                raise UserError(f"augmentation.{key} has to be below the images' {size} pixels", "Make it smaller.")
        return self


def shipped_recipes() -> tuple[str, ...]:
    """Names of the recipes that come with the package."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.yaml")))


def load_recipe(name_or_path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Recipe:
    """The recipe of that shipped name or YAML file, with `key=value` overrides (`data.path=/images`) put on top.

    Raises:
        UserError: No such recipe, an unknown key, or a value of the wrong kind.
    """
    name = str(name_or_path)
    path = _SHIPPED / f"{name}.yaml" if name in shipped_recipes() else Path(name_or_path)
    if not exists(path):
        shipped = shipped_recipes()
        hint = f"{did_you_mean(name, shipped)}Shipped: {', '.join(shipped)}. Or give a YAML file."
        raise UserError(f"unknown recipe {name!r}", hint)
    content, _ = parse_yaml(read_text(path, f"the recipe {path}", "YAML in UTF-8"), f"recipe {path}")
    for override in overrides:
        set_value(content, override)
    return recipe_from(content, f"recipe {name}")


def recipe_from(content: dict[str, Any], where: str) -> Recipe:
    """The recipe with those keys and values.

    Raises:
        UserError: An unknown key, or a value of the wrong kind; `where` says of what.
    """
    return build(Recipe, content, where)
