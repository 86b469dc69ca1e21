"""What the papers claim about noise, variability, levels and bits, as the studies take it."""

import json
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from spingan.papers.printed import load_yaml, numbers_in, printed_rows
from spingan.studies.claims import Claim
from spingan.studies.study import PaperPoint


def held_against(study: str) -> dict[str, Any]:
    """What the papers say about a study's settings, as keywords of `spingan.studies.run.run_study`."""
    found: dict[str, Any] = {"claims": paper_claims(study)}
    return found | {"printed": printed_points()} if study == "noise" else found


def paper_claims(study: str) -> tuple[Claim, ...]:
    """The papers' claims that a study tests; none for a study that they know nothing about."""
    return _claims().get(study, ())


@cache
def _claims() -> dict[str, tuple[Claim, ...]]:
    return TypeAdapter(dict[str, tuple[Claim, ...]]).validate_python(load_yaml("claims.yaml")["claims"])


@cache
def printed_points() -> tuple[PaperPoint, ...]:
    """Paper S's FIDs with noise, each with the noise-free one and the range of noise where that is printed."""
    printed = {row.what: row.printed for row in printed_rows() if row.paper == "S"}

    def point(axis: str, data: str, fid: str, noise_free: str, reading: str, percent: str = "") -> PaperPoint:
        low_high = [number / 100 for _, number in numbers_in(printed[percent])] if percent else []
        settings = (low_high[0], low_high[-1]) if low_high else None
        noisy, clean = (json.loads(printed[name]) for name in (fid, noise_free))  # 300 stays a whole number
        return PaperPoint(axis, data, noisy, clean, settings, reading)

    return tuple(point(**found) for found in load_yaml("claims.yaml")["noisy_distances"])
