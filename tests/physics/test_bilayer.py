from dataclasses import replace

import pytest

from spingan.physics.bilayer import (
    CO_PT_BILAYER,
    CO_PT_INTERFACE,
    COBALT,
    Layer,
    bulk,
    stack_resistance_area_ohm_m2,
)


def test_one_layer_between_spinless_contacts_shows_its_measured_resistivity():
    assert stack_resistance_area_ohm_m2([bulk(60e-9, 20e-9, 38e-9, 0.46)]) == pytest.approx(60e-9 * 20e-9)


def test_a_contact_of_thick_layers_adds_valet_and_ferts_spin_coupled_resistance():
    # Eq. 26 of their paper: beta^2 r_F r_N / (r_F + r_N) with r = rho* l, for layers much thicker than l.
    magnet, metal = bulk(60e-9, 800e-9, 38e-9, 0.46), bulk(20e-9, 900e-9, 40e-9)
    r_magnet, r_metal = 60e-9 / (1 - 0.46**2) * 38e-9, 20e-9 * 40e-9
    coupled = 0.46**2 * r_magnet * r_metal / (r_magnet + r_metal)
    outer = 0.46 * 0.0  # the outer face of the magnet touches a contact without accumulation: no extra drop there
    bare = 60e-9 * 800e-9 + 20e-9 * 900e-9
    assert stack_resistance_area_ohm_m2([magnet, metal]) - bare == pytest.approx(coupled + outer, rel=1e-6)


def test_without_spin_flips_opposed_magnets_add_up_and_aligned_ones_shunt():
    # Two channels in parallel, 2 AR* (1 -+ beta) each: aligned AR* (1 - beta^2), opposed AR*; no flip, so decay -> 0.
    magnet = Layer(1e-15, 1e-4, 0.5)
    opposed = stack_resistance_area_ohm_m2([magnet, replace(magnet, asymmetry=-0.5)])
    assert stack_resistance_area_ohm_m2([magnet, magnet]) == pytest.approx(2e-15 * 0.75)
    assert opposed == pytest.approx(2e-15, rel=1e-6)


def test_a_layer_cut_in_two_is_the_same_layer():
    whole = bulk(173e-9, 3e-9, 3.4e-9)
    parts = [bulk(173e-9, 1.2e-9, 3.4e-9), bulk(173e-9, 1.8e-9, 3.4e-9)]
    uncut = stack_resistance_area_ohm_m2([COBALT, CO_PT_INTERFACE, whole])
    assert stack_resistance_area_ohm_m2([COBALT, CO_PT_INTERFACE, *parts]) == pytest.approx(uncut)


def test_the_cobalt_platinum_bilayer_has_the_order_of_the_resistance_that_the_write_energy_asks_for():
    # E = I^2 R t asks for 1.9 fohm m² (docs/derivations.md, section 2); metals of a few nanometres give 0.5 to 5.
    assert 0.5e-15 < stack_resistance_area_ohm_m2(CO_PT_BILAYER) < 5e-15


@pytest.mark.parametrize("wrong", [(0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 1.0)])
def test_a_layer_without_resistance_or_decay_or_with_full_asymmetry_is_refused(wrong):
    with pytest.raises(ValueError, match="is not"):
        Layer(*wrong)
