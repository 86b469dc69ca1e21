"""Values that the package holds or computes now, by source (`sources.yaml`): read from its objects, in SI units."""

import math
from typing import TYPE_CHECKING, Any

from spingan.papers.printed import numbers_in, printed_rows
from spingan.papers.rows import Value, Values

if TYPE_CHECKING:
    from torch import nn

PAPER_RECIPES = ("fashion-mnist", "anime-faces", "mnist-memristive")  # the trainings that the papers describe
OUR_FACES = "cartoon-faces"  # stands in for anime-faces where a net was trained


def synapse_as_printed() -> Values:
    """Paper S's synapse as the device half builds it, and as the network half takes it."""
    from spingan.devices.published import skyrmion_synapse
    from spingan.devices.skyrmion_synapse import PRINTED
    from spingan.devices.skyrmion_synapse_run import OPERATION
    from spingan.spec.technology import load_technology

    network = skyrmion_synapse()
    write = network.write
    periods, whole = OPERATION[0].periods, sum(phase.periods for phase in OPERATION)
    weights = load_technology("skyrmion-published").weight_levels()
    density, width, period = write.pulse_current_density_a_per_m2, write.pulse_width_s, write.pulse_period_s
    assert density is not None and width is not None and period is not None and weights is not None  # all are printed
    first, second = PRINTED.skyrmions_each_turn
    return {
        "bits of a weight": Value(math.log2(network.states), "1"),
        "skyrmions": Value(PRINTED.skyrmions, "1", "those of both turns"),
        "skyrmions on the inner and the outer turn": Value((first, second), "1"),
        "radius of the post-synapse": Value(PRINTED.detector_radius_m, "m"),
        "radius of the disc": Value(PRINTED.radius_m, "m"),
        "side of the device": Value(2 * PRINTED.radius_m, "m", "twice the radius"),
        "thickness of the device": Value(PRINTED.film.thickness_m, "m"),
        "anisotropy of the film": Value(PRINTED.film.anisotropy_j_per_m3, "J/m³"),
        "anisotropy of the rails": Value(PRINTED.rail_anisotropy_j_per_m3, "J/m³"),
        "width of the track": Value(PRINTED.pitch_m - PRINTED.rail_width_m, "m", "rails of 10 nm are assumed between"),
        "current density of a pulse": Value(density, "A/m²"),
        "width of a pulse": Value(width, "s"),
        "period of the pulses": Value(period, "s"),
        "time of the highest conductance": Value(periods * period, "s", f"{periods} periods"),
        "whole operation": Value(whole * period, "s", "a whole number of periods"),
        "bound of the weights": Value(float(abs(weights).max()), "1"),
    }


def walls_as_printed() -> Values:
    """Paper S's wall devices: their materials, geometry and drive."""
    from spingan.devices.domain_wall import LEAKY_PLAN, RELU_PLAN
    from spingan.devices.wall_device import LEAKY_RELU, RELU
    from spingan.devices.wall_figures import volume_nm3
    from spingan.devices.wall_system import mesh

    film, profile = LEAKY_RELU.film, LEAKY_RELU.profile
    left, right = LEAKY_RELU.detectors
    junction = RELU.detectors[0]
    plan = LEAKY_PLAN.currents_a
    return {
        "saturation magnetisation": Value(film.saturation_magnetization_a_per_m, "A/m"),
        "Gilbert damping": Value(film.gilbert_damping, "1"),
        "DMI": Value(film.interfacial_dmi_j_per_m2, "J/m²"),
        "exchange stiffness": Value(film.exchange_stiffness_j_per_m, "J/m"),
        "spin polarisation": Value(LEAKY_RELU.polarization, "1"),
        "the unnamed 0.2, read as field-like over damping-like torque": Value(LEAKY_RELU.field_like_ratio, "1"),
        "spin Hall angle": Value(LEAKY_RELU.spin_hall_angle, "1"),
        "resistivity of the heavy metal": Value(LEAKY_RELU.heavy_metal_resistivity_ohm_m * 1e8, "µΩ·cm"),
        "thickness of the heavy metal": Value(LEAKY_RELU.heavy_metal_thickness_m, "m"),
        "constant anisotropy": Value(profile.flat_j_per_m3, "J/m³"),
        "cell of the mesh": Value(mesh(LEAKY_RELU).dx_m, "m"),
        "resistance of the heavy metal, ReLU": Value(
            RELU.heavy_metal_resistance_ohm, "ohm", "resistivity x length / (width x thickness)"
        ),
        "length of the magnet": Value(LEAKY_RELU.length_m, "m"),
        "width of the magnet": Value(LEAKY_RELU.width_m, "m"),
        "thickness of the magnet": Value(film.thickness_m, "m"),
        "volume of the magnet": Value(volume_nm3(LEAKY_RELU), "nm³"),
        "highest anisotropy": Value(profile.left_peak_j_per_m3, "J/m³"),
        "end of the left parabola": Value(profile.left_end_m, "m"),
        "beginning of the right parabola": Value(profile.right_start_m, "m"),
        "flat zone between the parabolas": Value(profile.right_start_m - profile.left_end_m, "m"),
        "left junction, from and to": Value((left.x0_m, left.x1_m), "m"),
        "left junction, length": Value(left.x1_m - left.x0_m, "m"),
        "left junction, height": Value(left.y1_m - left.y0_m, "m", "'1 nm to 7 nm' counts cells"),
        "right junction, from and to": Value((right.x0_m, right.x1_m), "m"),
        "right junction, length": Value(right.x1_m - right.x0_m, "m"),
        "right junction, height": Value(right.y1_m - right.y0_m, "m", "'1 nm to 23 nm' counts cells"),
        "exchange bias at each end": Value(LEAKY_RELU.exchange_bias.length_m, "m"),
        "lowest and highest current": Value((min(plan), max(plan)), "A"),
        "range of the leaky ReLU": Value((-LEAKY_PLAN.full_scale_a, LEAKY_PLAN.full_scale_a), "A"),
        "length and width of the heavy metal": Value((RELU.length_m, RELU.width_m), "m"),
        "volume of the magnet, ReLU": Value(volume_nm3(RELU), "nm³", "1 nm thick, as the leaky ReLU"),
        "junction, from and to": Value((junction.x0_m, junction.x1_m), "m"),
        "lowest and highest current, ReLU": Value((min(RELU_PLAN.currents_a), max(RELU_PLAN.currents_a)), "A"),
    }


def cells_as_printed() -> Values:
    """Paper S's cells as ngspice gets them."""
    from spingan.circuits.cards import load_cards
    from spingan.circuits.domain_wall_cells import LEAKY_RELU_CELL, RELU_CELL
    from spingan.circuits.domain_wall_response import STEP_S

    leaky = LEAKY_RELU_CELL
    node = float(load_cards().node.removesuffix("nm"))
    return {
        "capacitance of a junction": Value(
            leaky.device_capacitance_f, "F", "3 µm of vacuum's: neither oxide nor area printed"
        ),
        "reference resistor of the leaky ReLU": Value(leaky.reference_ohm, "ohm"),
        "voltage sources of the leaky ReLU": Value((leaky.high_rail_v, leaky.low_rail_v), "V"),
        "widths of the inverter's transistors, n and p": Value((leaky.nmos_ratio, leaky.pmos_ratio), "1"),
        "time step": Value(STEP_S, "s"),
        "reference resistor of the ReLU": Value(RELU_CELL.reference_ohm, "ohm"),
        "technology node": Value(node, "nm", "generic cards; PTM's come without a licence, --cards takes yours"),
    }


def memristor_as_printed() -> Values:
    """Paper M's memristor and its circuits' node."""
    from spingan.circuits.catalogue import CELLS
    from spingan.circuits.cell_bench import PULSE_S
    from spingan.devices import wox_memristor as memristor

    made = memristor.wox_memristor()
    nodes = {cell.node for cell in CELLS if cell.paper == "M"}
    return {
        "Ron": Value(1 / made.conductance[-1], "ohm"),
        "Roff": Value(1 / made.conductance[0], "ohm"),
        "threshold": Value(made.write.threshold_v, "V"),
        "write voltage": Value(made.write.pulse_amplitude_v, "V"),
        "write times": Value(memristor.WRITE_TIMES_S, "s"),
        "levels, figure 7": Value(made.states, "1"),
        "pulse": Value(PULSE_S, "s"),
        "technology node": Value(tuple(float(node.removesuffix("nm")) for node in sorted(nodes)), "nm"),
    }


def nets() -> Values:
    """Paper S's pairs, from the modules that are trained."""
    import torch
    from torch import nn

    from spingan.nn.dcgan import COLOUR_64, FASHION, LATENT_SIZE
    from spingan.nn.zero_padded import ZeroPaddedConv2d

    found: dict[str, Value] = {"latent size": Value(LATENT_SIZE, "1")}
    for name, pair in (("Fashion-MNIST", FASHION), ("Anime", COLOUR_64)):
        with torch.device("meta"):
            generator, discriminator = pair.make_generator(LATENT_SIZE), pair.make_discriminator()
            drawn = generator(torch.empty(1, LATENT_SIZE, 1, 1))
        up = [layer for layer in generator if isinstance(layer, ZeroPaddedConv2d)]
        found[f"generator's channels, {name}"] = Value(tuple(layer.out_channels for layer in up), "1")
        found[f"zero-padded convolutions after the first layer, {name}"] = Value(len(up) - 1, "1")
        found[f"image size, {name}"] = Value(drawn.shape[-1], "1", "what the layers make of one latent")
        leaky = _of_type(discriminator, nn.LeakyReLU)
        maps = tuple(layer.out_channels for layer in _of_type(discriminator, nn.Conv2d))[: len(leaky)]
        found["discriminator's feature maps"] = Value(maps, "1")
        found["convolutions of the discriminator with leaky ReLU"] = Value(len(leaky), "1")
        found["slope of the nets' leaky ReLU"] = Value(leaky[0].negative_slope, "1")
    return found


def am_dcgan_nets() -> Values:
    """Paper M's pair as we read it."""
    import torch
    from torch import nn

    from spingan.nn.am_dcgan import AM_DCGAN
    from spingan.nn.dcgan import LATENT_SIZE
    from spingan.papers.am_dcgan import am_dcgan_numbers

    with torch.device("meta"):
        generator, discriminator = AM_DCGAN.make_generator(LATENT_SIZE), AM_DCGAN.make_discriminator()
        drawn = generator(torch.empty(1, LATENT_SIZE, 1, 1))
    arrays = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    layers = _of_type(discriminator, arrays)
    convolutions = _of_type(discriminator, nn.Conv2d)
    weights = sum(layer.weight.numel() for layer in (*_of_type(generator, arrays), *layers))
    paper = am_dcgan_numbers()
    return {
        "layers of a net": Value(len(layers), "1"),
        "filters": Value(tuple(layer.out_channels for layer in convolutions), "1"),
        "side of a filter": Value(convolutions[0].kernel_size[0], "1"),
        "image size": Value(drawn.shape[-1], "1", "what the layers make of one latent"),
        "memristive weights": Value(weights, "1"),
        "layers of the small pair's nets, convolutions": Value(len(convolutions), "1"),
        "filters of the small pair": Value(paper.small_filters, "1"),
        "side of the small pair's filters": Value(paper.small_kernel, "1"),
    }


def trainings() -> Values:
    """What the shipped nets were trained with; the recipe's figures where none is shipped, and the note says so."""
    from spingan.data.face_store import TEST_IMAGES, TRAIN_IMAGES

    fashion, anime, digits = (_training(name) for name in PAPER_RECIPES)
    faces = _training(OUR_FACES, default=anime)
    found = {}
    for images, training in (("Fashion-MNIST", fashion), ("Anime", faces)):
        found[f"epochs, {images}"] = _of(training, "epochs")
        for net in ("generator", "discriminator"):
            found[f"{net}'s learning rate, {images}"] = _of(training, f"{net}_learning_rate")
    return found | {
        "training images, Fashion-MNIST": _of(fashion, "training_images"),
        "training images, Anime": _of(anime, "training_images"),
        "batch size": _of(fashion, "batch_size"),
        "training images": _of(digits, "training_images"),
        "epochs, Table II": _of(digits, "epochs"),
        "epochs, figure 1 (b)": _of(digits, "epochs"),
        "epochs drawn, figure 9": _drawn_epochs(digits),
        "test images, Anime": Value(TEST_IMAGES, "1", "of folders of faces"),
        "images, Anime": Value(TRAIN_IMAGES + TEST_IMAGES, "1", "for training and for testing"),
    }


def _drawn_epochs(training: tuple[dict[str, Any], str]) -> Value:
    """Those of the paper's epochs after which the recipe draws samples, if a run goes so far."""
    recipe, origin = training
    (row,) = (row for row in printed_rows() if row.what == "epochs drawn, figure 9")
    printed = {epoch for _, epoch in numbers_in(row.printed)}
    return Value(tuple(epoch for epoch in recipe["sample_epochs"] if epoch in printed), "1", origin)


def fashion_mnist_files() -> Values:
    """Counts of the files on this machine.

    Raises:
        UserError: They are not here.
    """
    from spingan.data.fashion_mnist import FASHION_MNIST
    from spingan.errors import UserError

    if FASHION_MNIST.find() is None:
        raise UserError("Fashion-MNIST's files are not on this machine", FASHION_MNIST.how_to_get)
    (train, _), (test, labels) = FASHION_MNIST.load("train"), FASHION_MNIST.load("test")
    return {
        "test images, Fashion-MNIST": Value(len(test), "1", "counted in the files"),
        "images, Fashion-MNIST": Value(len(train) + len(test), "1", "counted in the files"),
        "classes, Fashion-MNIST": Value(len(set(labels.tolist())), "1", "counted in the labels"),
    }


def inception() -> Values:
    """The size of the images that go into Inception, and of the features that come out."""
    from spingan.evaluation.inception import FEATURES, SIZE

    return {"side of Inception's images": Value(SIZE, "px"), "features of Inception": Value(FEATURES, "1")}


def _training(recipe: str, default: tuple[dict[str, Any], str] | None = None) -> tuple[dict[str, Any], str]:
    """The recipe that the shipped net was trained by, and where it is from."""
    from spingan.nn.model_files import shipped_models
    from spingan.nn.weights import load_model
    from spingan.training.recipe import load_recipe

    if recipe in shipped_models():
        return load_model(recipe).info["recipe"], f"the shipped {recipe}"
    return default or (load_recipe(recipe).model_dump(), f"recipe {recipe}; no net of it is shipped")


def _of(training: tuple[dict[str, Any], str], key: str) -> Value:
    recipe, origin = training
    number = recipe[key]
    return Value(tuple(number) if isinstance(number, list | tuple) else number, "1", origin)


def _of_type(net: "nn.Module", kinds: Any) -> list[Any]:
    return [module for module in net.modules() if isinstance(module, kinds)]


def accounts() -> Values:
    """The two factors of paper S's accounts."""
    from spingan.papers.paper import paper_numbers

    paper = paper_numbers()
    return {
        "backward passes in units of a forward one": Value(paper.backward_per_forward, "1"),
        "updates of the optimiser a batch": Value(paper.optimiser_updates, "1"),
    }


def table_2() -> Values:
    """Table II of paper M from the counts that its cells imply, and its number of updates."""
    from spingan.papers.am_dcgan import am_dcgan_numbers, implied_table

    table = implied_table()
    found = {"updates of a training": Value(am_dcgan_numbers().updates, "1", "images x epochs, one update an image")}
    for row in table.rows:
        note = f"{row.at_once:,.0f} devices at once, {row.pulses:,} pulses an update: {row.counts_from}"
        found |= {f"{row.schedule}: {cell.quantity}": Value(cell.implied, cell.unit, note) for cell in row.cells}
    return found


def small_pair() -> Values:
    """Paper M's small pair at Table I's figures: the described layers, a set of cells a filter, and one a value."""
    from spingan.papers.am_dcgan import am_dcgan_numbers
    from spingan.papers.am_dcgan_account import PAPER_M_RECIPE, components

    small, each_value = components(PAPER_M_RECIPE).small_sums
    cells = ", ".join(
        f"{number} {name}" for name, number in small.counts.items() if name in am_dcgan_numbers().components
    )
    return {
        "power, cells of Table I in the described pair": Value(small.power_w, "W", cells),
        "area, cells of Table I in the described pair": Value(small.area_m2 * 1e6, "mm²", cells),
        "power, a set of cells for each value": Value(each_value.power_w, "W"),
        "area, a set of cells for each value": Value(each_value.area_m2 * 1e6, "mm²"),
    }


def study_settings() -> Values:
    """The settings of the studies of paper M's figures 7 and 8."""
    from spingan.studies.levels import LEVELS
    from spingan.studies.variability import FRACTIONS

    return {
        "levels, figure 8": Value(tuple(LEVELS), "1"),
        "variability, figure 7": Value(tuple(round(100 * fraction, 9) for fraction in FRACTIONS), "%"),
    }


def bill(recipe: str) -> Values:
    """Table I of paper S for one of its recipes."""
    from spingan.papers.training_account import account_of_recipe

    account = account_of_recipe(recipe)
    counts = ", ".join(f"{line.count:,} {line.function} in {line.net}" for line in account.activations)
    found = {
        row.quantity: Value(row.ours, row.unit or "1", counts if row.quantity.startswith("forward") else row.note)
        for row in account.table
    }
    trainable = f"{account.counts.both.trainable:,} values"
    return found | {
        f"update, {reading.reading}": Value(
            reading.energy_j, "J", f"{trainable} at {reading.energy_per_value_j * 1e15:.4g} fJ"
        )
        for reading in account.updates
    }
