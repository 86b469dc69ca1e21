"""Paper S's account of a training: Table I from counts and devices, and what stays outside of it."""

import json
from dataclasses import replace

import pytest

from spingan.costs.counts import LayerCounts, ModelCounts, NetCounts
from spingan.errors import UserError
from spingan.nn import dcgan
from spingan.nn.cost import net_counts
from spingan.nn.counting import count
from spingan.papers.training_account import TrainingAccount, training_account
from spingan.spec.technology import Converter, Technology, load_technology

PUBLISHED = load_technology("skyrmion-published")
CELLS = {"fashion-mnist": ("fashion", 60_000), "anime-faces": ("colour-64", 57_209)}


def _bill(key: str, technology: Technology = PUBLISHED) -> TrainingAccount:
    net, images = CELLS[key]
    return training_account(net_counts(net, technology), technology, images=images, batch_size=128, printed_key=key)


def _small_counts(relu: int = 10, leaky: int = 4) -> NetCounts:
    generator = ModelCounts((LayerCounts("act", "ReLU", (relu,), {"relu": relu}, trainable=100),))
    discriminator = ModelCounts((LayerCounts("act", "LeakyReLU", (leaky,), {"leaky_relu": leaky}, trainable=20),))
    return NetCounts(generator, discriminator)


def _with_relu_energy(energy_j: float) -> Technology:
    relu = PUBLISHED.activations["relu"]
    items = (relu.energy_items[0].model_copy(update={"energy_j": energy_j}),)
    activations = {**PUBLISHED.activations, "relu": relu.model_copy(update={"energy_items": items})}
    return PUBLISHED.model_copy(update={"activations": activations})


@pytest.mark.parametrize(
    ("key", "forward_nj", "image_nj", "batch_uj", "generator_nj"),
    [("fashion-mnist", 4.9011, 14.972, 1.9165, 0.109), ("anime-faces", 24.7185, 74.785, 9.5724, 1.126)],
)
def test_table_one_comes_out_unrounded(key, forward_nj, image_nj, batch_uj, generator_nj):
    bill = _bill(key).to_dict()
    assert bill["forward_energy_nj"] == pytest.approx(forward_nj, abs=5e-5)
    assert bill["training_energy_per_image_nj"] == pytest.approx(image_nj, abs=5e-4)
    assert bill["training_energy_per_batch_uj"] == pytest.approx(batch_uj, abs=1e-4)
    assert bill["generator_forward_energy_nj"] == pytest.approx(generator_nj, abs=5e-4)


@pytest.mark.parametrize(
    ("key", "roundings"),
    [
        # forward, backward, update, optimiser, images, batches, batch, image
        ("fashion-mnist", ["both", "both", "exact", "exact", "exact", "none", "both", "both"]),
        ("anime-faces", ["round", "round", "exact", "exact", "exact", "exact", "both", "truncate"]),
    ],
)
def test_every_printed_cell_says_which_rounding_explains_it(key, roundings):
    found = ["both" if row.rounding == "round or truncate" else row.rounding for row in _bill(key).table]
    assert found == roundings


def test_the_papers_493_batches_are_469():
    bill = _bill("fashion-mnist")
    (row,) = [row for row in bill.table if row.quantity.startswith("batches")]
    assert (row.printed, row.ours, bill.to_dict()["batches"]) == ("493", 469, 469)
    assert _bill("anime-faces").to_dict()["batches"] == 447


@pytest.mark.parametrize(("key", "implied_fj"), [("fashion-mnist", 4.867), ("anime-faces", 4.232)])
def test_no_energy_an_update_fits_both_rows(key, implied_fj):
    readings = _bill(key).updates
    (own,) = [reading for reading in readings if key in reading.reading]
    assert own.energy_per_value_j == pytest.approx(implied_fj * 1e-15, abs=5e-19)
    assert own.residual_j == pytest.approx(0, abs=1e-20)
    others = [reading.residual_j for reading in readings if reading is not own]
    assert len(others) == 3
    assert all(residual is not None and abs(residual) > 0.5e-9 for residual in others)


def test_the_readings_of_an_update_are_one_state_a_value_and_one_a_bit():
    one, bits = _bill("fashion-mnist").updates[:2]
    assert one.energy_per_value_j == pytest.approx(0.87e-15)
    assert bits.energy_per_value_j == pytest.approx(5.22e-15)
    assert bits.energy_j == pytest.approx(2_358_816 * 5.22e-15, rel=1e-9, abs=0)
    assert bits.residual_j == pytest.approx(2_358_816 * 5.22e-15 - 11.48e-9)


def test_a_device_energy_moves_the_bill_by_its_count():
    changed = _bill("fashion-mnist", _with_relu_energy(20e-15))
    expected = 24_960 * 0.192e-12 + 11_872 * 20e-15
    assert changed.forward_energy_j == pytest.approx(expected, rel=1e-9, abs=0)
    assert changed.training_energy_per_image_j == pytest.approx(3 * expected + 3 * 11.48e-9 / 128)


def test_a_channel_count_and_a_device_energy_predict_the_new_bill_by_hand():
    # The fashion discriminator with 80 channels instead of 64 in its first layer, which has no batch norm.
    pair = dcgan.FASHION
    wider = replace(pair, discriminator=(replace(pair.discriminator[0], channels=80), *pair.discriminator[1:]))
    counts = count(wider.make_generator(100), wider.make_discriminator(), PUBLISHED, 100, (1, 28, 28))
    bill = training_account(
        counts, _with_relu_energy(20e-15), images=60_000, batch_size=64, printed_key="fashion-mnist", name="wider"
    )
    forward = (24_960 + 16 * 14 * 14) * 0.192e-12 + 11_872 * 20e-15
    update = (2_358_816 + 16 * 1 * 9 + 16 * 128 * 9) * 0.87e-15  # not the paper's net: values x energy of a state
    assert bill.forward_energy_j == pytest.approx(forward, rel=1e-9, abs=0)
    assert bill.update_energy_j == pytest.approx(update, rel=1e-9, abs=0)
    assert bill.training_energy_per_image_j == pytest.approx(3 * forward + 3 * update / 64)
    batch_uj = bill.to_dict()["training_energy_per_batch_uj"]
    assert batch_uj == pytest.approx(64e6 * (3 * forward + 3 * update / 64))
    assert not bill.update_is_printed
    assert "computed: 2,377,392 trainable values" in bill.update_basis
    assert any("not the net of the paper's row" in note for note in bill.notes)


def test_the_printed_update_is_used_only_for_the_papers_net_and_synapse():
    assert _bill("fashion-mnist").update_is_printed
    assert PUBLISHED.synapse is not None
    write = PUBLISHED.synapse.write.model_copy(update={"energy_j": 2e-15})
    cheaper = PUBLISHED.model_copy(update={"synapse": PUBLISHED.synapse.model_copy(update={"write": write})})
    bill = _bill("fashion-mnist", cheaper)
    assert not bill.update_is_printed
    assert bill.update_energy_j == pytest.approx(2_358_816 * 2e-15, rel=1e-9, abs=0)


def test_a_net_of_your_own_has_no_printed_column_and_says_how_its_update_is_computed():
    bill = training_account(_small_counts(), PUBLISHED, images=10, batch_size=4)
    assert all(row.printed is None and row.rounding is None for row in bill.table)
    assert bill.update_energy_j == pytest.approx(120 * 0.87e-15, rel=1e-9, abs=0)
    assert bill.forward_energy_j == pytest.approx(10 * 9.16e-15 + 4 * 0.192e-12, rel=1e-9, abs=0)
    assert bill.to_dict()["batches"] == 3
    assert bill.estimates == ()


def test_what_a_technology_does_not_say_is_not_counted_and_never_zero():
    bill = _bill("fashion-mnist", load_technology("ideal"))
    result = bill.to_dict()
    for key in (
        "forward_energy_nj",
        "update_energy_nj",
        "training_energy_per_image_nj",
        "training_energy_per_batch_uj",
    ):
        assert result[key] is None
    assert all(line.energy_j is None and line.basis == "not counted" for line in bill.left_out)
    assert "not counted: ideal gives no energy for leaky_relu" in bill.notes


def test_one_unknown_activation_leaves_the_whole_sum_unknown():
    halved = PUBLISHED.model_copy(update={"activations": {"relu": PUBLISHED.activations["relu"]}})
    bill = training_account(_small_counts(), halved, images=10, batch_size=4)
    assert bill.forward_energy_j is None
    assert bill.generator_forward_energy_j == pytest.approx(10 * 9.16e-15, rel=1e-9, abs=0)


def test_the_lines_beside_the_table_are_counted_but_unpriced_for_the_published_devices():
    lines = {line.item: line for line in _bill("fashion-mnist").left_out}
    assert lines["batch norm, digital"].count == 11_872 + 12_416
    assert lines["tanh, digital"].count == 784
    assert lines["sigmoid, digital"].count == 1
    assert all(line.count > 0 for line in lines.values())
    unpriced = {item for item, line in lines.items() if line.energy_j is None}
    assert unpriced == set(lines) - {"writes, programming all weights once"}


def test_lines_beside_the_table_are_priced_where_the_technology_has_figures_and_move_no_sum():
    assert PUBLISHED.synapse is not None
    levels = tuple(1e-6 * level for level in range(1, 5))
    synapse = PUBLISHED.synapse.model_copy(
        update={
            "basis": "measured",
            "conductance": levels,
            "read": PUBLISHED.synapse.read.model_copy(update={"voltage_v": 0.2, "time_s": 5e-9}),
        }
    )
    priced = PUBLISHED.model_copy(
        update={"synapse": synapse, "dac": Converter(energy_j=1e-12), "adc": Converter(energy_j=3e-12)}
    )
    bill = _bill("fashion-mnist", priced)
    lines = {line.item: line for line in bill.left_out}
    reads = lines["synapse reads"]
    assert reads.energy_j == pytest.approx(reads.count * 0.2**2 * 2.5e-6 * 5e-9, rel=1e-9, abs=0)
    assert lines["input conversions (DAC)"].energy_j == pytest.approx(444_360 * 1e-12, rel=1e-9, abs=0)
    assert lines["output conversions (ADC)"].energy_j == pytest.approx(37_617 * 3e-12, rel=1e-9, abs=0)
    assert lines["conversions of digital functions"].energy_j == pytest.approx(50_146 / 2 * 4e-12, rel=1e-9, abs=0)
    assert bill.training_energy_per_image_j == _bill("fashion-mnist").training_energy_per_image_j
    assert bill.estimates == ()  # a device in siemens needs no guess


def test_reads_at_the_assumed_resistance_dwarf_the_activations():
    # docs/derivations.md, section 2: 20 M reads of 0.19 pJ, 3.8 µJ, against 4.9 nJ. Exact counts lie on both sides.
    bill = _bill("fashion-mnist")
    pixels, everything = bill.estimates
    assert pixels.count < 20e6 < everything.count
    assert pixels.energy_j is not None and everything.energy_j is not None and bill.forward_energy_j is not None
    assert pixels.energy_j / pixels.count == pytest.approx(0.19e-12, rel=0.01)
    assert pixels.energy_j < 3.8e-6 < everything.energy_j
    assert pixels.energy_j > 500 * bill.forward_energy_j
    assert {line.basis for line in bill.estimates} == {"assumed"}


def test_a_bill_is_json_and_finite():
    for key in CELLS:
        text = json.dumps(_bill(key).to_dict(), allow_nan=False)
        assert json.loads(text)["counts"]["both"]["trainable"] > 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"images": 0}, "images 0 is below 1"),
        ({"batch_size": -1}, "batch_size -1 is below 1"),
        ({"printed_key": "celeb-a"}, "no row 'celeb-a'"),
    ],
)
def test_arguments_that_make_no_bill_are_refused(arguments, problem):
    given = {"images": 60_000, "batch_size": 128, **arguments}
    with pytest.raises(UserError, match=problem):
        training_account(_small_counts(), PUBLISHED, **given)


def test_an_unknown_net_is_refused():
    with pytest.raises(UserError, match="unknown net 'fasion'"):
        net_counts("fasion", PUBLISHED)


def test_a_bit_that_is_begun_is_written_whole():
    assert PUBLISHED.synapse is not None
    synapse = PUBLISHED.synapse.model_copy(update={"conductance": tuple(level / 64 for level in range(65))})
    technology = PUBLISHED.model_copy(update={"synapse": synapse})
    bits = training_account(_small_counts(), technology, images=1, batch_size=1).updates[1]
    assert bits.reading == "one state a bit, 7 bits"  # 65 levels
    assert bits.energy_per_value_j == pytest.approx(7 * 0.87e-15)
