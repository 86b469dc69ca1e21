"""What a user says of noise, apart from how it is drawn: so that a recipe is checked before torch is loaded."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Noise(BaseModel):
    """Noise of a weight: Gaussian, its standard deviation as a fraction of the column's full scale or of the value; or
    of each device's resistance, which then lies anywhere within ± that fraction of what was meant.

    A Gaussian of 50 % of a resistance would make some negative; even odds within bounds do not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    fraction: float = Field(ge=0.0, le=1.0)
    """Standard deviation, or with `of: resistance` the bound."""
    of: Literal["full_scale", "value", "resistance"] = "full_scale"
    """What it is a fraction of."""

    @model_validator(mode="after")
    def _resistances_stay_positive(self) -> Self:
        if self.of == "resistance" and self.fraction >= 1:
            raise ValueError(f"variability of ±{self.fraction:.0%} makes resistances zero or negative: stay below 1")
        return self
