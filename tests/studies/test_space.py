"""Spaces of designs: what their files may say, and what a design of one is."""

import pytest

from spingan.errors import UserError
from spingan.spec.technology import load_technology, write_technology
from spingan.studies.designs import designed
from spingan.studies.space import load_space, shipped_spaces

HEAD = "schema_version: 1\nmodel: clothes\ntechnology: pcm-array\n"


@pytest.fixture
def space_of(tmp_path):
    """A space whose keys are some lines of YAML."""

    def load(keys: str, head: str = HEAD):
        path = tmp_path / "mine.yaml"
        path.write_text(f"{head}keys:\n  {keys}\n")
        return load_space(path)

    return load


@pytest.mark.parametrize(
    ("keys", "problem", "remedy"),
    [
        ("tile_row: [32]", "line 5: unknown key tile_row", "Did you mean tile_rows?"),
        ("conditions.stuk: [0.1]", "unknown key conditions.stuk", "conditions.stuck"),
        ("name: [mine]", "unknown key name", "keys are those of a technology"),
        ("bits: {low: 8, high: 8}", "bits from 8 to 8 is an empty range", "low below high"),
        ("levels: []", "levels has no choices", "at least one"),
        ("levels: [4, 4]", "levels has a choice twice", "Keep one"),
        ("bits: {low: 4}", "bits is neither a list of choices nor a range", "low: 4, high"),
        ("wire_resistance_ohm: {low: 0, high: 1, scale: log}", "wire_resistance_ohm with scale 'log'", "above 0"),
        ("bits: [4]\n  adc.bits: [4]", "bits and adc.bits cannot be searched together", "Keep one"),
        ("adc: [{bits: 4}]\n  adc.bits: [4]", "adc.bits is a part of adc", "Keep one"),
        ("encoding: [midpoint]", "encoding cannot be 'midpoint'", "Correct the value"),
        ("technology: [pcm-aray]", "there is no technology", "pcm-array"),
        ("levels: [1]", "levels cannot be 1: give whole numbers from 2", "Correct"),
        ("tile_rows: {low: 0, high: 64}", "tile_rows cannot be 0", "Correct"),
        ("activations.relu: [leaky_relu_published]", "it is a leaky_relu", "Correct"),
        ("conditions.stuck: [1.5]", "stuck 1.5 is not a share", "below 1"),
        ("dac.bits: [true]", "truth value", "Correct"),
        ("junction.ra_ohm_m2: [1.0]", "junction.ra_ohm_m2 cannot be 1.0: give 2e-12 to 1.76e-07", "Correct"),
        ("junction.ra_ohm: [1.0]", "unknown key junction.ra_ohm", "Did you mean junction.ra_ohm_m2?"),
        ("junction.read_s: [1.0e-8]\n  synapse.read.time_s: [1.0e-8]", "how long a read takes", "Keep one"),
        ("activations.relu: [nowhere]", "there is no curve nowhere", "a technology's folder"),
    ],
)
def test_a_space_that_cannot_be_is_refused_with_the_key_and_a_remedy(space_of, keys, problem, remedy):
    with pytest.raises(UserError) as refused:
        space_of(keys)
    assert problem in refused.value.problem and "\n" not in refused.value.problem
    assert remedy in refused.value.remedy


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("objectives: [distance]\n", "the objectives distance"),
        ("objectives: [distance, power]\n", "unknown objective 'power'"),
        ("reference: {distance: 1}\n", "reference.distance 1"),
        ("reference: {energy: 1}\n", "unknown key reference.energy"),
        ("choices: {}\n", "unknown key choices"),
    ],
)
def test_what_stands_beside_the_keys_is_checked_too(space_of, more, problem):
    with pytest.raises(UserError, match=problem):
        space_of("levels: [4, 8]", HEAD + more)


def test_an_unknown_space_is_refused_with_the_nearest_name():
    with pytest.raises(UserError, match="there is no space energy-qualty") as refused:
        load_space("energy-qualty")
    assert "Did you mean energy-quality?" in refused.value.remedy


def test_the_shipped_spaces_are_read_and_each_choice_alone_makes_a_technology():
    assert "energy-quality" in shipped_spaces()
    for name in shipped_spaces():
        space = load_space(name)
        assert space.size > 1_000
        for key, each in space.keys.items():
            for value in getattr(each, "values", None) or (each.low, each.high):
                designed(space, {key: value})


def test_a_design_is_its_choices_on_its_technology_and_comes_back_from_its_folder(space_of, tmp_path):
    space = space_of(
        "technology: [hfox-amplitude]\n  levels: [8]\n  bits: [5]\n  tile_rows: [64]\n"
        "  activations.relu: [relu_published]\n  synapse.read.time_s: [1.0e-8]\n  conditions.stuck: [0.01]\n"
        "  conditions.calibration: [64]"
    )
    choices = {key: each.values[0] for key, each in space.keys.items()}
    technology, conditions, told = designed(space, choices)
    base, synapse = load_technology("hfox-amplitude"), technology.synapse
    assert synapse.states == 8 and synapse.read.time_s == 1e-8
    assert synapse.conductance[-1] == base.synapse.conductance[-1]
    assert (technology.adc.bits, technology.dac.bits, technology.tile_rows) == (5, 5, 64)
    assert technology.activations["relu"].name == "relu_published" and "ReLU" not in technology.digital
    assert technology.encoding == base.encoding and technology.wire_resistance_ohm == base.wire_resistance_ohm
    assert (conditions.stuck, conditions.calibration, set(told)) == (0.01, 64, {"stuck", "calibration"})
    write_technology(technology, tmp_path / "design")
    assert load_technology(tmp_path / "design") == technology


def test_a_digital_function_takes_the_place_of_a_device(space_of):
    space = space_of("technology: [skyrmion-published]\n  activations.relu: [digital]")
    technology, _, _ = designed(space, {"technology": "skyrmion-published", "activations.relu": "digital"})
    assert "relu" not in technology.activations and "ReLU" in technology.digital


def test_a_junction_s_barrier_sets_the_siemens_the_read_noise_and_nothing_else(space_of):
    space = space_of(
        "junction.ra_ohm_m2: {low: 1.0e-10, high: 1.0e-7, scale: log}\n  junction.read_s: [2.0e-8, 1.0e-7]"
    )
    base = load_technology("skyrmion-designed-array")
    on = {"technology": "skyrmion-designed-array"}
    same = designed(space, on | {"junction.ra_ohm_m2": 4e-9, "junction.read_s": 2e-8})[0]  # as it ships
    assert base.synapse is not None and same.synapse is not None
    for field in ("conductance", "read_noise_s", "write_error", "spread", "retention", "area_m2"):
        assert getattr(same.synapse, field) == getattr(base.synapse, field)
    thick = designed(space, on | {"junction.ra_ohm_m2": 4e-8})[0].synapse
    slow = designed(space, on | {"junction.ra_ohm_m2": 4e-8, "junction.read_s": 1e-7})[0].synapse
    assert thick.conductance[-1] == pytest.approx(base.synapse.conductance[-1] / 10, rel=1e-5)
    assert thick.read.time_s == 2e-8 and slow.read.time_s == 1e-7
    relative = [noise / level for noise, level in zip(thick.read_noise_s, thick.conductance, strict=True)]
    ships = [noise / level for noise, level in zip(base.synapse.read_noise_s, base.synapse.conductance, strict=True)]
    assert all(more > less for more, less in zip(relative, ships, strict=True))  # fewer electrons
    assert all(less < more for less, more in zip(slow.read_noise_s, thick.read_noise_s, strict=True))
    paper = "skyrmion-published-array"  # on the junction of 2 Ω·µm²; what is not named stays
    read = designed(space, {"technology": paper, "junction.read_s": 1e-7})[0].synapse
    assert read.conductance == pytest.approx(load_technology(paper).synapse.conductance) and read.read.time_s == 1e-7
    with pytest.raises(UserError, match="no skyrmion device behind a junction"):
        designed(space, {"junction.ra_ohm_m2": 4e-9})


def test_a_folder_of_a_designed_device_is_a_choice_for_its_function(space_of, tmp_path):
    curves = load_technology("skyrmion-published").activations
    front = load_technology("hfox-amplitude").model_copy(update={"name": "wall_01", "activations": curves})
    write_technology(front, tmp_path / "walls" / "01")
    space = space_of("activations.relu: [digital, walls/01]\n  synapse: [walls/01]")
    technology, _, _ = designed(space, {"activations.relu": "walls/01", "synapse": "walls/01"})
    assert technology.activations["relu"] == front.activations["relu"] and technology.synapse == front.synapse
    with pytest.raises(UserError, match="has no sigmoid"):
        space_of("activations.sigmoid: [walls/01]")
