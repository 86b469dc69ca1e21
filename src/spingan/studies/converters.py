"""Pictures and their quality against the bits of the converters at the tiles' edges: what bits are enough."""

from collections.abc import Sequence
from dataclasses import replace

from spingan.errors import UserError
from spingan.nn.weights import load_model
from spingan.spec.technology import Converter, Technology, load_technology
from spingan.studies.axes import Asked, Axis, Change
from spingan.studies.study import Study
from spingan.studies.trials import Trial, technology_text

BITS = (3, 4, 5, 6, 8, 10)  # assumed: around the 8 bits of the shipped technologies
_IDEAL = {"dac": Converter(), "adc": Converter()}
_SIDES = {
    "ADC": ("adc",),
    "DAC": ("dac",),
    "both": ("adc", "dac"),
}


def converters(asked: Asked, *, bits: Sequence[int] = BITS, technology: str | None = None) -> Study:
    """The model's arrays with ADCs, DACs and both of so many bits; what else the technology says stays.

    Ranges are measured anew for each number of bits, as a chip's are (`spingan.nn.Quantiser`); nothing is trained
    again. The ideal is the same net without converters.

    Args:
        bits: Of a converter.
        technology: Whose arrays the weights are written into; None: the model's own.

    Raises:
        UserError: No bits or more than 16, or as for trials.
    """
    wanted = tuple(sorted(set(bits)))
    if not wanted or not 2 <= wanted[0] <= wanted[-1] <= 16 or any(width != int(width) for width in wanted):
        raise UserError(f"bits {', '.join(map(str, wanted)) or 'none'}", "Give whole numbers from two to sixteen.")
    model = load_model(asked.model)
    own = model.technology if technology is None else load_technology(technology)
    plain = own.model_copy(update=_IDEAL)
    base = replace(asked.trial(model), technology=technology_text(plain))
    axes = [
        Axis("distance", name, "bits of a converter", wanted, _with_bits(plain, own, sides), _label)
        for name, sides in _SIDES.items()
    ]
    series, ideal, metric = asked.pictures(base, axes, (0, "no converters", base), "converters")
    rows = own.tile_rows
    sums = (
        "one sum a column" if rows is None or own.partial_sums == "analog" else f"a sum every {rows} rows of a column"
    )
    notes = (f"The ADC converts {sums}. Ranges are those of least squared error.", "Nothing was trained again.")
    return asked.study("converters", own, series, asked.obtained(), ideal, metric, notes=notes)


def _label(bits: float) -> str:
    return f"{bits:g} bits"


def _with_bits(plain: Technology, own: Technology, sides: Sequence[str]) -> Change:
    def change(trial: Trial, bits: float) -> Trial:
        told = {side: getattr(own, side).model_copy(update={"bits": int(bits)}) for side in sides}
        return replace(trial, technology=technology_text(plain.model_copy(update=told)))

    return change
