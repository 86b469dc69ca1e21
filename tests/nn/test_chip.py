"""A chip computes what training computed, with its batch norm in the columns and its own frozen faults and noise."""

import copy

import pytest
import torch
from torch import Tensor, nn

from spingan.arrays.conditions import ChipConditions
from spingan.errors import UserError
from spingan.nn.analog import analog_layers
from spingan.nn.chip import folded_norms, program_chip, recalibrate_batch_norm
from spingan.nn.conversion import convert
from spingan.nn.family import family_named
from spingan.spec.noise import Noise
from spingan.spec.synapse import Faults, Retention, Validity
from spingan.spec.technology import load_technology

IDEAL = load_technology("ideal")


def _normed(kind: str, *, affine: bool = True, bias: bool = True) -> tuple[nn.Sequential, Tensor]:
    """A layer and its batch norm with statistics and scales of both signs, and an input."""
    torch.manual_seed(1)
    layers = {
        "convolution": (nn.Conv2d(3, 6, 3, 2, 1, bias=bias), nn.BatchNorm2d(6, affine=affine), (4, 3, 7, 7)),
        "transposed": (nn.ConvTranspose2d(3, 6, 4, 2, 1, bias=bias), nn.BatchNorm2d(6, affine=affine), (4, 3, 5, 5)),
        "dense": (nn.Linear(9, 6, bias=bias), nn.BatchNorm1d(6, affine=affine), (4, 9)),
    }
    layer, norm, shape = layers[kind]
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.1, 3)
    if affine:
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
        assert norm.weight.min() < 0 < norm.weight.max()
    return nn.Sequential(layer, norm).eval(), torch.randn(shape)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("kind", ["convolution", "transposed", "dense"])
def test_folded_batch_norm_is_batch_norm_in_evaluation(kind, affine, bias, with_levels):
    for technology in (IDEAL, with_levels(64)):
        net, given = _normed(kind, affine=affine, bias=bias)
        model = convert(net, technology).model
        chip = program_chip(model, technology)
        assert isinstance(chip.net[1], nn.Identity)
        torch.testing.assert_close(chip(given), model(given), rtol=1e-5, atol=1e-5)


def test_the_gain_of_a_folded_column_scales_with_the_norm_so_that_read_noise_does_too(with_levels):
    net, given = _normed("convolution")
    technology, noise = with_levels(64), Noise(fraction=0.2)
    model = convert(net, technology).model
    chip = program_chip(model, technology, ChipConditions(read_noise=noise))
    for layer in analog_layers(model):
        layer.read_noise = noise
    many = given[:1].expand(2000, -1, -1, -1)
    with torch.no_grad():
        ours, expected = chip(many).std(0), model(many).std(0)
    torch.testing.assert_close(ours, expected, rtol=0.12, atol=0)  # five standard errors of a ratio: 5 / sqrt(2000)


def test_without_noise_training_and_chip_hold_exactly_the_same_weights(with_levels):
    torch.manual_seed(2)
    technology = with_levels(64)
    model = convert(nn.Sequential(nn.Conv2d(8, 9, 3), nn.ConvTranspose2d(9, 7, 4), nn.Linear(20, 30)), technology).model
    chip = program_chip(model, technology, ChipConditions(3))
    for trained, programmed in zip(analog_layers(model), analog_layers(chip), strict=True):
        assert torch.equal(programmed.effective_weight(), trained.effective_weight())


def test_a_chip_of_the_whole_generator_draws_what_the_generator_draws_in_evaluation():
    torch.manual_seed(3)
    technology = load_technology("skyrmion-published")
    model = convert(family_named("fashion").make_generator(20), technology).model
    latents = torch.randn(16, 20, 1, 1)
    recalibrate_batch_norm(model, [latents])
    model.eval()
    with torch.no_grad():
        torch.testing.assert_close(program_chip(model, technology)(latents), model(latents), rtol=0, atol=1e-4)
    assert len(list(folded_norms(model))) == 5


def _small(with_levels, **fields) -> tuple[nn.Module, object]:
    torch.manual_seed(4)
    technology = with_levels(64, **fields)
    return convert(nn.Sequential(nn.Linear(20, 30), nn.Linear(30, 5)), technology).model, technology


def _weights(chip: nn.Module) -> list[Tensor]:
    return [layer.effective_weight() for layer in analog_layers(chip)]


@pytest.mark.parametrize("kind", ["levels", "ideal"])
def test_the_seed_decides_the_chip_and_its_layers_differ(kind, with_levels):
    torch.manual_seed(5)
    technology = with_levels(64) if kind == "levels" else IDEAL
    layer = nn.Linear(20, 20)
    model = convert(nn.Sequential(layer, copy.deepcopy(layer)), technology).model
    noise = Noise(fraction=0.05)
    first, again, other = (_weights(program_chip(model, technology, ChipConditions(seed, noise))) for seed in (7, 7, 8))
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0]) and not torch.equal(first[0], first[1])
    gain = next(analog_layers(model)).gain[:, None]
    relative = (first[0] - _weights(program_chip(model, technology))[0]) / gain
    assert float(relative.std()) == pytest.approx(0.05, rel=0.2)  # 400 draws: six standard errors


def test_a_chip_is_the_same_whatever_batches_it_has_computed(with_levels):
    model, technology = _small(with_levels)
    chip = program_chip(model, technology, ChipConditions(1, Noise(fraction=0.05)))
    given = torch.randn(8, 20)
    whole = chip(given)
    parts = torch.cat([chip(part) for part in given.flip(0).split(3)]).flip(0)
    torch.testing.assert_close(parts, whole, rtol=1e-5, atol=1e-6)


def test_programming_a_chip_leaves_the_model_alone(with_levels):
    model, technology = _small(with_levels)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    program_chip(model, technology, ChipConditions(1, Noise(fraction=0.5)))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_noise_of_training_is_no_part_of_the_chip(with_levels):
    model, technology = _small(with_levels)
    exact = _weights(program_chip(model, technology))
    for layer in analog_layers(model):
        layer.read_noise = layer.programming_noise = Noise(fraction=0.5)
        layer.redraw_deviation()
    chip = program_chip(model, technology)
    assert all(torch.equal(ours, expected) for ours, expected in zip(_weights(chip), exact, strict=True))
    given = torch.randn(2, 20)
    assert torch.equal(chip(given), chip(given))


def test_stuck_devices_change_their_own_weights_and_no_other(with_levels):
    torch.manual_seed(6)
    plain = nn.Linear(200, 50)
    sound, faulty = with_levels(64), with_levels(64, faults=Faults(stuck_at_maximum=0.1))
    exact = _weights(program_chip(convert(nn.Sequential(copy.deepcopy(plain)), sound).model, sound))[0]
    model = convert(nn.Sequential(plain), faulty).model
    struck = _weights(program_chip(model, faulty, ChipConditions(1)))[0]
    changed = struck != exact
    assert float(changed.double().mean()) == pytest.approx(0.1, abs=0.02)
    full = next(analog_layers(model)).gain[:, None].expand_as(struck)
    torch.testing.assert_close(struck[changed], full[changed])
    assert torch.equal(_weights(program_chip(model, faulty, ChipConditions(1)))[0], struck)
    assert not torch.equal(_weights(program_chip(model, faulty, ChipConditions(2)))[0], struck)


def test_read_noise_of_a_chip_is_fresh_at_each_pass_and_begins_at_its_seed(with_levels):
    model, technology = _small(with_levels)
    given, noise = torch.randn(3, 20), Noise(fraction=0.05)
    first, again, other = (
        program_chip(model, technology, ChipConditions(seed, read_noise=noise)) for seed in (1, 1, 2)
    )
    reads = [first(given), first(given)]
    assert not torch.equal(*reads)
    assert torch.equal(again(given), reads[0]) and torch.equal(again(given), reads[1])
    assert not torch.equal(other(given), reads[0])


def test_recalibrated_batch_norm_has_the_mean_statistics_of_the_batches_and_its_old_momentum():
    norm = nn.BatchNorm1d(2, momentum=0.3).eval()
    batches = [torch.randn(50, 2) * scale + scale for scale in (1.0, 3.0)]
    recalibrate_batch_norm(nn.Sequential(norm), batches)
    torch.testing.assert_close(norm.running_mean, torch.stack([batch.mean(0) for batch in batches]).mean(0))
    torch.testing.assert_close(norm.running_var, torch.stack([batch.var(0) for batch in batches]).mean(0))
    assert norm.momentum == 0.3 and not norm.training


@pytest.mark.parametrize("kind", ["convolution", "transposed", "dense"])
def test_a_chip_that_measures_its_batch_norms_gives_each_column_the_norm_s_own_mean_and_deviation(kind, with_levels):
    net, given = _normed(kind)
    torch.manual_seed(9)
    given = torch.randn(64, *given.shape[1:])
    technology, noise = with_levels(64), Noise(fraction=0.2)
    model = convert(net, technology).model
    left, measured = (
        program_chip(model, technology, ChipConditions(4, noise), calibration=batches)(given)
        for batches in ((), (given,))
    )
    places = [axis for axis in range(given.dim()) if axis != 1]
    wanted = model[1].bias, model[1].weight.abs()
    found = measured.mean(places), measured.std(places)
    for ours, expected in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours, expected, rtol=0.02, atol=1e-3)  # the norm's n - 1 and its epsilon
    assert (left.mean(places) - wanted[0]).abs().max() > 0.1


def test_a_chip_without_batch_norm_has_nothing_to_measure(with_levels):
    technology = with_levels(64)
    model = convert(nn.Sequential(nn.Linear(4, 3)), technology).model
    with pytest.raises(UserError, match="no batch norm"):
        program_chip(model, technology, calibration=(torch.randn(8, 4),))


def test_what_a_chip_cannot_do_without_inputs_is_refused(with_levels):
    model, technology = _small(with_levels)
    for wanted in (ChipConditions(calibration=100), ChipConditions(clip=2.0)):
        with pytest.raises(UserError, match="inputs"):
            program_chip(model, technology, wanted)


def test_a_faded_chip_holds_every_weight_times_what_is_left(with_levels):
    torch.manual_seed(5)
    technology = with_levels(64)
    model = convert(nn.Sequential(nn.Linear(8, 5, bias=False)), technology).model
    fresh, faded = (program_chip(model, technology, ChipConditions(faded=share)).net[0].weight for share in (0.0, 0.25))
    torch.testing.assert_close(faded, 0.75 * fresh, rtol=1e-6, atol=1e-7)


def _fading(with_levels, **retention):
    technology = with_levels(64)
    synapse = technology.synapse.model_copy(update={"retention": Retention(**retention), "validity": Validity()})
    return technology.model_copy(update={"synapse": synapse})


def test_a_chip_at_a_later_time_is_the_same_chip_with_what_its_retention_leaves(with_levels):
    torch.manual_seed(5)
    technology = _fading(with_levels, law="power", time_s=10.0, coefficient=0.1)
    net, given = _normed("dense")
    model = convert(net, technology).model
    conditions = ChipConditions(3, Noise(fraction=0.05), activation_gain=0.0)
    chip = program_chip(model, technology, conditions, calibration=(torch.randn(64, 9),))
    assert torch.equal(chip.at(10.0)(given), chip(given)) and torch.equal(chip.at(0.0)(given), chip(given))
    later = chip.at(1000.0)
    left = 100.0**-0.1
    torch.testing.assert_close(later.net[0].weight, left * chip.net[0].weight, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(later.net[0].bias, chip.net[0].bias)  # digital numbers stay as they were measured
    assert torch.equal(chip.at(1000.0)(given), later(given)) and later.conditions.time_s == 1000.0
    torch.testing.assert_close(later.at(10.0)(given), chip(given))  # a time counts from the writing


def test_an_aged_chip_measures_its_gains_and_norms_again_and_keeps_them(with_levels):
    technology = _fading(with_levels, law="power", time_s=10.0, coefficient=0.1)
    net, given = _normed("dense")
    model = convert(nn.Sequential(*net, nn.Linear(6, 3)), technology).model
    batches = (torch.randn(256, 9),)
    chip = program_chip(model, technology, ChipConditions(3), calibration=batches)
    later, measured = chip.at(1e5), chip.at(1e5, batches)
    errors = [float((aged(given) - chip(given)).abs().max()) for aged in (later, measured)]
    assert errors[0] > 0.1 and errors[1] < 1e-4  # all devices fade alike: one factor, which the gain takes out
    kept = measured.at(1e6)  # with the gains and norms that were measured at 1e5 s
    factor = (1e6 / 1e5) ** -0.1
    torch.testing.assert_close(kept.net[2].weight, factor * chip.net[2].weight, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(kept.net[0].bias, measured.net[0].bias)


def test_an_aged_chip_is_read_with_the_noise_that_it_had(with_levels):
    technology = _fading(with_levels, law="power", time_s=10.0, coefficient=0.1)
    model = convert(nn.Sequential(nn.Linear(9, 6)), technology).model
    chip = program_chip(model, technology, ChipConditions(3, read_noise=Noise(fraction=0.05)))
    given = torch.randn(1, 9).expand(4_000, -1)
    fresh, later = (each(given).std(0) for each in (chip, chip.at(1e5)))
    torch.testing.assert_close(later, fresh, rtol=0.08, atol=0)  # five standard errors of a ratio: 5 / sqrt(4000)


def test_a_measured_gain_is_not_fooled_by_devices_that_relax(with_levels):
    law = {"law": "relaxation", "time_s": 1.0, "spread": 0.05, "coefficient": 0.0}
    technology = _fading(with_levels, **law)
    model = convert(nn.Sequential(nn.Linear(4_000, 2, bias=False)), technology).model
    chip = program_chip(model, technology, ChipConditions(3))
    left, measured = (chip.at(1.0, batches).net[0].weight for batches in ((), (torch.randn(8, 4_000),)))
    ratio = (measured / left).flatten()
    assert float((ratio - 1).abs().max()) < 0.02  # own and reference's noise 0.14, weights' rms 0.58, 4,000 rows: 7 σ


def test_nothing_is_made_up_where_the_retention_is_unknown(with_levels):
    model, technology = _small(with_levels)
    chip = program_chip(model, technology)
    with pytest.raises(UserError, match="does not say how its states fade"):
        chip.at(1.0)
    with pytest.raises(UserError, match="no devices that could fade"):
        program_chip(convert(nn.Sequential(nn.Linear(4, 3)), IDEAL).model, IDEAL).at(1.0)
    known = _fading(with_levels, law="exponential", time_s=1e3)
    synapse = known.synapse.model_copy(update={"validity": Validity(time_s=(0.0, 100.0))})
    with pytest.raises(UserError, match="is known from 0 to 100 s"):
        program_chip(model, known.model_copy(update={"synapse": synapse})).at(200.0)
    with pytest.raises(UserError, match="both faded and time_s"):
        ChipConditions(faded=0.1, time_s=3.0)
