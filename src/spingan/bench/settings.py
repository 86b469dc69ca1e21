"""Everything that the page shows, as one frozen value: what is turned, and the technology and chip that follow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from spingan.arrays.conditions import ChipConditions, conditions_from
from spingan.bench.knobs import CONDITIONS, TECHNOLOGY
from spingan.errors import UserError, did_you_mean
from spingan.spec.noise import Noise
from spingan.spec.technology import ActivationKey, Technology, load_technology
from spingan.spec.value import Value

FIT_IMAGES = 256  # assumed: a mean known to 1/16 of a deviation, in 1/16 of the time that `reprogram` takes by default
PICTURES = 64
JUDGED = 500  # assumed: images whose distance is shown at once; an evaluation with 10,000 is a job
LARGEST_SEED = 2**63 - 1

Plain = bool | int | float | str | None


class Settings(Value):
    """What is turned on the page.

    Attributes:
        model: A shipped name, or one that the bench was started with.
        technology: Likewise; None: the arrays that the model was trained for, as they are.
        levels: Evenly spaced; None: as the synapse has them.
        synapse, activations: Files of curves, by the names that the bench gave them.
        set: Fields of the technology, by their key; None unsets one.
        conditions: Fields of `ChipConditions`.
        node_nm: Of the digital logic in the bill; None: the library's.
        seed, chip_seed: Of the latents, and of what is frozen in the chip.
        fit_images: Images that a chip's gains and batch norms are measured on, where the arrays are other ones.
    """

    model: str = Field(default="clothes-longer", min_length=1, max_length=4096)
    technology: str | None = Field(default=None, min_length=1, max_length=4096)
    levels: int | None = Field(default=None, ge=2, le=65_536)
    synapse: str | None = Field(default=None, max_length=64)
    activations: dict[ActivationKey, str] = Field(default_factory=dict)
    set: dict[str, Plain] = Field(default_factory=dict)
    conditions: dict[str, Noise | int | float] = Field(default_factory=dict)
    node_nm: float | None = Field(default=None, gt=0)
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED)
    chip_seed: int = Field(default=0, ge=0, le=LARGEST_SEED)
    fit_images: int = Field(default=FIT_IMAGES, ge=2, le=65_536)

    @model_validator(mode="after")
    def _keys_are_knobs(self) -> Self:
        for given, known in ((self.set, TECHNOLOGY), (self.conditions, CONDITIONS)):
            for key in given:
                if key not in known:
                    raise UserError(f"unknown knob {key}", f"{did_you_mean(key, known)}Known: {', '.join(known)}")
        if self.technology is None and (self.varies or self.fit_images != FIT_IMAGES):
            raise UserError(
                "the arrays are changed, and no technology is chosen",
                "Choose the technology that the changes start from.",
            )
        conditions_from(self.condition_settings)
        return self

    @property
    def varies(self) -> bool:
        """Whether the technology differs from the one that is named."""
        return bool(self.set or self.activations) or self.levels is not None or self.synapse is not None

    @property
    def technology_settings(self) -> list[str]:
        """What is set of the technology, as the command line takes it."""
        return [f"{key}={_text(value)}" for key, value in self.set.items()]

    @property
    def condition_settings(self) -> list[str]:
        """What is set of the conditions, as the command line takes it."""
        found = []
        for key, value in self.conditions.items():
            if not isinstance(value, Noise):
                found.append(f"{key}={_text(value)}")
            elif value.of == "full_scale":
                found.append(f"{key}={_text(value.fraction)}")
            else:
                found += [f"{key}.fraction={_text(value.fraction)}", f"{key}.of={value.of}"]
        return found

    @property
    def chip(self) -> ChipConditions:
        """The conditions of the chip.

        Raises:
            UserError: One is out of range.
        """
        return conditions_from(self.condition_settings, self.chip_seed)

    def curves(self, files: Mapping[str, Path]) -> dict[str, Any]:
        """`synapse` and `activations` by the files themselves.

        Raises:
            UserError: A file is not there any more.
        """
        for name in (self.synapse, *self.activations.values()):
            if name is not None and name not in files:
                raise UserError(f"the bench has no file {name}", "It was restarted: drop the CSV file again.")
        return {
            "synapse": None if self.synapse is None else files[self.synapse],
            "activations": {key: files[name] for key, name in self.activations.items()},
        }

    def arrays(self, files: Mapping[str, Path]) -> Technology | None:
        """The technology that the weights are written into; None: the model's own.

        Raises:
            UserError: A name, a file or a value is not right.
        """
        if self.technology is None:
            return None
        if not self.varies:
            return load_technology(self.technology)
        from spingan.technologies import varied_technology

        return varied_technology(
            self.technology, **self.curves(files), levels=self.levels, settings=self.technology_settings
        )


def _text(value: Plain) -> str:
    """A value as YAML has it on the command line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        text = repr(value)
        return text.replace("e", ".0e") if "e" in text and "." not in text else text  # YAML 1.1 wants the point
    return str(value)
