"""What varies from chip to chip and from read to read, as plain values that travel between processes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any

from pydantic import TypeAdapter, ValidationError

from spingan.errors import UserError, did_you_mean
from spingan.spec.noise import Noise
from spingan.spec.synapse import Faults
from spingan.spec.technology import Technology
from spingan.yaml_text import set_values


@dataclass(frozen=True)
class ChipConditions:
    """Which chip, and what about it is not ideal. All zero is the chip as it was meant.

    Attributes:
        seed: Decides everything that is frozen when the arrays are written: noise, faults, the activations' devices.
        programming_noise: Noise of the weights, drawn once a chip. It replaces the synapse's own write error.
        read_noise: Noise of the weights, drawn anew at each read.
        latent_noise: Standard deviation of the noise on the net's input, which has 1 itself.
        input_noise: Standard deviation of the noise on the inputs of every array, drawn anew at each read, as a
            fraction of the root mean square of that array's inputs over the image.
        clip: Weights are held within so many times the root mean square of their column before they are written, and
            that becomes full scale; 0 does not clip.
        stuck: Share of devices that keep a conductance whatever is written: a third of them the smallest, a third the
            largest, a third any. It replaces the synapse's own faults.
        activation_gain: Standard deviation of the activations' gains, as a fraction of the gain.
        activation_offset: That of their offsets, as a fraction of the output's full scale.
        trim_bits: The activations' offsets are measured once, at zero input, and the columns that read them subtract
            what such numbers of bits hold of them (`spingan.nn.made_devices`); 0 does not trim.
        trim_noise: Standard deviation of a measurement, as a fraction of the output's full scale, to which the
            activation's own noise is added.
        trim_reads: Measurements that are averaged.
        faded: Share of every device's state that is lost since it was written.
        time_s: Time since the arrays were written, in which each device has changed by the synapse's retention; 0 is as
            they were written.
        calibration: Images that the chip draws once to measure its own batch norms and, after `time_s`, each array's
            gain; 0 keeps those of the net.
    """

    seed: int = 0
    programming_noise: Noise | None = None
    read_noise: Noise | None = None
    latent_noise: float = 0.0
    input_noise: float = 0.0
    clip: float = 0.0
    stuck: float = 0.0
    activation_gain: float = 0.0
    activation_offset: float = 0.0
    trim_bits: int = 0
    trim_noise: float = 0.0
    trim_reads: int = 1
    faded: float = 0.0
    time_s: float = 0.0
    calibration: int = 0

    def __post_init__(self) -> None:
        """Refuse what is out of range.

        Raises:
            UserError: The seed is no number of 64 bits, a noise is none, a share, a deviation, a time or a count is out
                of range, a trim without bits, or fading is given twice.
        """
        if not isinstance(self.seed, int) or not 0 <= self.seed < 2**64:
            raise UserError(
                f"chip seed {self.seed!r} is not a whole number of 64 bits", "Give one from 0 to 2**64 - 1."
            )
        for name in ("programming_noise", "read_noise"):
            if not isinstance(getattr(self, name), Noise | None):
                raise UserError(f"{name} {getattr(self, name)!r} is not a Noise", "Write Noise(fraction=0.05).")
        if not isinstance(self.calibration, int):
            raise UserError(f"calibration {self.calibration!r} is not a number of images", "Give a whole number.")
        if not isinstance(self.trim_bits, int) or not (self.trim_bits == 0 or 2 <= self.trim_bits <= 24):
            raise UserError(f"trim_bits {self.trim_bits!r} hold no offset", "Give 2 to 24, or 0 for no trim.")
        if not isinstance(self.trim_reads, int) or self.trim_reads < 1:
            raise UserError(f"trim_reads {self.trim_reads!r} measure nothing", "Give 1 or more.")
        if not self.trim_bits and (_number("trim_noise", self.trim_noise) or self.trim_reads != 1):
            raise UserError("trim_noise and trim_reads are a trim's, and there is none", "Give trim_bits.")
        for name in ("stuck", "faded"):
            if not 0 <= (share := _number(name, getattr(self, name))) < 1:
                raise UserError(f"{name} {share:g} is not a share", "Give one from 0 to below 1.")
        others = ("latent_noise", "input_noise", "clip", "activation_gain", "activation_offset", "trim_noise", "time_s")
        for name in (*others, "calibration"):
            if not 0 <= (number := _number(name, getattr(self, name))) < float("inf"):
                raise UserError(f"{name} {number:g} is out of range", "Give 0 or more.")
        if self.faded and self.time_s:
            raise UserError("both faded and time_s say how much of the states is lost", "Give one of the two.")

    def check_devices(self, technology: Technology) -> None:
        """Refuse an age that the technology's devices do not have.

        Raises:
            UserError: It has no devices that could fade, or their retention is unknown at that time.
        """
        if (self.faded or self.time_s) and technology.synapse is None:
            raise UserError(f"technology {technology.name} has no devices that could fade", "Leave the fading out.")
        if self.time_s and technology.synapse is not None:
            technology.synapse.retention_at(self.time_s)


def _number(name: str, value: object) -> float:
    """A condition as a float; infinite where it is a whole number beyond any float.

    Raises:
        UserError: It is no number.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise UserError(f"{name} {str(value)[:60]!r} is not a number", "Give a number such as 0.05.")
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def conditions_from(settings: Sequence[str] = (), seed: int = 0) -> ChipConditions:
    """The conditions that `key=value` settings say: `stuck=0.01`, `programming_noise=0.05`, `read_noise.of=value`.

    A noise that is a single number is its fraction of full scale.

    Raises:
        UserError: A setting is not of that form, its key is unknown, or its value is out of range.
    """
    content: dict[str, Any] = {}
    set_values(content, settings, "--condition", "stuck=0.01")
    known = [field.name for field in fields(ChipConditions) if field.name != "seed"]
    for key, value in content.items():
        if key not in known:
            raise UserError(f"unknown condition {key}", f"{did_you_mean(key, known)}Known: {', '.join(known)}")
        if any(isinstance(one, bool) for one in (value.values() if isinstance(value, dict) else [value])):
            raise UserError(f"condition {key}: a truth value is no number", "Give a number, or leave it out.")
        if key in ("programming_noise", "read_noise") and isinstance(value, int | float):
            content[key] = {"fraction": value}
    try:
        return TypeAdapter(ChipConditions).validate_python({**content, "seed": seed})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        cause = first.get("ctx", {}).get("error")
        if isinstance(cause, UserError):
            raise cause from None
        key = ".".join(str(part) for part in first["loc"])
        message = f"condition {key} {first['input']!r}: {first['msg'][:1].lower()}{first['msg'][1:]}"
        raise UserError(message, "Correct the value, or leave the condition out.") from None


def with_stuck(technology: Technology, share: float) -> Technology:
    """The technology with that share of stuck devices, a third each at the smallest, the largest and any conductance.

    Raises:
        UserError: It has no devices.
    """
    if technology.synapse is None:
        raise UserError(f"technology {technology.name} has no devices that could stick", "Name one with a synapse.")
    third = share / 3
    faults = Faults(stuck_at_minimum=third, stuck_at_maximum=third, stuck_at_random=third)
    synapse = technology.synapse.model_copy(update={"faults": faults})
    return technology.model_copy(update={"synapse": synapse})
