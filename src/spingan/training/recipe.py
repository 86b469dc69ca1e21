"""Recipes: everything that decides how a net is trained, as one YAML file.

Nothing here loads torch: a misspelt key is told at once.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from spingan.data.catalogue import DATA
from spingan.errors import UserError, did_you_mean
from spingan.input_files import exists, is_folder, read_text
from spingan.nn.model_files import shipped_models
from spingan.nn.net_names import NETS
from spingan.spec.noise import Noise
from spingan.spec.value import Value, build
from spingan.yaml_text import parse_yaml, set_values

_SHIPPED = Path(__file__).parents[1] / "recipes"

_Decay = Annotated[float, Field(ge=0, lt=1)]


class _Keys(Value):
    """Values whose docstrings are what `spingan recipe keys` says of them."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Data(_Keys):
    """Where the real images come from."""

    name: Annotated[str, AfterValidator(DATA.check)]
    """One of `spingan data list`, or a set of your own (`spingan.data.catalogue.register_data`)."""
    path: str | None = None
    """Folder that holds it; by default where `spingan data fetch` puts it, or the system's own."""
    count: int | None = Field(default=None, gt=0)
    """Train on the first so many images of the training part; by default on all."""


class OnChip(_Keys):
    """Training on the devices: every update is a train of write pulses, by one of the rules of
    `spingan.nn.update_rules`.

    The recipe's learning rates then are the root mean square of an update, in the units of `rates_in`.
    """

    rule: Literal["pulses", "mixed_precision", "tiki_taka", "agad", "residual"] = "pulses"
    """How a gradient becomes write pulses: each is one file of `spingan.nn.update_rules`."""
    moments: bool = False
    """Adam's moments (`adam_betas`) in digital memory set each weight's gradient to size, in place of the periphery's
    gain control for a whole array; the bill counts them."""
    pulse_at: float = Field(default=1.0, ge=0.5, le=1)
    """Rule `mixed_precision`: the sum, in mean steps, from which on there is a pulse. 1: sums give their whole part,
    with the fewest pulses; 0.5: they are rounded, and a column follows its gradients without backlash."""
    read_back: bool = False
    """Rule `mixed_precision`: a device is read before its pulses, and its sum gives what they do at that place; blind
    otherwise, and weights drift where steps up and down differ."""
    read_after: bool = False
    """And after them, and has more, until its sum asks for no pulse: a verified write, for devices whose
    pulses scatter by more than their mean step or are coarse one way. Needs `read_back`."""
    digital_norms: bool = False
    """Batch norm's scales and offsets, two numbers a channel, learn in digital memory by Adam's moments, at the net's
    learning rate; without it a net with batch norm is refused. Its statistics are digital in any case."""
    stuck: float | None = Field(default=None, ge=0, lt=1)
    """Share of devices that never move, a third each at the smallest, the largest and any conductance; by default the
    shares that the synapse's file states."""
    full_scale: float = Field(default=4.0, gt=0)
    """The weight that the largest conductance stands for, in the units of `full_scale_in`."""
    full_scale_in: Literal["first_rms", "weights"] = "first_rms"
    """`first_rms`: units of a layer's first weights' root mean square, so that layers begin alike. `weights`: of a
    weight itself, one full scale for all layers; small convolutions grow most and then have the room."""
    rates_in: Literal["full_scale", "weights"] = "full_scale"
    """Units of both nets' learning rates. `full_scale`: fractions of a layer's, so that all layers change alike.
    `weights`: of a weight itself, as beside the chip, whose rates then carry over, layer by layer."""
    transposed_read_noise: float = Field(default=0.01, ge=0, le=1)
    """Of a device when the gradient is read back through the array, as a fraction of full scale."""


class SlopePenalty(_Keys):
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


class Augmentation(_Keys):
    """Changes to every image that the discriminator sees, real and made alike."""

    shift: int = Field(default=0, ge=0)
    """Most pixels that an image moves, each way."""
    cutout: int = Field(default=0, ge=0)
    """Pixels a side of a square that is painted over; 0: none."""
    fill: float = Field(default=-1.0, ge=-1, le=1)
    """What comes in: -1 is black, 1 white. The images' background, or the net learns to draw its edges."""


class DrawnDevices(_Keys):
    """Activations that differ from device to device and are noisy, as the technology's files say.

    At each update every device's gain, offset and slope are drawn anew; its noise is new in each evaluation.
    """

    ramp_epochs: int = Field(default=0, ge=0)
    """Epochs over which deviations and noise rise from nothing, in a straight line."""
    scale: float = Field(default=1.0, gt=0, le=10)
    """What deviations and noise rise to, in units of what the files say."""
    of: Literal["generator", "both"] = "generator"
    """Whose devices: the discriminator's belong to a chip only where the chip trains itself."""

    def share(self, step: int, steps_an_epoch: int) -> float:
        """How much of what the files say the devices of a step have."""
        ramp = self.ramp_epochs * steps_an_epoch
        return self.scale * min(1.0, (step + 1) / (ramp + 1))


class Recipe(_Keys):
    """How to train one generator and its discriminator on one technology."""

    name: str
    """The run folder's default name."""
    net: Annotated[str, AfterValidator(NETS.check)]
    """Of the package, or a family of your own (`spingan.nn.net_names.register_net`)."""
    technology: str
    """A shipped name, a technology's YAML file, or a folder that holds one."""
    data: Data
    """The real images."""
    training_images: int = Field(gt=0)
    """Images of an epoch in the paper's accounting; the bill is written for them."""
    batch_size: int = Field(gt=1)
    """Images of an update, real and as many made."""
    latent_size: int = Field(gt=0, le=65_536)
    """Random numbers that an image is drawn from."""
    epochs: int = Field(gt=0)
    """Times that all images are shown."""
    generator_learning_rate: float = Field(gt=0)
    """Adam's step; with on_chip the largest rms of an update, in fractions of full scale."""
    discriminator_learning_rate: float = Field(gt=0)
    """The same, of the discriminator."""
    loss: str = "cross_entropy"
    """`cross_entropy`: of each image alone; `relativistic`: of pairs, a real image and a made one. Or one of the net's
    own family."""
    slope_penalty: SlopePenalty | None = None
    """A penalty on the discriminator's slope at real and at made images; goes with relativistic."""
    augmentation: Augmentation | None = None
    """Changes to every image, real and made alike, before the discriminator sees it."""
    rates_fall_after: int | None = Field(default=None, ge=0)
    """Epoch after which both learning rates fall, in a straight line to zero at the end of the last."""
    adam_betas: tuple[_Decay, _Decay]
    """Adam's decays of the gradient's mean and of its square's."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Of first weights, latents, order and noise."""
    goes_on_from: str | None = None
    """The recipe of the run that this one begins with: `train` wants that run or its shipped weights, and begins with
    no new generator."""
    discriminator_alone: int = Field(default=0, ge=0)
    """Epochs at the beginning in which the discriminator alone learns. Weights without their discriminator begin with
    another, which would spoil a trained generator until it has learned to tell its images. A
    new one has no slope penalty in the first half of them: it would stay at zero, as good images are hard to tell."""
    discriminator_exact: bool = False
    """Compute the discriminator in floating point with exact activations, in place of the technology's: a chip that
    draws images has none, and its judge need not suffer from its devices."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """`auto` times a layer both ways when the run begins and keeps the faster; the run's files record which."""
    read_noise: Noise | None = None
    """Noise of every weight in training, drawn anew at each read: {fraction: 0.02, of: full_scale}."""
    programming_noise: Noise | None = None
    """Noise of every weight in training, drawn anew at each update."""
    weight_clip: float | None = Field(default=None, ge=1)
    """Hold each column's weights within so many times their root mean square, which then is full scale: the weights use
    more of it, and noise that is a fraction of full scale matters less."""
    drawn_devices: DrawnDevices | None = None
    """Train with other activation devices at each update: Wan et al., Nature 608, 504 (2022) and Rasch et al., Nat.
    Commun. 14, 5282 (2023) train with the noise that they expect. Without it every device is its table's."""
    image_noise: float | None = Field(default=None, gt=0)
    """Deviation of the noise on every image, real or made, that the discriminator sees in training (images: -1 to 1).
    Without it, clean edges of real images give away what is made: Sønderby et al., arXiv 1610.04490, section 3.3."""
    on_chip: OnChip | None = None
    """Training whose only state are the conductances. Programming noise is then drawn once: the chip's devices are what
    they are."""
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
    """Steps between checkpoints."""
    log_every: int = Field(default=50, gt=0)
    """Steps between rows of metrics.csv."""
    sample_epochs: tuple[Annotated[int, Field(gt=0)], ...] = ()
    """Epochs after which samples are drawn and the weights kept."""
    sample_count: int = Field(default=64, gt=0)
    """Images of such a grid."""

    @model_validator(mode="after")
    def _keys_fit_together(self) -> Self:
        known = NETS[self.net].losses
        if self.loss not in known:
            raise UserError(f"loss {self.loss!r} is not one of net {self.net}", f"Choose one of: {', '.join(known)}.")
        if self.on_chip is not None and self.weight_clip is not None:
            raise UserError("on_chip has a full scale of its own", "Leave weight_clip out.")
        if self.on_chip is not None and self.drawn_devices is not None:
            raise UserError("the devices of a chip that learns are what they are", "Leave drawn_devices out.")
        if self.on_chip is not None and self.on_chip.rule == "residual" and self.average_decay is not None:
            raise UserError(
                "on_chip.rule=residual: a weight is two arrays' sum, and no average of it can be written into one",
                "Leave average_decay out, or choose another rule.",
            )
        if self.on_chip is not None and self.on_chip.read_back and self.on_chip.rule != "mixed_precision":
            raise UserError(
                f"on_chip.read_back: rule {self.on_chip.rule} keeps no sum that a read could correct",
                "Leave read_back out, or choose on_chip.rule=mixed_precision.",
            )
        if self.on_chip is not None and self.on_chip.pulse_at < 1 and self.on_chip.rule != "mixed_precision":
            raise UserError(
                f"on_chip.pulse_at: rule {self.on_chip.rule} keeps no sum that could be rounded",
                "Leave pulse_at out, or choose on_chip.rule=mixed_precision.",
            )
        if self.on_chip is not None and self.on_chip.read_after and not self.on_chip.read_back:
            raise UserError(
                "on_chip.read_after: what pulses did is the difference to a read before them",
                "Add --set on_chip.read_back=true.",
            )
        if self.on_chip is not None and self.on_chip.digital_norms and not self.on_chip.moments:
            raise UserError(
                "on_chip.digital_norms: batch norm's numbers learn by Adam's moments", "Add --set on_chip.moments=true."
            )
        if self.on_chip is not None and self.discriminator_exact:
            raise UserError("on_chip: both nets learn on the chip", "Leave discriminator_exact out.")
        if self.discriminator_exact and self.drawn_devices is not None and self.drawn_devices.of == "both":
            raise UserError("an exact discriminator has no devices to draw", "Set drawn_devices.of=generator.")
        if self.discriminator_alone >= self.epochs:
            raise UserError(
                f"discriminator_alone: the generator learns nothing in {self.epochs} epochs",
                f"Choose fewer than {self.epochs}, or more epochs.",
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


def names_a_model(name: str | Path) -> bool:
    """Whether a text means a model: recipes come first, since a shipped model bears the name of its recipe."""
    if str(name) in shipped_recipes():
        return False
    return str(name) in shipped_models() or is_folder(name) or (exists(Path(name)) and Path(name).suffix != ".yaml")


def recipe_text(recipe: Recipe) -> str:
    """The recipe with all its keys, as YAML that `load_recipe` reads."""
    return yaml.safe_dump(recipe.to_dict(), sort_keys=False, allow_unicode=True, width=110)


def recipe_keys() -> list[dict[str, Any]]:
    """Every key of a recipe in the order of the schema: `key`, `default`, `meaning`.

    A key of a section has the section's name before it, as in `slope_penalty.weight`. The default is None for a key
    that may be left out and then means nothing, and absent for one that every recipe needs.
    """

    def keys_of(model: type[BaseModel], before: str) -> list[dict[str, Any]]:
        rows = []
        for name, field in model.model_fields.items():
            needed = {} if field.is_required() else {"default": field.default}
            rows.append({"key": before + name, **needed, "meaning": " ".join((field.description or "").split())})
            kinds = get_args(field.annotation) or (field.annotation,)
            for kind in kinds:
                if isinstance(kind, type) and issubclass(kind, BaseModel):
                    rows += keys_of(kind, f"{before}{name}.")
        return rows

    return keys_of(Recipe, "")


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
    content, _ = parse_yaml(
        read_text(path, f"the recipe {path}", "YAML in UTF-8"), f"recipe {path}", "spingan recipe show NAME"
    )
    set_values(content, overrides)
    return recipe_from(content, f"recipe {name}")


def recipe_from(content: dict[str, Any], where: str) -> Recipe:
    """The recipe with those keys and values.

    Raises:
        UserError: An unknown key, or a value of the wrong kind; `where` says of what.
    """
    return build(Recipe, content, where)
