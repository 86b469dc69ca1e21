"""A film's parameters against temperature: powers of m(T), one reference, and an end at the Curie point."""

import math
from dataclasses import replace

import pytest

from spingan.errors import UserError
from spingan.physics.film import Film
from spingan.physics.film_temperature import COBALT_ON_PLATINUM as LAW

WALL_FILM = Film(580e3, 15e-12, 3e-3, 0.6e6, 0.3, 1e-9, "paper S, IV-D")
POWERS = {
    "saturation_magnetization_a_per_m": 1.0,
    "exchange_stiffness_j_per_m": 1.8,
    "interfacial_dmi_j_per_m2": 1.5,
    "anisotropy_j_per_m3": 3.0,
}


def test_magnetisation_falls_from_one_to_nothing():
    seen = [LAW.magnetisation(t) for t in (0.0, 100.0, 300.0, 700.0, 1119.9)]
    assert seen[0] == 1.0
    assert seen == sorted(seen, reverse=True)
    assert 0 < seen[-1] < 1e-3
    assert 1 - seen[1] == pytest.approx((1 - seen[2]) / 3**1.5)  # Bloch's power


@pytest.mark.parametrize(("name", "power"), POWERS.items())
def test_every_parameter_is_its_power_of_the_magnetisation(name, power):
    warm = LAW.film_at(WALL_FILM, 400.0)
    ratio = LAW.magnetisation(400.0) / LAW.magnetisation(300.0)
    assert ratio < 1
    assert math.log(getattr(warm, name) / getattr(WALL_FILM, name)) == pytest.approx(power * math.log(ratio))


def test_the_reference_temperature_changes_nothing_and_the_way_there_does_not_matter():
    assert LAW.film_at(WALL_FILM, LAW.reference_k) == WALL_FILM
    there = LAW.film_at(WALL_FILM, 150.0)
    back = replace(LAW, reference_k=150.0).film_at(there, 300.0)
    for name in POWERS:
        assert getattr(back, name) == pytest.approx(getattr(WALL_FILM, name), rel=1e-12)
    assert there.gilbert_damping == WALL_FILM.gilbert_damping
    assert "150 K" in there.source


@pytest.mark.parametrize(
    ("temperature_k", "words"), [(-1.0, "-1 K"), (math.nan, "nan K"), (1120.0, "Curie point of 1120 K")]
)
def test_a_temperature_that_the_law_does_not_hold_at_is_refused(temperature_k, words):
    with pytest.raises(UserError, match=words):
        LAW.film_at(WALL_FILM, temperature_k)


def test_a_law_that_makes_no_sense_is_refused():
    with pytest.raises(UserError, match="curie_k is 0"):
        replace(LAW, curie_k=0.0)
    with pytest.raises(UserError, match="reference_k is 2000 K"):
        replace(LAW, reference_k=2000.0)
    with pytest.raises(UserError, match="dmi_power is -1"):
        replace(LAW, dmi_power=-1.0)
