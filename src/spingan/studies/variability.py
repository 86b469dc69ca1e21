"""Pictures and their quality against the variability of the devices: paper M, figure 7 of the generated images."""

from collections.abc import Sequence

from spingan.errors import UserError
from spingan.nn.weights import load_model
from spingan.spec.technology import Technology
from spingan.studies.axes import Asked, Axis, condition
from spingan.studies.study import Study

FRACTIONS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)  # paper M, figure 7 of the generated images


def variability(asked: Asked, *, fractions: Sequence[float] = FRACTIONS) -> Study:
    """The model's generator on chips whose devices vary more and more. The ideal is the one without variability.

    Raises:
        UserError: A fraction outside 0 to 1, no synapse, or as for trials.
    """
    model = load_model(asked.model)
    axis, notes = variability_axis(model.technology, fractions)
    base = asked.trial(model)
    return asked.sweep(model, base, axis, (0.0, "0%", axis.change(base, 0.0)), notes)


def variability_axis(technology: Technology, fractions: Sequence[float]) -> tuple[Axis, tuple[str, ...]]:
    """The axis of variability from 0 on, and a note that says of what it is.

    Raises:
        UserError: The technology has no synapse, or a resistance reaches zero: a fraction is not in 0 to below 1.
    """
    of, note = variability_of(technology)
    for fraction in fractions:
        if not 0 <= fraction < 1:
            raise UserError(
                f"variability of {fraction:.0%} makes resistances zero or negative", "Give fractions from 0 to below 1."
            )
    values = tuple(sorted({0.0, *fractions}))
    change = condition("programming_noise", of)
    return Axis("variability", "", "variability", values, change, "{:.0%}".format, "percent"), (note,)


def variability_of(technology: Technology) -> tuple[str, str]:
    """Of what the variability of a technology's devices is (`Noise.of`), and a note that says so.

    Of each device's resistance, which lies anywhere within ± the fraction; where a synapse has no conductances in
    siemens, of each weight's value.

    Raises:
        UserError: The technology has no synapse.
    """
    synapse = technology.synapse
    if synapse is None:
        raise UserError(
            f"technology {technology.name} has no devices that could vary", "Name a model on a technology that has."
        )
    if synapse.basis == "normalised":
        return "value", f"{synapse.name} has no resistances: the variability is of each weight's value, Gaussian."
    return "resistance", "Each device's resistance lies anywhere within ± the variability of what was written."
