"""Rules of on-chip learning: how a gradient becomes pulses, by name. A rule is a file with a subclass of `UpdateRule`.

The seam: `_begin` (what a rule keeps of an array), `_update` (one gradient becomes pulses), a second array in the layer
where the forward read takes one (`AnalogLayer.second`), and `cost`. All that a rule keeps is in its optimizer's state,
and so in the checkpoint.
"""

from spingan.nn.update_rules.agad import Agad
from spingan.nn.update_rules.base import SHARES, Settings, UpdateRule
from spingan.nn.update_rules.mixed_precision import MixedPrecision
from spingan.nn.update_rules.pulses import Pulses
from spingan.nn.update_rules.residual import Residual
from spingan.nn.update_rules.tiki_taka import TikiTaka

RULES: dict[str, type[UpdateRule]] = {rule.name: rule for rule in (Pulses, MixedPrecision, TikiTaka, Agad, Residual)}

__all__ = ["RULES", "SHARES", "Settings", "UpdateRule"]
