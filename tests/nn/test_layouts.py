"""What stands in a layer's arrays gives the layer's output, read by read, and all forms of a layer are one layer."""

from itertools import product

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from spingan.arrays.conditions import ChipConditions
from spingan.errors import UserError
from spingan.nn.analog import analog_layers
from spingan.nn.chip import program_chip
from spingan.nn.conversion import calibrate, convert
from spingan.nn.counting import count_family, count_model
from spingan.nn.crossbar_export import chip_layer, layer_deck
from spingan.nn.family import family_named
from spingan.nn.layouts import Layout, Phases, layout_of
from spingan.nn.net_names import NETS
from spingan.nn.weights import Model, load_model, reprogrammed, save_weights
from spingan.nn.zero_padded import ZeroPaddedConv2d
from spingan.spec.noise import Noise
from spingan.spec.technology import Converter, DenseArrays, Technology, load_technology

WOX = load_technology("wox-memristor")
DESIGNED = load_technology("skyrmion-designed")
FORMS = ("literal", "polyphase", "polyphase_shared")
FULL, PARTLY_EMPTY, SPARSE = (4, 2, 1, 0), (5, 2, 2, 1), (2, 3, 0, 1)
"""Kernel, stride, padding and output padding of layers whose window is full, has empty places, or leaves pixels out."""


def polyphase_forward(images: Tensor, matrices: tuple[Tensor, ...], layout: Layout, outputs: int) -> Tensor:
    """A transposed convolution, output by output: the pixels in its window times the columns of its phase."""
    phases = layout.phases
    assert phases is not None
    shared = layout.form == "polyphase_shared"
    size, count, lead = images.shape[-1], phases.count, phases.lead if shared else 0
    wide = phases.outputs(size)
    maps = images.new_zeros(len(images), outputs, wide, wide)
    for y, x in product(range(wide), repeat=2):
        (row, ry), (column, rx) = (divmod(place + phases.padding + lead, phases.stride) for place in (y, x))
        if max(ry, rx) >= count:
            continue  # an output between kernels
        tall, broad = (phases.window if shared else phases.taps(phase) for phase in (ry, rx))
        window = images.new_zeros(len(images), images.shape[1], tall, broad)
        for down, along in product(range(tall), range(broad)):
            if 0 <= row - down < size and 0 <= column - along < size:
                window[:, :, down, along] = images[:, :, row - down, column - along]
        number = ry * count + rx
        matrix = matrices[0][:, number * outputs :][:, :outputs] if shared else matrices[number]
        maps[:, :, y, x] = window.flatten(1) @ matrix
    return maps


def _layer(geometry: tuple[int, int, int, int], inputs: int = 2, outputs: int = 3) -> ZeroPaddedConv2d:
    kernel, stride, padding, output_padding = geometry
    torch.manual_seed(1)
    return ZeroPaddedConv2d(inputs, outputs, kernel, stride, padding, bias=False, output_padding=output_padding)


def _converted(geometry, technology: Technology, form: str, *channels: int) -> nn.Module:
    model = nn.Sequential(_layer(geometry, *channels))
    return convert(model, technology.model_copy(update={"transposed": form})).model


geometries = st.tuples(st.integers(1, 6), st.integers(2, 4), st.integers(0, 5), st.integers(0, 3))


@given(geometries, st.integers(1, 4), st.sampled_from(FORMS[1:]))
@settings(max_examples=60, deadline=None)
def test_the_arrays_give_the_layers_output_and_gradient_for_every_geometry(geometry, size, form):
    kernel, stride, padding, output_padding = geometry
    assume(padding < kernel and output_padding < stride)
    assume(Phases(*geometry).outputs(size) > 0)
    layer = _layer(geometry).double()
    images = torch.rand(2, 2, size, size, dtype=torch.float64, requires_grad=True)
    layout = layout_of(layer, form)
    matrices = layout.matrices(layer.weight)
    assert torch.equal(layout.weight(matrices, layer.weight.shape), layer.weight)
    found = []
    for out in (polyphase_forward(images, matrices, layout, 3), layer(images)):
        found.append((out, *torch.autograd.grad(out.sin().sum(), (images, layer.weight))))
    for ours, library in zip(*found, strict=True):
        torch.testing.assert_close(ours, library)


@given(geometries, st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_every_form_holds_each_weight_once_and_a_full_window_has_no_empty_place(geometry, channels):
    kernel, stride, padding, output_padding = geometry
    assume(padding < kernel and output_padding < stride)
    layer = _layer(geometry, channels, 2)
    for form in FORMS:
        layout = layout_of(layer, form)
        built = layout.built(layer.weight)
        places = sum(matrix.numel() for matrix in layout.matrices(layer.weight))
        assert (places if built is None else 2 * int(built.sum())) == layer.weight.numel()
        assert (built is None) == (form != "polyphase_shared" or kernel % stride == 0 or kernel < stride)


def test_the_papers_kernels_have_the_taps_that_the_field_states():
    assert [Phases(4, 2, 1, 0).taps(phase) for phase in (0, 1)] == [2, 2]
    assert [Phases(3, 2, 1, 0).taps(phase) for phase in (0, 1)] == [2, 1]
    assert [Phases(5, 2, 2, 1).taps(phase) for phase in (0, 1)] == [3, 2]
    assert list(Phases(4, 2, 1, 0).windows(7)) == list(range(8))  # outputs 2i + 1 and 2i + 2 share a window
    assert len(Phases(3, 2, 1, 1).windows(7)) == 7  # empty places before the kernel: 2i and 2i + 1 share one


@pytest.mark.parametrize("geometry", [FULL, PARTLY_EMPTY, SPARSE])
@pytest.mark.parametrize("technology", [DESIGNED, WOX, load_technology("ideal")], ids=lambda one: one.name)
def test_at_a_virtual_ground_without_noise_a_chip_of_each_form_is_the_same(geometry, technology):
    technology = technology.model_copy(update={"read_out": "virtual_ground", "tile_rows": 5})
    images = torch.rand(2, 2, 4, 4)
    chips = [program_chip(_converted(geometry, technology, form), technology) for form in FORMS]
    for chip in chips[1:]:
        assert torch.equal(chip.net[0].weight, chips[0].net[0].weight)
        assert torch.equal(chip(images), chips[0](images))


@pytest.mark.parametrize("form", FORMS[1:])
@pytest.mark.parametrize("geometry", [FULL, PARTLY_EMPTY, SPARSE])
def test_a_chips_arrays_read_one_by_one_give_its_maps(geometry, form):
    technology = WOX.model_copy(update={"tile_rows": 7})
    model = _converted(geometry, technology, form)
    chip = program_chip(model, technology, ChipConditions(3, Noise(fraction=0.1, of="resistance")))
    images = torch.rand(2, 2, 3, 3)
    matrices = tuple(array.weight() for array in chip.arrays.values())
    count = min(geometry[0], geometry[1]) ** 2
    assert len(matrices) == (1 if form == "polyphase_shared" else count)
    expected = polyphase_forward(images, matrices, chip.net[0].layout, 3)
    torch.testing.assert_close(chip(images), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("tile_rows", [None, 1, 7])
@pytest.mark.parametrize("read_out", ["virtual_ground", "load_divider"])
@pytest.mark.parametrize("encoding", ["midpoint_reference", "differential_pair", "sign_crossbar"])
def test_training_and_chip_agree_in_each_form(encoding, read_out, tile_rows):
    fields = {"encoding": encoding, "read_out": read_out, "tile_rows": tile_rows, "dense": DenseArrays()}
    technology = WOX.model_copy(update=fields)
    images = torch.rand(2, 2, 3, 3)
    for geometry, form in product((FULL, PARTLY_EMPTY, SPARSE), FORMS):
        model = _converted(geometry, technology, form)
        with torch.no_grad():
            torch.testing.assert_close(program_chip(model, technology)(images), model(images), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", FORMS[1:])
def test_behind_a_load_the_devices_of_other_phases_are_no_longer_on_the_column(form):
    images = torch.rand(2, 2, 3, 3)
    literal, other = (_converted(FULL, WOX, of)(images).detach() for of in ("literal", form))
    assert float((other - literal).norm() / literal.norm()) > 0.01


@pytest.mark.parametrize("form", FORMS[1:])
@pytest.mark.parametrize("geometry", [FULL, PARTLY_EMPTY])
def test_the_gradient_behind_a_load_follows_the_form(geometry, form):
    model = _converted(geometry, WOX.model_copy(update={"tile_rows": 5}), form, 2, 1).double()
    (layer,) = analog_layers(model)
    layer.levels = torch.empty(0)  # a rounded weight has no slope to compare with
    layer.gain *= 2  # nor has one at its clip
    images = torch.rand(2, 2, 3, 3, dtype=torch.float64)

    def outputs(weight: Tensor) -> Tensor:
        return torch.func.functional_call(model, {"0.weight": weight}, (images,))

    assert torch.autograd.gradcheck(outputs, (layer.weight,), atol=1e-6)


@pytest.mark.parametrize("encoding", ["midpoint_reference", "differential_pair"])
@pytest.mark.parametrize("geometry", [FULL, PARTLY_EMPTY])
@pytest.mark.parametrize("form", FORMS)
def test_variability_in_training_scatters_as_on_chips_of_the_form(form, geometry, encoding):
    fields = {"encoding": encoding, "read_out": "virtual_ground", "dense": DenseArrays()}
    technology = WOX.model_copy(update=fields)
    noise = Noise(fraction=0.2, of="resistance")
    model = _converted(geometry, technology, form)
    (layer,) = analog_layers(model)
    exact = layer.effective_weight().detach()
    layer.programming_noise = noise
    errors: dict[str, list[Tensor]] = {"training": [], "chip": []}
    for seed in range(100):
        layer.redraw_deviation()
        errors["training"].append(layer.effective_weight().detach() - exact)
        errors["chip"].append(program_chip(model, technology, ChipConditions(seed, noise)).net[0].weight - exact)
    unit = layer.gain[None, :, None, None]
    scatter, together = [], []
    for found in errors.values():
        error = torch.stack(found) / unit
        scatter.append(float(error.square().mean().sqrt()))
        beside = error[:, :, 0, 0, 0], error[:, :, 0, 0, 1]  # of two phases: a full window's have one reference
        together.append(float((beside[0] * beside[1]).mean() / error.square().mean()))
    assert scatter[0] == pytest.approx(scatter[1], rel=0.04)  # 100 chips of 96 weights or more
    common = encoding == "midpoint_reference" and form == "polyphase_shared" and geometry == FULL
    assert all((found > 0.25) == common for found in together)


@pytest.mark.parametrize("encoding", ["midpoint_reference", "differential_pair", "sign_crossbar"])
def test_an_empty_place_has_no_device_whatever_happens_to_the_others(encoding):
    synapse = WOX.synapse.model_copy(
        update={"faults": WOX.synapse.faults.model_copy(update={"stuck_at_random": 0.3, "stuck_at_maximum": 0.3})}
    )
    technology = WOX.model_copy(update={"encoding": encoding, "synapse": synapse})
    model = _converted(PARTLY_EMPTY, technology, "polyphase_shared")
    array = program_chip(model, technology, ChipConditions(1, Noise(fraction=0.2, of="resistance"))).arrays["0"]
    built = array.built
    assert built is not None and int((~built).sum()) == 2 * 11  # of two input channels, 36 places for 25 taps
    empty = ~built.repeat_interleave(3, 1)
    for state in (array, array.faded(0.5)):
        assert not bool(state.positive[empty].any()) and not bool(state.weight()[empty].any())
        assert bool((state.positive + state.negative.repeat_interleave(len(empty.T) // state.negative.shape[1], 1))[
            ~empty].all())  # fmt: skip
        references = ~built if encoding == "midpoint_reference" else empty
        assert not bool(state.negative[references].any())
    assert array.stuck is not None and not bool(array.stuck[empty].any())


@pytest.mark.parametrize("geometry", [FULL, PARTLY_EMPTY, SPARSE])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("technology", [DESIGNED, WOX], ids=lambda one: one.name)
def test_the_bill_counts_the_devices_that_a_chip_has(geometry, form, technology):
    technology = technology.model_copy(update={"transposed": form})
    model = _converted(geometry, technology, form)
    arrays = program_chip(model, technology).arrays.values()
    plain, converted = (count_model(net, torch.zeros(1, 2, 4, 4), technology) for net in (_layer(geometry), model))
    assert plain.arrays == converted.arrays
    (counted,) = plain.arrays
    built = [torch.ones_like(one.positive) if one.built is None else one.built for one in arrays]
    weights = sum(
        int(where.sum()) * (one.positive.shape[1] // where.shape[1]) for one, where in zip(arrays, built, strict=True)
    )
    assert counted.weights == weights
    if technology is DESIGNED or technology.encoding == "midpoint_reference":
        assert counted.reference_cells == sum(int((one.negative > 0).sum()) for one in arrays)
    assert [(one.rows, one.columns) for one in counted.each] == [tuple(one.positive.shape) for one in arrays]


@pytest.mark.parametrize(
    ("name", "form"), [*((name, "literal") for name in NETS.names()), *product(("fashion", "am-dcgan"), FORMS[1:])]
)
def test_the_bill_of_a_net_has_the_rows_and_columns_that_a_chip_programs(name, form):
    technology, family = DESIGNED.model_copy(update={"transposed": form}), family_named(name)
    counts = count_family(family, technology, 100)
    nets = (family.make_generator(100), counts.generator), (family.make_discriminator(), counts.discriminator)
    for net, counted in nets:
        model = convert(net, technology).model
        billed = [(one.rows, one.columns) for array in counted.arrays for one in array.each]
        assert billed == [tuple(matrix.shape) for layer in analog_layers(model) for matrix in layer.matrices()]
        if name == "fashion":  # a chip programs these; of larger nets it takes seconds
            assert billed == [tuple(one.positive.shape) for one in program_chip(model, technology).arrays.values()]


def test_the_latent_layer_is_a_dense_array_and_takes_no_larger_map():
    layer = ZeroPaddedConv2d(5, 3, 4, bias=False, of_one_pixel=True)
    plain = nn.ConvTranspose2d(5, 3, 4, bias=False)
    plain.load_state_dict(layer.state_dict())
    latents = torch.randn(2, 5, 1, 1)
    technology = WOX.model_copy(update={"tile_rows": 2, "dac": Converter(bits=8), "adc": Converter(bits=12)})
    for own in (load_technology("ideal"), technology):
        model = convert(nn.Sequential(layer), own).model
        calibrate(model, lambda model=model: model(latents))
        assert count_model(model, latents[:1], own).arrays == count_model(layer, latents[:1], own).arrays
        chip = program_chip(model, own)
        torch.testing.assert_close(chip(latents), model(latents), rtol=1e-4, atol=1e-3)
        if own is not technology:
            torch.testing.assert_close(chip(latents), plain(latents))
        for net in (layer, model, chip):
            with pytest.raises(UserError, match="of one pixel got a map of 2 x 3"):
                net(torch.zeros(1, 5, 2, 3))
    assert tuple(chip.arrays["0"].positive.shape) == (5, 16 * 3)
    (literal,) = analog_layers(convert(nn.Sequential(plain), technology).model)
    assert literal.matrices()[0].shape == (16 * 5, 3)  # nothing says that its maps have one pixel
    assert count_model(plain, latents[:1], technology).arrays[0].rows == 16 * 5


def test_a_layer_may_be_built_otherwise_than_its_technology_says(tmp_path):
    technology = DESIGNED.model_copy(update={"transposed": "polyphase_shared"})
    net = nn.Sequential(_layer(FULL), nn.ReLU(), _layer(FULL, 3), nn.ReLU(), _layer((3, 1, 1, 0), 3))
    conversion = convert(net, technology, transposed={"2": "polyphase"})
    assert [layer.layout.form for layer in analog_layers(conversion.model)] == [
        "polyphase_shared", "polyphase", "literal",
    ]  # fmt: skip
    details = [row.detail for row in conversion.rows if row.kind == "analog"]
    assert "4 phases share windows of 2²" in details[0] and "4 arrays" in details[1] and "phase" not in details[2]
    chip = program_chip(conversion.model, technology)
    assert list(chip.arrays) == ["0", "2.phase0", "2.phase1", "2.phase2", "2.phase3", "4"]
    for forms, said in (
        ({"1": "polyphase"}, "not a transposed convolution"),
        ({"9": "polyphase"}, "not a layer"),
        ({"0": "diagonal"}, "the form 'diagonal'"),
    ):
        with pytest.raises(UserError, match=said):
            convert(net, technology, transposed=forms)


def test_a_models_file_remembers_how_its_layers_are_built(tmp_path):
    technology = DESIGNED.model_copy(update={"transposed": "polyphase"})
    shipped = load_model("fashion-mnist")
    plain = shipped.family.make_generator(shipped.latent_size).eval()
    conversion = convert(plain, technology, transposed={"conv6": "polyphase_shared"})
    model = Model("mixed", shipped.net, shipped.latent_size, technology, conversion)
    save_weights(tmp_path / "weights.safetensors", model)
    again = load_model(tmp_path)
    forms = [layer.layout.form for layer in analog_layers(model.generator)]
    latents = "polyphase_shared"  # of one pixel each
    assert forms == [latents, "literal", "literal", "polyphase", "polyphase", "polyphase_shared"]
    assert [layer.layout.form for layer in analog_layers(again.generator)] == forms
    moved = reprogrammed(model, DESIGNED)
    assert [layer.layout.form for layer in analog_layers(moved.generator)] == [
        latents, *["literal"] * 4, "polyphase_shared",
    ]  # fmt: skip


def _model_in(technology: Technology) -> Model:
    net = nn.Sequential(_layer(PARTLY_EMPTY), nn.ReLU(), _layer(FULL, 3))
    return Model("small", "none", 2, technology, convert(net.eval(), technology))


def test_a_deck_is_of_one_array_and_leaves_empty_places_out():
    shared = _model_in(DESIGNED.model_copy(update={"transposed": "polyphase_shared"}))
    array = chip_layer(shared, "0").array
    text = layer_deck(chip_layer(shared, "0"), [0, 9, 11]).text()
    cells = sum(line.startswith("rc") for line in text.splitlines())
    assert array.built is not None
    taps = array.built.sum(0)
    assert cells == int(taps[0] + 2 * taps[3] + taps[0] + taps[3])  # phases 0 and 3, and their references
    assert "the reference of columns 0 to 2" in text and "the reference of columns 9 to 11" in text
    apart = _model_in(DESIGNED.model_copy(update={"transposed": "polyphase"}))
    assert chip_layer(apart, "2.phase3").array.positive.shape == (3 * 4, 3)
    with pytest.raises(UserError, match="an array for each phase") as refusal:
        chip_layer(apart, "2")
    assert "2.phase0, 2.phase1, 2.phase2, 2.phase3" in str(refusal.value)


def test_the_forward_stays_the_fast_one_in_each_form():
    images = torch.rand(2, 2, 3, 3)
    for form in FORMS:
        model = _converted(FULL, load_technology("ideal"), form)
        assert torch.equal(model(images), functional.conv_transpose2d(images, model[0].weight, None, 2, 1))
