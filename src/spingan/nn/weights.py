"""Trained generators in files: what the arrays hold as level codes, the technology beside them, and how it was obtained."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from spingan.errors import UserError
from spingan.hardware.mapping import Noise, nearest_level
from spingan.hardware.technology import Technology
from spingan.nn.analog import AnalogLayer
from spingan.nn.chip import program_chip
from spingan.nn.conversion import Conversion, convert
from spingan.nn.dcgan import generator, pair_named
from spingan.nn.tensor_files import load_module, read_metadata, read_tensors
from spingan.output import atomic_path

_PRETRAINED = Path(__file__).parents[1] / "pretrained"
WEIGHTS = "weights.safetensors"
_BATCH = 250  # images generated at a time: the 64x64 net's largest map then takes 65 MB


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

    @property
    def generator(self) -> nn.Module:
        """The converted generator before programming."""
        return self.conversion.model

    @cached_property
    def _chips(self) -> dict[Any, nn.Module]:
        return {}

    def chip(
        self, chip_seed: int = 0, *, programming_noise: Noise | None = None, read_noise: Noise | None = None
    ) -> nn.Module:
        """The generator programmed into chip `chip_seed`, batch norm folded."""
        key = (chip_seed, programming_noise, read_noise)
        if key not in self._chips:
            self._chips[key] = program_chip(
                self.generator, self.technology, chip_seed, programming_noise=programming_noise, read_noise=read_noise
            )
        return self._chips[key]

    def sample(
        self,
        count: int,
        seed: int = 0,
        chip_seed: int = 0,
        *,
        programming_noise: Noise | None = None,
        read_noise: Noise | None = None,
    ) -> Float[Tensor, "count channels height width"]:
        """`count` images in -1..1 from one chip; the same seeds give the same latents and the same chip."""
        chip = self.chip(chip_seed, programming_noise=programming_noise, read_noise=read_noise)
        latents = torch.randn(count, self.latent_size, 1, 1, generator=torch.Generator().manual_seed(seed))
        with torch.inference_mode():
            return torch.cat([chip(batch).float().contiguous() for batch in latents.split(_BATCH)])


def save_weights(path: str | Path, model: Model) -> None:
    """Write a generator: level codes and gains of its arrays, float numbers of the rest, all else in the header.

    Codes are packed to as few bits as the technology's weight levels need; six for 64.
    """
    tensors: dict[str, Tensor] = {}
    layers = {name: module for name, module in model.generator.named_modules() if isinstance(module, AnalogLayer)}
    for name, tensor in model.generator.state_dict().items():
        parent, _, leaf = name.rpartition(".")
        layer = layers.get(parent)
        if layer is not None and leaf == "weight" and layer.levels.numel():
            tensors[f"{parent}.codes"] = torch.from_numpy(_pack(_codes(layer), layer.levels.numel()))
        else:
            tensors[name] = tensor.detach().cpu().contiguous()
    header = {
        "schema_version": 1,
        "name": model.name,
        "net": model.net,
        "latent_size": model.latent_size,
        "technology": model.technology.to_dict(),
        "info": model.info,
    }
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata={"spingan": json.dumps(header)})


def shipped_models() -> tuple[str, ...]:
    """Names of the generators that come with the package."""
    return tuple(sorted(path.name.removesuffix(".weights.safetensors") for path in _PRETRAINED.glob("*.weights.safetensors")))


def load_model(model: str | Path) -> Model:
    """A generator by its shipped name, its weights file, or the run folder that trained it.

    Raises:
        UserError: There is none, or the file is not a whole generator of this version.
    """
    path = Path(model)
    if str(model) in shipped_models():
        path = _PRETRAINED / f"{model}.weights.safetensors"
    elif path.is_dir():
        path = path / WEIGHTS
        if not path.exists():
            raise UserError(f"{model} holds no {WEIGHTS}", "Give the folder of a training that reached its first samples.")
    elif not path.exists():
        raise UserError(
            f"there is no model {str(model)!r}",
            f"Give a run folder, a weights file, or a shipped name: {', '.join(shipped_models()) or 'none'}.",
        )
    return _read_model(path)


def _read_model(path: Path) -> Model:
    tensors = read_tensors(path, "weights file")
    header = read_metadata(path, "weights file")
    if header.get("schema_version") != 1:
        raise UserError(
            f"{path} is not a weights file of this version", "Give a weights.safetensors, or update spingan."
        )
    technology = Technology.from_dict(header["technology"])
    plain = generator(pair_named(header["net"]), header["latent_size"]).eval()
    conversion = convert(plain, technology)
    state = conversion.model.state_dict()
    for name, module in conversion.model.named_modules():
        codes = tensors.pop(f"{name}.codes", None)
        if isinstance(module, AnalogLayer) and codes is not None and f"{name}.gain" in tensors:
            gain = tensors[f"{name}.gain"]
            level = module.levels[torch.from_numpy(_unpack(codes.numpy(), module.levels.numel(), module.weight.numel()))]
            shape = [1] * module.weight.dim()
            shape[module.column_axis] = -1
            tensors[f"{name}.weight"] = level.view_as(state[f"{name}.weight"]) * gain.view(shape)
    load_module(conversion.model, tensors, str(path))
    return Model(header["name"], header["net"], header["latent_size"], technology, conversion, header["info"])


def _codes(layer: AnalogLayer) -> NDArray[np.uint8]:
    shape = [1] * layer.weight.dim()
    shape[layer.column_axis] = -1
    values = (layer.weight.detach() / layer.gain.view(shape)).clamp(-1, 1)
    return nearest_level(values, layer.levels).reshape(-1).numpy().astype(np.uint16)


def _bits(levels: int) -> int:
    return max(1, (levels - 1).bit_length())


def _pack(codes: NDArray[Any], levels: int) -> NDArray[np.uint8]:
    """Codes as a bit string, most significant bit first, padded to whole bytes."""
    places = np.arange(_bits(levels) - 1, -1, -1)
    return np.packbits(((codes[:, None] >> places) & 1).astype(np.uint8))


def _unpack(packed: NDArray[np.uint8], levels: int, count: int) -> NDArray[np.int64]:
    width = _bits(levels)
    bits = np.unpackbits(packed, count=min(count * width, packed.size * 8))
    if bits.size < count * width:
        return np.zeros(0, np.int64)  # too short for the net: loading then says which layer does not fit
    return bits.reshape(count, width) @ (1 << np.arange(width - 1, -1, -1))
