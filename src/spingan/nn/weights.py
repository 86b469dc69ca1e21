"""Trained generators in files: what the arrays hold as level codes, the technology beside, and how it was obtained."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from torch import Tensor, nn

from spingan.arrays.conditions import ChipConditions
from spingan.arrays.mapping import nearest_level
from spingan.errors import UserError
from spingan.nn.analog import AnalogLayer
from spingan.nn.chip import CALIBRATION, Chip, fit_to_weights, program_chip
from spingan.nn.conversion import Conversion, convert
from spingan.nn.family import Family, family_named
from spingan.nn.finite import require_finite
from spingan.nn.model_files import model_file, shipped_files
from spingan.nn.noise_source import stream_key
from spingan.nn.quantise import along
from spingan.nn.tensor_files import load_module, read_metadata, read_tensors, write_tensors
from spingan.spec.technology import Technology, Transposed

_FITTING = 5  # stream of a recipe's seed; the others are training's (spingan.training.nets)
FIT_IMAGES = 16 * 256  # a mean known to 1/64 of a deviation
MOST_FIT_IMAGES = 1 << 20  # assumed: their latents take 400 MB
_BATCH = 250  # images generated at a time: the 64x64 net's largest map then takes 65 MB


class _Header(BaseModel):
    """What a weights file says about itself."""

    model_config = ConfigDict(extra="forbid")
    schema_version: Literal[1] = 1
    name: str
    net: str
    latent_size: int = Field(ge=1, le=65_536)
    technology: dict[str, Any]
    info: dict[str, Any]
    transposed: dict[str, Transposed] = Field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """What a model's file says of its training. None is unknown.

    Attributes:
        data: Name of the image set.
        data_path: The folder that it was read from, where the recipe named one.
        loss: Name of the loss.
        goes_on_from: The net that its training began with, where the recipe named one.
    """

    data: str | None = None
    data_path: str | None = None
    loss: str | None = None
    goes_on_from: str | None = None

    @classmethod
    def of(cls, info: dict[str, Any]) -> "Origin":
        """What a weights file's `info` says; sections of another form say nothing."""
        recipe = info.get("recipe")
        if not isinstance(recipe, dict):
            return cls()
        data = recipe.get("data")
        name, path = (data.get("name"), data.get("path")) if isinstance(data, dict) else (None, None)
        loss = recipe.get("loss", "cross_entropy")  # once the only one
        found = name, path, loss, recipe.get("goes_on_from")
        return cls(*(value if isinstance(value, str) else None for value in found))


@dataclass
class Model:
    """A trained generator and the technology that it was trained for.

    Attributes:
        generator: The converted generator, in evaluation mode.
        conversion: What became of each of its modules.
        info: How it was obtained: recipe, seed, epochs, version, wall time.
    """

    name: str
    net: str
    latent_size: int
    technology: Technology
    conversion: Conversion
    info: dict[str, Any] = field(default_factory=dict)
    _last_chip: tuple[tuple[Any, ...], Chip] | None = field(default=None, init=False, repr=False)

    @property
    def origin(self) -> Origin:
        """What is known of its training."""
        return Origin.of(self.info)

    @property
    def family(self) -> Family:
        """What kind of generator it is."""
        return family_named(self.net)

    @property
    def generator(self) -> nn.Module:
        """The converted generator before programming."""
        return self.conversion.model

    def chip(self, conditions: ChipConditions = ChipConditions()) -> Chip:
        """The generator on one chip; the last one is kept. The latents that it is fitted to depend on the seed alone.

        Raises:
            UserError: The technology has no devices for what is asked of them, or a number in the net is not finite.
        """
        now = tuple((id(tensor), tensor._version) for tensor in self.generator.state_dict(keep_vars=True).values())
        key = (conditions, now)  # weights may change in between
        if self._last_chip is None or self._last_chip[0] != key:
            chip = program_chip(
                self.generator,
                self.technology,
                conditions,
                fitting=fitting_inputs(self.family, self.latent_size, seed=0) if conditions.clip else (),
                calibration=self._calibration_inputs(conditions),
            )
            self._last_chip = key, chip
        return self._last_chip[1]

    @classmethod
    def from_pretrained(cls, model: str | Path, **asked: Any) -> "Model":
        """A model from a folder of `save_pretrained`, a shipped name, or the Hugging Face Hub ("owner/name").

        Args:
            asked: `revision`, `cache_dir` and `offline`, for the Hub (`spingan.nn.pretrained.from_pretrained`).

        Raises:
            UserError: There is no such model, or huggingface_hub, which only the Hub needs, is not installed.
        """
        from spingan.nn.pretrained import from_pretrained

        return from_pretrained(model, **asked)

    def save_pretrained(self, folder: str | Path, **asked: Any) -> Path:
        """Write the model as the Hugging Face Hub has them: README.md, config.json, model.safetensors, samples.png.

        Args:
            asked: `license` of the weights and `metrics` by name, for the card.

        Raises:
            UserError: A number is not finite, or the folder cannot be written.
        """
        from spingan.nn.pretrained import save_pretrained

        return save_pretrained(self, folder, **asked)

    def _calibration_inputs(self, conditions: ChipConditions) -> tuple[tuple[Tensor, ...], ...]:
        count = conditions.calibration
        if count == 0:
            return ()
        if count < 2:
            raise UserError(f"{count} images give a chip no mean and variance", "Give 0, or at least 2; 4096 are many.")
        generator = torch.Generator().manual_seed(stream_key(conditions.seed, CALIBRATION) >> 1)
        return _inputs(self.family, self.latent_size, count, generator, -(-count // _BATCH))

    def sample(
        self,
        count: int,
        seed: int = 0,
        chip: int | ChipConditions = 0,
        *,
        labels: int | Sequence[int] | Tensor | None = None,
    ) -> Float[Tensor, "count channels height width"]:
        """`count` images in -1..1 from one chip; the same arguments give the same images.

        Args:
            seed: Of the latents and of what is drawn anew at each read.
            chip: Its seed, or its conditions.
            labels: Of a net that takes classes: one for all images, or one for each; None: the classes in turn.

        Raises:
            UserError: `count` is negative, `seed` is no number of 64 bits, there is no such class, an image is not
                finite, or as `chip` raises.
        """
        if count < 0:
            raise UserError(f"cannot draw {count} images", "Ask for 0 or more.")
        if not 0 <= seed < 2**64:
            raise UserError(f"seed {seed} is not a number of 64 bits", "Give one from 0 to 2**64 - 1.")
        given = self.family.labels(count, labels)
        programmed = self.chip(chip if isinstance(chip, ChipConditions) else ChipConditions(chip))
        programmed.restart(seed)
        latents = self.family.draw_latents(count, self.latent_size, torch.Generator().manual_seed(seed))
        images = self.family.sample(programmed, latents, given, _BATCH)
        if not bool(images.isfinite().all()):
            raise UserError(
                f"{self.name} draws pixels that are NaN or infinite",
                "Its weights, or the noise and ranges of its technology, are too large: correct them.",
            )
        return images


def fitting_inputs(
    family: Family, latent_size: int, seed: int, count: int = FIT_IMAGES
) -> tuple[tuple[Tensor, ...], ...]:
    """Batches of inputs that a generator's gains, norms and ranges are fitted to (`fit_to_weights`)."""
    generator = torch.Generator().manual_seed(stream_key(seed, _FITTING) >> 1)
    return _inputs(family, latent_size, count, generator, parts=-(-count // 256))


def _inputs(
    family: Family, latent_size: int, count: int, generator: torch.Generator, parts: int
) -> tuple[tuple[Tensor, ...], ...]:
    inputs = family.draw_latents(count, latent_size, generator), *family.labels(count)
    return tuple(zip(*(part.tensor_split(parts) for part in inputs), strict=True))


def reprogrammed(model: Model, technology: Technology, fit_images: int = FIT_IMAGES) -> Model:
    """A trained generator written into the arrays of another technology, without training it again.

    Gains, activation ranges and batch-norm statistics are measured anew on what the new devices hold. From columns that
    end in a load, whose weights depend on each other, what is written elsewhere is what they give.

    Args:
        fit_images: Images that they are measured on; fewer take less time and give less exact statistics.

    Raises:
        UserError: The net does not fit the technology, or there are too few images to measure a variance on.
    """
    if not 2 <= fit_images <= MOST_FIT_IMAGES:
        raise UserError(
            f"gains and batch norms cannot be fitted to {fit_images} images", f"Give 2 to {MOST_FIT_IMAGES:,}."
        )
    plain = model.family.make_generator(model.latent_size)
    trained = model.generator.state_dict()
    plain.load_state_dict({name: trained[name] for name in plain.state_dict()})
    if technology.load_conductance is None:
        for name, layer in model.generator.named_modules():
            if isinstance(layer, AnalogLayer) and layer.rules.load is not None:
                plain.get_parameter(f"{name}.weight").data.copy_(layer.effective_weight().detach())
    conversion = convert(plain.eval(), technology, transposed=model.conversion.transposed)
    fit_to_weights(conversion.model, fitting_inputs(model.family, model.latent_size, 0, fit_images))
    info = {"trained as": model.name, "trained on": model.technology.name, **model.info}
    return Model(f"{model.name} on {technology.name}", model.net, model.latent_size, technology, conversion, info)


def save_weights(path: str | Path, model: Model) -> None:
    """Write a generator: level codes and gains of its arrays, float numbers of the rest, all else in the header.

    Codes are packed to as few bits as the technology's weight levels need; six for 64.

    Raises:
        UserError: A number is not finite, or the place cannot be written.
    """
    require_finite(model.generator)
    tensors: dict[str, Tensor] = {}
    layers = {name: module for name, module in model.generator.named_modules() if isinstance(module, AnalogLayer)}
    for name, tensor in model.generator.state_dict().items():
        parent, _, leaf = name.rpartition(".")
        layer = layers.get(parent)
        if layer is not None and leaf in ("passed", "other_passed"):
            continue  # it follows from the weights
        if layer is not None and leaf == "weight" and layer.levels.numel():
            tensors[f"{parent}.codes"] = torch.from_numpy(_pack(_codes(layer), layer.levels.numel()))
        else:
            tensors[name] = tensor.detach().cpu().contiguous()
    header = _Header(
        name=model.name,
        net=model.net,
        latent_size=model.latent_size,
        technology=model.technology.to_dict(),
        info=model.info,
        transposed=dict(model.conversion.transposed),
    )
    write_tensors(path, tensors, header.model_dump())


def float_twin(model: Model) -> Model | None:
    """The shipped generator in floating point of the same net, trained on the same images with the same loss.

    The one that bears the model's name and `-float` comes before others, then that of the net that the model went on
    from. None for a model that is in floating point itself, or has no such twin.
    """
    if model.technology.synapse is None and not model.technology.activations:
        return None
    if model.origin.data is None:
        return None
    first = {f"{model.name}-float": 0, f"{model.origin.goes_on_from}-float": 1}
    for name, path in sorted(shipped_files().items(), key=lambda item: first.get(item[0], 2)):
        header = read_metadata(path, "weights file")
        technology, origin = header["technology"], Origin.of(header["info"])
        exact = technology.get("synapse") is None and not technology.get("activations")
        same = origin.data == model.origin.data and origin.loss == model.origin.loss
        if exact and same and header["net"] == model.net:
            return load_model(name)
    return None


def load_model(model: str | Path) -> Model:
    """A generator by its shipped name, its weights file, the run folder that trained it, or one of `save_pretrained`.

    Raises:
        UserError: There is none, or the file is not a whole generator of this version.
    """
    return _read_model(model_file(model))


def _read_model(path: Path) -> Model:
    tensors = read_tensors(path, "weights file")
    try:
        header = _Header.model_validate(read_metadata(path, "weights file"))
        TypeAdapter(dict[str, Any]).validate_python(header.info.get("recipe", {}))
    except ValidationError as error:
        raise UserError(
            f"{path} is not a weights file of this version", "Give a weights.safetensors, or update spingan."
        ) from error
    technology = Technology.from_dict(header.technology, f"the technology in {path}")
    plain = family_named(header.net).make_generator(header.latent_size).eval()
    conversion = convert(plain, technology, transposed=header.transposed)
    for name, layer in conversion.model.named_modules():
        if isinstance(layer, AnalogLayer) and f"{name}.codes" in tensors and f"{name}.gain" in tensors:
            codes = tensors.pop(f"{name}.codes")
            if layer.passed is not None and layer.other_passed is not None:
                tensors |= {f"{name}.passed": layer.passed, f"{name}.other_passed": layer.other_passed}
            tensors[f"{name}.weight"] = _decoded(codes, tensors[f"{name}.gain"], layer, f"{path}, layer {name}")
    load_module(conversion.model, tensors, str(path))
    require_finite(conversion.model)
    return Model(header.name, header.net, header.latent_size, technology, conversion, header.info)


def _decoded(packed: Tensor, gain: Tensor, layer: AnalogLayer, where: str) -> Tensor:
    """The weights that the codes stand for."""
    levels, count = layer.levels.numel(), layer.weight.numel()
    size = -(-count * _bits(levels) // 8)
    if packed.dtype != torch.uint8 or packed.shape != (size,) or gain.shape != layer.gain.shape:
        raise UserError(
            f"{where} is of another net: {packed.numel()} bytes of codes where {size} belong",
            "Use the net that the file was made with.",
        )
    codes = torch.from_numpy(_unpack(packed.numpy(), levels, count))
    if int(codes.max()) >= levels:
        raise UserError(f"{where} has codes beyond the {levels} levels of its technology", "Give an undamaged file.")
    return layer.levels[codes].view_as(layer.weight) * along(gain, layer.weight, layer.column_axis)


def _codes(layer: AnalogLayer) -> NDArray[np.int64]:
    values = (layer.weight.detach() / along(layer.gain, layer.weight, layer.column_axis)).clamp(-1, 1)
    return nearest_level(values, layer.levels).reshape(-1).cpu().numpy()


def _bits(levels: int) -> int:
    """Bits that one code takes."""
    return max(1, (levels - 1).bit_length())


def _pack(codes: NDArray[np.int64], levels: int) -> NDArray[np.uint8]:
    """Codes as a bit string, most significant bit first, padded to whole bytes."""
    places = np.arange(_bits(levels) - 1, -1, -1)
    return np.packbits(((codes[:, None] >> places) & 1).astype(np.uint8))


def _unpack(packed: NDArray[np.uint8], levels: int, count: int) -> NDArray[np.int64]:
    width = _bits(levels)
    bits = np.unpackbits(packed, count=count * width)
    return bits.reshape(count, width) @ (1 << np.arange(width - 1, -1, -1))
