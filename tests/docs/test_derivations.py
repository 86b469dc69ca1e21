"""Every number that docs/derivations.md tags as derived, recomputed from the package and from the printed numbers."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from scipy.constants import epsilon_0
from torch import nn

from spingan.devices.skyrmion_synapse import PRINTED, conductance_s, shipped_calibration
from spingan.devices.skyrmion_synapse_run import pulse_energy
from spingan.devices.wall_device import CONVENTIONS, LEAKY_RELU, RELU, WallDevice
from spingan.devices.wall_system import interface_spin_density
from spingan.nn.family import family_named
from spingan.papers.paper import paper_numbers
from spingan.physics.bilayer import CO_PT_BILAYER, CO_PT_CO, stack_resistance_area_ohm_m2
from spingan.physics.film import Film
from spingan.physics.mtj import conductance_per_area, julliere_tmr

DOCUMENT = Path(__file__).parents[2] / "docs" / "derivations.md"
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def derived_rows(text: str) -> dict[str, list[str]]:
    """The numbers, as text, of each row tagged derived, by the row's first cell."""
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 4 and cells[3] == "derived":
            rows[cells[0]] = [number.rstrip(",") for number in NUMBER.findall(cells[1])]
    return rows


def heavy_metal_ohm(device: WallDevice) -> float:
    section = device.width_m * device.heavy_metal_thickness_m
    return device.heavy_metal_resistivity_ohm_m * device.length_m / section


def wall(film: Film) -> tuple[float, float]:
    """Energy in J/m² and width in m."""
    energy = 4 * math.sqrt(film.exchange_stiffness_j_per_m * film.effective_anisotropy_j_per_m3)
    return energy - math.pi * film.interfacial_dmi_j_per_m2, film.wall_width_m


def walls() -> dict[str, list[float]]:
    """Section 1."""
    leaky, film = LEAKY_RELU, LEAKY_RELU.film
    section = leaky.width_m * film.thickness_m
    ohm = heavy_metal_ohm(leaky)
    carried = 34.5e-6 / section * leaky.width_m * leaky.heavy_metal_thickness_m
    density = 34.5e-6 / (leaky.width_m * leaky.heavy_metal_thickness_m)
    up, down = conductance_per_area([1, -1], leaky.ra_parallel_ohm_m2, leaky.polarization)
    left, right = (detector.area_m2 for detector in leaky.detectors)
    printed_ohm = [1 / 0.1331e-3, 1 / 0.1036e-3]
    divided = [0.665 / (junction + 8865) for junction in printed_ohm]
    softer, harder = (replace(film, interfacial_dmi_j_per_m2=part * 3e-3) for part in (0.97, 1.03))
    return {
        "magnet's thickness, ReLU and leaky ReLU": [1640 / (82 * 20), 2300 / (100 * 23)],
        "leaky ReLU's currents 34.5, 41.4, 37.72, 22.54, 23 µA as densities": [
            current * 1e-6 / section * 1e-12 for current in (34.5, 41.4, 37.72, 22.54, 23)
        ],
        "ReLU's current 34.8 µA as a density": [34.8e-6 / (RELU.width_m * RELU.film.thickness_m) * 1e-12],
        "heavy metal of the ReLU": [heavy_metal_ohm(RELU)],
        "heavy metal of the leaky ReLU": [ohm],
        "spin current for each A/m² in the heavy metal, three readings": [
            interface_spin_density(leaky, 34.5e-6, convention) / density for convention in CONVENTIONS
        ],
        "current that the heavy metal carries at 34.5 µA by the third reading": [carried * 1e6],
        "its Joule heat then, and at the printed current": [carried**2 * ohm * 1e6, 34.5e-6**2 * ohm * 1e6],
        "TMR": [julliere_tmr(leaky.polarization) * 100],
        "resistances of the printed conductances 0.1036 and 0.1331 mS": [1e-3 * r for r in reversed(printed_ohm)],
        "conductance with both junctions antiparallel, the right one parallel, both parallel": [
            (a * left + b * right) * 1e3 for a, b in ((down, down), (down, up), (up, up))
        ],
        "rails of the leaky ReLU's divider": [0.5 + 0.165],
        "voltage on its junctions at 0.1331 and 0.1036 mS": [
            current * junction for current, junction in zip(divided, printed_ohm, strict=True)
        ],
        "current through them": [current * 1e6 for current in divided],
        "the divider's power": [0.665 * current * 1e6 for current in divided],
        "its density in the junctions": [current / (left + right) * 1e-12 for current in divided],
        "window of 9.16 fJ at 4.73 µW": [9.16e-15 / 4.73e-6 * 1e9],
        "window of 0.192 pJ at 28.1 µW": [0.192e-12 / 28.1e-6 * 1e9],
        "ratio of the two energies, and its parts in power and window": [
            192 / 9.16, 28.1 / 4.73, (192 / 28.1) / (9.16 / 4.73)
        ],
        "thickness of vacuum behind 26.562 aF": [26.562e-18 / epsilon_0 * 1e6],
        "effective anisotropy of the flat zone": [film.effective_anisotropy_j_per_m3 * 1e-6],
        "critical DMI there": [film.critical_dmi_j_per_m2 * 1e3],
        "wall's energy and width there": [wall(film)[0] * 1e3, wall(film)[1] * 1e9],
        "wall's energy with 3 % less DMI and 3 % more": [wall(softer)[0] * 1e3, wall(harder)[0] * 1e3],
        "Ku at 0 and 100 nm": [leaky.profile.left_peak_j_per_m3 * 1e-6],
        "right parabola's width over the left one's": [
            (leaky.profile.length_m - leaky.profile.right_start_m) / leaky.profile.left_end_m
        ],
    }  # fmt: skip


def synapse() -> dict[str, list[float]]:
    """Section 2."""
    film, energy = PRINTED.film, pulse_energy(PRINTED)
    across = PRINTED.current_density_a_per_m2 * PRINTED.area_m2
    along = PRINTED.current_density_a_per_m2 * 2 * PRINTED.radius_m * film.thickness_m
    ohm = 0.87e-15 / (across**2 * PRINTED.pulse_width_s)
    stacks = energy.perpendicular_j, energy.perpendicular_three_layers_j
    reversed_m2 = shipped_calibration().texture.reversed_area_m2
    low, full = conductance_s(PRINTED, [0, 64], reversed_m2)
    up, _ = conductance_per_area([1, -1], PRINTED.ra_parallel_ohm_m2, PRINTED.junction_polarization)
    parallel = up * PRINTED.detector_area_m2
    return {
        "effective anisotropy, critical DMI": [
            film.effective_anisotropy_j_per_m3 * 1e-6, film.critical_dmi_j_per_m2 * 1e3
        ],
        "torque field of 2.5 MA/cm²": [PRINTED.torque_t(2.5e10) * 1e3],
        "current across the disc": [across * 1e3],
        "resistance and RA that make 0.87 fJ of it in 2.2 ns": [ohm * 1e3, ohm * PRINTED.area_m2 * 1e15],
        "Co/Pt bilayer, and Co/Pt/Co, after Valet and Fert": [
            stack_resistance_area_ohm_m2(stack) * 1e15 for stack in (CO_PT_BILAYER, CO_PT_CO)
        ],
        "energy of a pulse through them": [each * 1e15 for each in stacks],
        "density at which they would take 0.87 fJ": [2.5 * math.sqrt(0.87e-15 / each) for each in stacks],
        "current and resistance if it runs in the plane": [
            along * 1e6, 0.87e-15 / (along**2 * PRINTED.pulse_width_s) * 1e-3
        ],
        "pulses to the maximum, and in all": [142.57 // 2.5, 305 / 2.5],
        "time for each of 64 states": [142.57 / 64],
        "smallest weight with 64 levels; with 65 states": [1 / 63, 0],
        "conductance of the junction, all antiparallel and all parallel": [low * 1e3, parallel * 1e3],
        "swing of 64 skyrmions": [(full - low) * 1e3],
        "base over swing": [low / (full - low)],
        "energy of one read, 0.1 V for 1 ns": [0.1**2 * low * 1e-9 * 1e12],
        "the same if 220 nm is a diameter": [0.1**2 * parallel / 4 * 1e-9 * 1e12],
    }  # fmt: skip


def counts(key: str) -> tuple[int, int, int]:
    """Leaky ReLUs, ReLUs and trainable values of a pair of nets."""
    pair = family_named(key)
    nets = pair.make_generator(100).eval(), pair.make_discriminator().eval()
    found = {nn.LeakyReLU: 0, nn.ReLU: 0}
    x = torch.zeros(1, 100, 1, 1)
    for net in nets:
        for layer in net:
            x = layer(x)
            if type(layer) in found:
                found[type(layer)] += x.numel()
    values = sum(value.numel() for net in nets for value in net.parameters())
    return found[nn.LeakyReLU], found[nn.ReLU], values


def table_of_paper_s() -> dict[str, list[float]]:
    """Section 3."""
    paper = paper_numbers()
    found, rows = {}, {}
    for name, key, row in (("Fashion", "fashion", "fashion-mnist"), ("Anime", "colour-64", "anime-faces")):
        leaky, relu, values = counts(key)
        cell = paper.cell(row)
        forward = leaky * paper.leaky_relu_energy_j + relu * paper.relu_energy_j
        image = 3 * forward + 3 * cell.update_energy_j / 128
        found[name] = values, cell.update_energy_j / values, relu * paper.relu_energy_j
        what = f"{name}: leaky ReLUs, ReLUs" if name == "Fashion" else "Anime: leaky ReLUs, and ReLUs"
        rows |= {
            what: [leaky, relu],
            f"{name}: E_fwd": [forward * 1e9],
            f"{name}: E_image, E_batch": [image * 1e9, 128 * image * 1e6],
        }
    fashion, anime = found["Fashion"], found["Anime"]
    six_bits = 6 * paper.state_update_energy_j
    first_maps = family_named("colour-64").discriminator[0].channels
    return rows | {
        "the generators alone, Fashion and Anime": [fashion[2] * 1e9, anime[2] * 1e9],
        "trainable values, Fashion and Anime": [fashion[0], anime[0]],
        "E_upd over them": [fashion[1] * 1e15, anime[1] * 1e15],
        "six bits at 0.87 fJ, over those": [six_bits * 1e15, six_bits / fashion[1], six_bits / anime[1]],
        "Anime with batch norm on each discriminator layer": [anime[0] + 2 * first_maps],
        "batches of 128, Fashion and Anime": [math.ceil(60000 / 128), math.ceil(57209 / 128)],
    }


def tables_of_paper_m() -> dict[str, list[float]]:
    """Section 4."""
    updates, most, least = 60000 * 50, 1 / 4000, 1 / 25000  # 1 V across 4 and 25 kΩ
    devices = 1.7e6
    together = 2 * (784 + 128 + 64)

    def total(relu: int, switches: int, amplifiers: int) -> list[float]:
        area = relu * 951.1 + switches * 5.0 + amplifiers * 558.3
        return [area * 1e-6, (relu * 23.3 + switches * 5.0 + amplifiers * 7.4) * 1e-3]

    pulses = {
        "sequential in a layer": 784 * 800,
        "columns and layers together": 785,
        "four cycles": 24,
        "two cycles": 12,
    }
    return {f"{name}: time at 10 ns": [number * updates * 10e-9] for name, number in pulses.items()} | {
        "sequential in a layer, six layers together: power": [6 * most * 1e3, 6 * least * 1e3],
        "columns and layers together: power": [together * most, together * least],
        "four cycles, layers in turn: power": [devices / 24 * most, devices / 24 * least],
        "two cycles: power": [devices / 12 * most, devices / 12 * least],
        "pulses behind the printed 23.552 s": [23.552 / (updates * 10e-9)],
        "Table I's total from 195 ReLU and 491 crossbar switches": total(195, 491, 0),
        "the same from 183 ReLU, 549 switches, 20 op-amps": total(183, 549, 20),
    }


def image_quality() -> dict[str, list[float]]:
    """Section 5."""
    return {
        "half a step of 64 levels over ±1": [1 / 63],
        "such weights that all become ±1/63": [math.erf(2 / 63 / 0.02 / math.sqrt(2)) * 100],
        "FID with weight noise over without, Fashion and Anime": [300 / 27.5, 180 / 45.4],
    }


SECTIONS = (walls, synapse, table_of_paper_s, tables_of_paper_m, image_quality)


@pytest.fixture(scope="module")
def rows() -> dict[str, list[str]]:
    return derived_rows(DOCUMENT.read_text(encoding="utf-8"))


def half_a_digit(number: str) -> float:
    decimals = len(number.partition(".")[2])
    return 0.5001 * 10.0**-decimals


@pytest.mark.parametrize("section", SECTIONS)
def test_the_documents_derived_numbers_follow_from_the_constants_to_their_last_digit(section, rows):
    for quantity, values in section().items():
        printed = rows[quantity]
        assert len(printed) == len(values), quantity
        for number, value in zip(printed, values, strict=True):
            assert float(number.replace(",", "")) == pytest.approx(value, rel=0, abs=half_a_digit(number)), quantity


def test_no_derived_number_of_the_document_goes_without_recomputation(rows):
    assert set(rows) == {quantity for section in SECTIONS for quantity in section()}
