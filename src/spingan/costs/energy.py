"""The energy bill of a generator and its discriminator: counts times the energies of a technology.

`paper_bill` keeps the accounts of paper S (V-B and Table I): E_fwd is what the activations use, the backward pass costs
two forward ones, the optimiser three updates a batch. Sums hold nothing else; what the paper leaves out stands beside.
"""

import math
from dataclasses import asdict, dataclass

from spingan.costs.counts import NetCounts
from spingan.costs.left_out import Line, left_out_lines, read_estimates
from spingan.errors import UserError
from spingan.papers.paper import PaperNumbers, PrintedCell, Rounding, explain_rounding, paper_numbers
from spingan.spec.activation import Activation
from spingan.spec.technology import Technology

_REL_TOLERANCE = 1e-9  # energies that a file repeats digit for digit


@dataclass(frozen=True)
class ActivationLine:
    """The activations of one kind in one net. `energy_j` is of one evaluation, over `window_s` (None: not known)."""

    net: str
    function: str
    count: int
    energy_j: float | None
    window_s: float | None

    @property
    def total_j(self) -> float | None:
        """Energy of all of them in one forward pass."""
        return None if self.energy_j is None else self.count * self.energy_j


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
class Bill:
    """What one training image costs. Energies in joules; None where the technology has no figure.

    Attributes:
        update_energy_j: One update of all trainable values, E_upd; `update_basis` says where it is from.
        update_is_printed: Whether E_upd is the paper's own figure rather than counts times a device's energy.
        optimiser_energy_j: The three updates that Adam makes a batch.
        table: Table I, cell by cell.
        updates: Readings of E_upd beside the one used.
        left_out: Costs outside the sums, by the technology's figures.
        estimates: Costs outside the sums, by assumed figures.
    """

    name: str
    technology: str
    images: int
    batch_size: int
    counts: NetCounts
    activations: tuple[ActivationLine, ...]
    generator_forward_energy_j: float | None
    forward_energy_j: float | None
    backward_energy_j: float | None
    update_energy_j: float | None
    update_is_printed: bool
    update_basis: str
    optimiser_energy_j: float | None
    training_energy_per_batch_j: float | None
    training_energy_per_image_j: float | None
    table: tuple[TableRow, ...]
    updates: tuple[UpdateReading, ...]
    left_out: tuple[Line, ...]
    estimates: tuple[Line, ...]
    notes: tuple[str, ...]
    accounting: str = "paper"

    @property
    def batches(self) -> int:
        """Batches of one epoch, the last one perhaps smaller."""
        return math.ceil(self.images / self.batch_size)

    def to_dict(self) -> dict[str, object]:
        """The bill as JSON-able values; nJ and µJ as the keys say, null where nothing is counted."""
        return {
            "name": self.name,
            "technology": self.technology,
            "accounting": self.accounting,
            "images": self.images,
            "batch_size": self.batch_size,
            "batches": self.batches,
            "generator_forward_energy_nj": _scaled(self.generator_forward_energy_j, 1e9),
            "forward_energy_nj": _scaled(self.forward_energy_j, 1e9),
            "backward_energy_nj": _scaled(self.backward_energy_j, 1e9),
            "update_energy_nj": _scaled(self.update_energy_j, 1e9),
            "update_is_printed": self.update_is_printed,
            "update_basis": self.update_basis,
            "optimiser_energy_nj": _scaled(self.optimiser_energy_j, 1e9),
            "training_energy_per_image_nj": _scaled(self.training_energy_per_image_j, 1e9),
            "training_energy_per_batch_uj": _scaled(self.training_energy_per_batch_j, 1e6),
            "activations": [{**asdict(line), "total_j": line.total_j} for line in self.activations],
            "table": [asdict(row) for row in self.table],
            "updates": [asdict(reading) for reading in self.updates],
            "left_out": [asdict(line) for line in self.left_out],
            "estimates": [asdict(line) for line in self.estimates],
            "counts": self.counts.to_dict(),
            "notes": list(self.notes),
        }


def paper_bill(
    counts: NetCounts,
    technology: Technology,
    *,
    images: int,
    batch_size: int,
    printed_key: str | None = None,
    name: str = "net",
) -> Bill:
    """The bill as paper S keeps it: E_image = 3 E_fwd + 3 E_upd / batch (docs/derivations.md, section 3).

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
    forward = _sum(lines)
    update, update_is_printed, update_basis = _update_energy(counts, technology, cell, paper)
    backward = _scaled(forward, paper.backward_per_forward)
    optimiser = _scaled(update, paper.optimiser_updates)
    image = None
    if forward is not None and backward is not None and optimiser is not None:
        image = forward + backward + optimiser / batch_size
    energies: dict[str, float | int | None] = {
        "forward_nj": _scaled(forward, 1e9),
        "backward_nj": _scaled(backward, 1e9),
        "update_nj": _scaled(update, 1e9),
        "optimiser_nj": _scaled(optimiser, 1e9),
        "training_images": images,
        "batches": math.ceil(images / batch_size),
        "batch_uj": _scaled(image, batch_size * 1e6),
        "image_nj": _scaled(image, 1e9),
    }
    left_out = left_out_lines(counts, technology)
    # Stands in for the paper's synapse, whose conductance is not printed; a device in siemens has a line of its own.
    reads_are_guessed = cell is not None and technology.synapse is not None and technology.synapse.basis == "normalised"
    return Bill(
        name=name,
        technology=technology.name,
        images=images,
        batch_size=batch_size,
        counts=counts,
        activations=lines,
        generator_forward_energy_j=_sum(tuple(line for line in lines if line.net == "generator")),
        forward_energy_j=forward,
        backward_energy_j=backward,
        update_energy_j=update,
        update_is_printed=update_is_printed,
        update_basis=update_basis,
        optimiser_energy_j=optimiser,
        training_energy_per_batch_j=_scaled(image, batch_size),
        training_energy_per_image_j=image,
        table=_table(energies, cell, update_is_printed),
        updates=_update_readings(counts, technology, cell, paper),
        left_out=left_out,
        estimates=read_estimates(counts, forward) if reads_are_guessed else (),
        notes=_notes(lines, technology, counts, cell, paper),
    )


def _activation_lines(counts: NetCounts, technology: Technology) -> tuple[ActivationLine, ...]:
    devices: dict[str, Activation] = {str(function): device for function, device in technology.activations.items()}
    lines = []
    for net, model in (("generator", counts.generator), ("discriminator", counts.discriminator)):
        for function, number in model.activations.items():
            activation = devices.get(function)
            energy = activation.energy_j if activation is not None else None
            windows = {item.window_s for item in activation.energy_items} if activation is not None else set()
            lines.append(ActivationLine(net, function, number, energy, windows.pop() if len(windows) == 1 else None))
    return tuple(lines)


def _sum(lines: tuple[ActivationLine, ...]) -> float | None:
    totals = [line.total_j for line in lines]
    known = [total for total in totals if total is not None]
    return math.fsum(known) if len(known) == len(totals) else None


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _is_papers_update(counts: NetCounts, technology: Technology, cell: PrintedCell, paper: PaperNumbers) -> bool:
    write = technology.synapse.write.energy_j if technology.synapse is not None else None
    same_net = cell.net == {**counts.both.activations, "trainable": counts.both.trainable}
    return same_net and write is not None and math.isclose(write, paper.state_update_energy_j, rel_tol=_REL_TOLERANCE)


def _update_energy(
    counts: NetCounts, technology: Technology, cell: PrintedCell | None, paper: PaperNumbers
) -> tuple[float | None, bool, str]:
    """E_upd, whether it is the paper's printed figure, and a sentence that says where it comes from."""
    if cell is not None and _is_papers_update(counts, technology, cell, paper):
        return cell.update_energy_j, True, f"printed: {paper.source}, Table I, {cell.dataset}"
    write = technology.synapse.write if technology.synapse is not None else None
    if write is None or write.energy_j is None:
        return None, False, f"not counted: {technology.name} gives no energy of a write"
    basis = (
        f"computed: {counts.both.trainable:,} trainable values x {write.energy_j * 1e15:.4g} fJ, "
        f"one {write.energy_per or 'write'} a value (assumed)"
    )
    return counts.both.trainable * write.energy_j, False, basis


def _update_readings(
    counts: NetCounts, technology: Technology, cell: PrintedCell | None, paper: PaperNumbers
) -> tuple[UpdateReading, ...]:
    values = counts.both.trainable
    synapse = technology.synapse
    energies: list[tuple[str, float]] = []
    if synapse is not None and synapse.write.energy_j is not None:
        bits = math.ceil(math.log2(synapse.states))
        energies.append((f"one {synapse.write.energy_per or 'write'} a value", synapse.write.energy_j))
        energies.append(
            (f"one {synapse.write.energy_per or 'write'} a bit, {bits} bits", bits * synapse.write.energy_j)
        )
    if cell is not None:
        energies += [
            (
                f"implied by the printed {other.table['update_nj']} nJ of {key}",
                other.update_energy_j / other.net["trainable"],
            )
            for key, other in paper.cells.items()
        ]
    return tuple(
        UpdateReading(
            reading, energy, values * energy, None if cell is None else values * energy - cell.update_energy_j
        )
        for reading, energy in energies
    )


_QUANTITIES = {
    "forward_nj": "forward pass, G and D (testing)",
    "backward_nj": "backward pass, 2 x forward",
    "update_nj": "one update of all values",
    "optimiser_nj": "optimiser, 3 x update",
    "training_images": "training images",
    "batches": "batches an epoch",
    "batch_uj": "training, a batch",
    "image_nj": "training, an image",
}
_UNITS = {"nj": "nJ", "uj": "µJ"}


def _table(
    energies: dict[str, float | int | None], cell: PrintedCell | None, update_is_printed: bool
) -> tuple[TableRow, ...]:
    rows = []
    for key, ours in energies.items():
        printed = cell.table[key] if cell is not None else None
        rounding = explain_rounding(printed, ours) if printed is not None and ours is not None else None
        note = ""
        if key == "update_nj" and update_is_printed:
            note = "an input: the paper's own figure"
        elif rounding == "none":
            note = "no rounding of ours gives it"
        rows.append(TableRow(_QUANTITIES[key], printed, ours, _UNITS.get(key.rpartition("_")[2], ""), rounding, note))
    return tuple(rows)


def _notes(
    lines: tuple[ActivationLine, ...],
    technology: Technology,
    counts: NetCounts,
    cell: PrintedCell | None,
    paper: PaperNumbers,
) -> tuple[str, ...]:
    notes = [
        f"not counted: {technology.name} gives no energy for {function}"
        for function in dict.fromkeys(line.function for line in lines if line.energy_j is None)
    ]
    discriminator = _sum(tuple(line for line in lines if line.net == "discriminator"))
    generator = _sum(tuple(line for line in lines if line.net == "generator"))
    if generator is not None and discriminator is not None:
        step = generator + 3 * discriminator
        notes.append(
            f"The generator alone draws a picture for {generator * 1e9:.4g} nJ; the activations of a training step's "
            f"forward passes, the generator once and the discriminator three times, use {step * 1e9:.4g} nJ an image."
        )
    if cell is not None:
        if cell.net != {**counts.both.activations, "trainable": counts.both.trainable}:
            notes.append(f"This is not the net of the paper's row {cell.key}: the printed figures are for another one.")
        implied = ", ".join(
            f"{other.update_energy_j / other.net['trainable'] * 1e15:.3f} fJ ({key})"
            for key, other in paper.cells.items()
        )
        notes.append(f"No one energy an update explains both rows of the table: they imply {implied}.")
        notes += [*cell.notes, *paper.notes]
    return tuple(notes)
