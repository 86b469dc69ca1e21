"""Paper S's account of a training (V-B and Table I), as a view of the counts of a generator and its discriminator.

E_fwd is what the activations use, the backward pass costs two forward ones, the optimiser three updates a batch. The
sums hold nothing else; what the paper leaves out is listed outside of them, from the bill of both nets.
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spingan.costs.bill import Sum, activation_component, activation_device, make_bill
from spingan.costs.counts import NetCounts
from spingan.errors import UserError
from spingan.nn.cost import net_counts
from spingan.nn.weights import Model
from spingan.papers.paper import PrintedCell, paper_numbers, printed_row
from spingan.papers.printed import Rounding, explain_rounding
from spingan.spec.technology import Technology, load_technology
from spingan.training.recipe import Recipe, load_recipe

_REL_TOLERANCE = 1e-9  # energies that a file repeats digit for digit

# One read of the paper's synapse, which prints no conductance: docs/derivations.md, section 2. All assumed.
READ_VOLTAGE_V = 0.1
READ_TIME_S = 1e-9
RESISTANCE_AREA_OHM_M2 = 2e-12  # 2 Ω·µm², gives the domain-wall detector's conductances: docs/derivations.md, section 1
DETECTOR_DIAMETER_M = 220e-9  # the post-synapse of paper S, III-A, read as a diameter


@dataclass(frozen=True)
class ActivationLine:
    """The activations of one kind in one net. `energy_j` is of one evaluation, over `window_s`; None: not known."""

    net: str
    function: str
    count: int
    energy_j: float | None
    window_s: float | None
    total_j: float | None


@dataclass(frozen=True)
class TableRow:
    """One cell of Table I: what the paper prints, what the counts give unrounded, and how the one became the other."""

    quantity: str
    printed: str | None
    ours: float | None
    unit: str
    rounding: Rounding | None
    note: str = ""


@dataclass(frozen=True)
class UpdateReading:
    """One reading of E_upd: trainable values times an energy each, and how far that is from the printed figure."""

    reading: str
    energy_per_value_j: float
    energy_j: float
    residual_j: float | None


@dataclass(frozen=True)
class OutsideLine:
    """A cost outside the sums, for one image forward through both nets unless `item` says otherwise.

    Attributes:
        count: How often it happens.
        energy_j: All of them together; None is `not counted`.
        basis: `technology` (computed from its figures), `assumed`, or `not counted`.
        note: The arithmetic, or what is missing.
    """

    item: str
    count: int
    energy_j: float | None
    basis: str
    note: str


_LINES = ("activations", "table", "updates", "left_out", "estimates")


@dataclass(frozen=True)
class TrainingAccount:
    """What one training image costs in the paper's account. An energy is None where one part of it is not counted.

    Attributes:
        generator_forward_energy_j: Activations of the generator: drawing one image.
        forward_energy_j: E_fwd, activations of both nets.
        update_energy_j: One update of all trainable values, E_upd; `update_basis` says where it is from.
        update_is_printed: Whether E_upd is the paper's own figure rather than counts times a device's energy.
        training_energy_per_image_j: E_image = 3 E_fwd + 3 E_upd / batch.
        table: Table I, cell by cell.
        updates: Readings of E_upd next to the one used.
        left_out: Costs outside the sums, by the technology's figures.
        estimates: Costs outside the sums, by assumed figures.
    """

    name: str
    technology: str
    batch_size: int
    counts: NetCounts
    activations: tuple[ActivationLine, ...]
    generator_forward_energy_j: float | None
    forward_energy_j: float | None
    update_energy_j: float | None
    update_is_printed: bool
    update_basis: str
    training_energy_per_image_j: float | None
    table: tuple[TableRow, ...]
    updates: tuple[UpdateReading, ...]
    left_out: tuple[OutsideLine, ...]
    estimates: tuple[OutsideLine, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The account as JSON-able values; nJ and µJ as the keys say, null where a part is not counted."""
        forward, backward, update, optimiser, images, batches, batch, image = (row.ours for row in self.table)
        return {
            "name": self.name,
            "technology": self.technology,
            "accounting": "paper",
            "images": images,
            "batch_size": self.batch_size,
            "batches": batches,
            "generator_forward_energy_nj": _scaled(self.generator_forward_energy_j, 1e9),
            "forward_energy_nj": forward,
            "backward_energy_nj": backward,
            "update_energy_nj": update,
            "update_is_printed": self.update_is_printed,
            "update_basis": self.update_basis,
            "optimiser_energy_nj": optimiser,
            "training_energy_per_image_nj": image,
            "training_energy_per_batch_uj": batch,
            **{name: [asdict(line) for line in getattr(self, name)] for name in _LINES},
            "counts": self.counts.to_dict(),
            "notes": list(self.notes),
        }


def account_of_recipe(recipe: str | Path | Recipe, overrides: tuple[str, ...] = ()) -> TrainingAccount:
    """The account of a recipe's pair of nets on its technology.

    Raises:
        UserError: An unknown recipe, key or technology.
    """
    chosen = recipe if isinstance(recipe, Recipe) else load_recipe(recipe, overrides)
    return _account(chosen.net, load_technology(chosen.technology), chosen, chosen.latent_size)


def account_of_model(model: Model) -> TrainingAccount:
    """The account of a model's pair of nets on the technology that it was trained for, by its own recipe's batch."""
    from spingan.reports.report import recipe_of  # plots are not loaded for a recipe's account

    return _account(model.net, model.technology, recipe_of(model), model.latent_size)


def _account(net: str, technology: Technology, recipe: Recipe, latent_size: int) -> TrainingAccount:
    """The paper's figures stand next to ours only where net and technology are the paper's (`printed_row`)."""
    key = printed_row(recipe.data.name, net, technology.name)
    return training_account(
        net_counts(net, technology, latent_size),
        technology,
        images=recipe.training_images,
        batch_size=recipe.batch_size,
        printed_key=key,
        name=key or net,
    )


def training_account(
    counts: NetCounts,
    technology: Technology,
    *,
    images: int,
    batch_size: int,
    printed_key: str | None = None,
    name: str = "net",
) -> TrainingAccount:
    """The account as paper S keeps it: E_image = 3 E_fwd + 3 E_upd / batch (docs/derivations.md, section 3).

    E_fwd is computed: activations counted in both nets times the technology's energies. E_upd is the paper's printed
    figure where net and write energy are the paper's, since no energy an update explains both rows of the table;
    elsewhere it is the trainable values times the technology's energy of one write.

    Args:
        images: Training images, for the batches of an epoch.
        printed_key: The row of Table I to compare with, `fashion-mnist` or `anime-faces`; None for no comparison.

    Raises:
        UserError: A count below 1, or no such row.
    """
    for what, number in (("images", images), ("batch_size", batch_size)):
        if number < 1:
            raise UserError(f"{what} {number} is below 1", f"Give at least one of {what}.")
    paper = paper_numbers()
    cell = None if printed_key is None else paper.cell(printed_key)
    lines = _activation_lines(counts, technology)
    forward = _activation_sum(lines)
    update, update_is_printed, update_basis = _update_energy(counts, technology, cell)
    backward, optimiser = _scaled(forward, paper.backward_per_forward), _scaled(update, paper.optimiser_updates)
    image = None
    if forward is not None and backward is not None and optimiser is not None:
        image = forward + backward + optimiser / batch_size
    figures: dict[tuple[str, str, str], float | int | None] = {  # of Table I: key in the paper's file, name, unit
        ("forward_nj", "forward pass, G and D (testing)", "nJ"): _scaled(forward, 1e9),
        ("backward_nj", "backward pass, 2 x forward", "nJ"): _scaled(backward, 1e9),
        ("update_nj", "one update of all values", "nJ"): _scaled(update, 1e9),
        ("optimiser_nj", "optimiser, 3 x update", "nJ"): _scaled(optimiser, 1e9),
        ("training_images", "training images", ""): images,
        ("batches", "batches an epoch", ""): math.ceil(images / batch_size),
        ("batch_uj", "training, a batch", "µJ"): _scaled(image, batch_size * 1e6),
        ("image_nj", "training, an image", "nJ"): _scaled(image, 1e9),
    }
    table = []
    for (key, quantity, unit), ours in figures.items():
        printed = None if cell is None else cell.table[key]
        rounding = None if printed is None or ours is None else explain_rounding(printed, ours)
        note = "no rounding of ours gives it" if rounding == "none" else ""
        if key == "update_nj" and update_is_printed:
            note = "an input: the paper's own figure"
        table.append(TableRow(quantity, printed, ours, unit, rounding, note))
    # Stands in for the paper's synapse, whose conductance is not printed; a device in siemens has a line of its own.
    reads_are_guessed = cell is not None and technology.synapse is not None and technology.synapse.basis == "normalised"
    return TrainingAccount(
        name=name,
        technology=technology.name,
        batch_size=batch_size,
        counts=counts,
        activations=lines,
        generator_forward_energy_j=_activation_sum(lines, "generator"),
        forward_energy_j=forward,
        update_energy_j=update,
        update_is_printed=update_is_printed,
        update_basis=update_basis,
        training_energy_per_image_j=image,
        table=tuple(table),
        updates=_update_readings(counts, technology, cell),
        left_out=_left_out(counts, technology),
        estimates=_read_estimates(counts, forward) if reads_are_guessed else (),
        notes=_notes(lines, technology, counts, cell),
    )


def _activation_lines(counts: NetCounts, technology: Technology) -> tuple[ActivationLine, ...]:
    lines = []
    for net, model in (("generator", counts.generator), ("discriminator", counts.discriminator)):
        for function, number in model.activations.items():
            device = activation_device(technology, function)
            windows = {item.window_s for item in device.energy_items} if device is not None else set()
            window_s = windows.pop() if len(windows) == 1 else None
            energy_j = activation_component(technology, function).energy_j
            lines.append(ActivationLine(net, function, number, energy_j, window_s, _scaled(energy_j, number)))
    return tuple(lines)


def _activation_sum(lines: tuple[ActivationLine, ...], net: str | None = None) -> float | None:
    """Energy of the activations of one net or of both; None if one kind is not counted: an account has whole sums."""
    chosen = [(line.function, line.total_j) for line in lines if net in (None, line.net)]
    return Sum.of(chosen).complete if chosen else 0.0  # a net without activations uses nothing


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _is_papers_net(counts: NetCounts, cell: PrintedCell) -> bool:
    return cell.net == {**counts.both.activations, "trainable": counts.both.trainable}


def _update_energy(
    counts: NetCounts, technology: Technology, cell: PrintedCell | None
) -> tuple[float | None, bool, str]:
    """E_upd, whether it is the paper's printed figure, and a sentence that says where it comes from."""
    paper = paper_numbers()
    write = technology.synapse.write if technology.synapse is not None else None
    if write is None or write.energy_j is None:
        return None, False, f"not counted: {technology.name} gives no energy of a write"
    papers_write = math.isclose(write.energy_j, paper.state_update_energy_j, rel_tol=_REL_TOLERANCE)
    if cell is not None and papers_write and _is_papers_net(counts, cell):
        return cell.update_energy_j, True, f"printed: {paper.source}, Table I, {cell.dataset}"
    basis = (
        f"computed: {counts.both.trainable:,} trainable values x {write.energy_j * 1e15:.4g} fJ, "
        f"one {write.energy_per or 'write'} a value (assumed)"
    )
    return counts.both.trainable * write.energy_j, False, basis


def _update_readings(counts: NetCounts, technology: Technology, cell: PrintedCell | None) -> tuple[UpdateReading, ...]:
    values = counts.both.trainable
    synapse = technology.synapse
    energies: list[tuple[str, float]] = []
    if synapse is not None and synapse.write.energy_j is not None:
        one, bits = synapse.write.energy_per or "write", math.ceil(math.log2(synapse.states))
        energies.append((f"one {one} a value", synapse.write.energy_j))
        energies.append((f"one {one} a bit, {bits} bits", bits * synapse.write.energy_j))
    if cell is not None:
        energies += [
            (f"implied by the printed {other.table['update_nj']} nJ of {key}", other.implied_update_j)
            for key, other in paper_numbers().cells.items()
        ]
    return tuple(
        UpdateReading(name, energy, values * energy, None if cell is None else values * energy - cell.update_energy_j)
        for name, energy in energies
    )


def _left_out(counts: NetCounts, technology: Technology) -> tuple[OutsideLine, ...]:
    """What the bill of both nets has besides the activations, batch norm as it is in training."""
    bill = make_bill("both nets", {"both": counts.both}, technology, batch_norm_folded=False)
    found = {}
    for line in bill.lines:
        if line.part != "activations" and line.item != "cells":
            basis = "not counted" if line.energy_j is None else "technology"
            found[line.item] = OutsideLine(line.item, line.count, line.energy_j, basis, line.note)
    # The paper's account begins with what the arrays do. Reads come one after another, dense columns too.
    first = ("synapse reads", "times of a read, one after another", "writes, programming all weights once")
    slots, reads = counts.both.total("read_slots"), counts.both.total("reads")
    in_turn = "" if slots == reads else f", {slots - reads:,} of them because dense columns are read in turn"
    time_s = None if technology.synapse is None else technology.synapse.read.time_s
    each = "no read time" if time_s is None else f"{time_s:g} s each, together {slots * time_s:.4g} s"
    found[first[1]] = OutsideLine(first[1], slots, None, "not counted", each + in_turn)
    return tuple(found[item] for item in (*first, *(item for item in found if item not in first)))


def _read_estimates(counts: NetCounts, forward_energy_j: float | None) -> tuple[OutsideLine, ...]:
    """What reading the paper's synapses would cost, between two bounds: pixels only, and structural zeros as pixels.

    Source: docs/derivations.md, section 2. E = V² G t with G = π (d/2)² / RA.
    """
    conductance_s = math.pi * (DETECTOR_DIAMETER_M / 2) ** 2 / RESISTANCE_AREA_OHM_M2
    energy_j = READ_VOLTAGE_V**2 * conductance_s * READ_TIME_S
    arithmetic = (
        f"({READ_VOLTAGE_V:g} V)² x {conductance_s * 1e3:.3g} mS x {READ_TIME_S * 1e9:g} ns = "
        f"{energy_j * 1e12:.3g} pJ each; {conductance_s * 1e3:.3g} mS = π (110 nm)² / 2 Ω·µm²"
    )
    lines = []
    for what, actions in (("at 0 V", "useful_macs"), ("as pixels", "macs")):
        number = counts.both.total(actions)
        total = number * energy_j
        against = "" if not forward_energy_j else f"; {total / forward_energy_j:,.0f} times the activations"
        lines.append(OutsideLine(f"reads, structural zeros {what}", number, total, "assumed", arithmetic + against))
    return tuple(lines)


def _notes(
    lines: tuple[ActivationLine, ...], technology: Technology, counts: NetCounts, cell: PrintedCell | None
) -> tuple[str, ...]:
    notes = [
        f"not counted: {technology.name} gives no energy for {function}"
        for function in dict.fromkeys(line.function for line in lines if line.energy_j is None)
    ]
    generator, discriminator = (_activation_sum(lines, net) for net in ("generator", "discriminator"))
    if generator is not None and discriminator is not None:
        step = generator + 3 * discriminator
        notes.append(
            f"The generator alone draws a picture for {generator * 1e9:.4g} nJ; the activations of a training step's "
            f"forward passes, the generator once and the discriminator three times, use {step * 1e9:.4g} nJ an image."
        )
    if cell is not None:
        if not _is_papers_net(counts, cell):
            notes.append(f"This is not the net of the paper's row {cell.key}: the printed figures are for another one.")
        paper = paper_numbers()
        implied = ", ".join(f"{other.implied_update_j * 1e15:.3f} fJ ({key})" for key, other in paper.cells.items())
        notes.append(f"No one energy an update explains both rows of the table: they imply {implied}.")
        notes += [*cell.notes, *paper.notes]
    return tuple(notes)
