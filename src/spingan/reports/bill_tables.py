"""The whole bill as text: five numbers on top, tables of items and layers, and technologies and machines compared."""

from collections.abc import Iterable

from spingan.costs.account import Account, FullBill, Item
from spingan.costs.bill import Sum
from spingan.costs.headlines import energy_range, five_numbers
from spingan.costs.side_by_side import PAPER_S, PAPER_S_WITHOUT_LIMIT, Row, SideBySide
from spingan.costs.training_rows import TrainingCompared
from spingan.quantities import NOT_COUNTED, area_text, quantity_text
from spingan.reports.tables import Table


def sum_text(total: Sum, unit: str) -> str:
    """A sum with its unit, or as an area without one; `>` where something is missing."""
    if total.value is None:
        return NOT_COUNTED
    return f"{'> ' if total.missing else ''}{quantity_text(total.value, unit, 4) if unit else area_text(total.value)}"


def headlines(bill: FullBill) -> list[str]:
    """The five numbers of drawing one image that a person remembers, and one line about training."""
    account = bill.drawing
    lines = [f"{bill.name} on {bill.technology}, to draw one image:"]
    lines += [f"  {what:<8} {text}" for what, text in five_numbers(account).items()]
    if bill.training is not None:
        item, share = bill.training.largest
        lines.append(f"To train with one image: {energy_range(bill.training)}; largest {item}, {share:.0%}")
    missing = sum(item.energy_j is None for item in account.items)
    without = f"{missing} items without a figure, and " if missing else ""
    lines.append(f"Not counted: {without}amplifiers, leakage, control. Items, sources and the rest: --detail")
    return lines


def bill_item_tables(bill: FullBill) -> tuple[Table, ...]:
    """Drawing and training by item, then by layer; sources are numbers that `bill_item_notes` explains."""
    numbers = {source: number for number, source in enumerate(_sources(bill), start=1)}
    tables = []
    for what, account in _accounts(bill).items():
        title = f"{bill.name} on {bill.technology}, to {what} one image"
        headings = ("item", "count", "energy", "low", "high", "share", "time", "area", "source")
        rows = []
        for items in sorted(_grouped(account.items, "item"), key=lambda items: -_energy_j(items)):
            count = f"{sum(item.count for item in items):,.0f}"
            named = dict.fromkeys(str(numbers[source]) for item in items for source in _split(item))
            rows.append((items[0].item, count, *_cells(items, account.energy_j), f"[{', '.join(named)}]"))
        tables.append(Table(f"{title}: by item", headings, rows, range(1, 8)))
        layers = [(items[0].layer, *_cells(items, account.energy_j)) for items in _grouped(account.items, "layer")]
        tables.append(Table(f"{title}: by layer", ("layer", *headings[2:-1]), layers, range(1, 7)))
    return tuple(tables)


def bill_item_notes(bill: FullBill) -> list[str]:
    """What the items mean, and what none of them holds."""
    accounts = _accounts(bill).values()
    notes = dict.fromkeys(f"{item.item}: {item.note}" for account in accounts for item in account.items if item.note)
    missing = dict.fromkeys(reason for account in accounts for reason in account.not_counted)
    return [
        *(f"[{number}] {source}" for number, source in enumerate(_sources(bill), start=1)),
        "Energy stands between low and high: where sources differ, and where the use of a part does.",
        _programming_note(bill),
        *notes,
        *(f"assumed: {choice}" for choice in bill.assumed),
        *(f"not counted: {reason}" for reason in missing),
    ]


def _programming_note(bill: FullBill) -> str:
    """Writing all weights once, which no sum holds."""
    once, whole = bill.programming, bill.programming.whole
    energy, low, high = (
        quantity_text(value, "J", 3) for value in (whole.energy_j, whole.energy_low_j, whole.energy_high_j)
    )
    text = f"Writing all weights once, all levels alike, outside of the sums: {energy}"
    if whole.energy_j is not None:
        text += f" ({low} to {high})"
    if once.pulses is not None:
        resets = f", {once.resets:.3g} resets" if once.resets else ""
        time = "time unknown" if once.time_s is None else f"{quantity_text(once.time_s, 's', 3)} row by row"
        text += f", {time}; {once.pulses:.3g} pulses{resets} and {once.verifies:.3g} verifies a device"
    if once.basis:
        text += f"; {once.basis}"
    return text + "".join(f"; not counted: {item.item}: {item.missing}" for item in once.items if item.missing)


def side_by_side_table(found: SideBySide) -> Table:
    """A row for each technology and machine, energy with its range."""
    headings = ("hardware", "energy", "from", "to", "time", "area", "power", "largest item")
    rows = [_compared(row) for row in found.rows]
    return Table(f"One image of {found.net}", headings, rows, range(1, 7))


def side_by_side_notes(found: SideBySide) -> list[str]:
    """The ratio to paper S's devices, and what each row stands on."""
    energies = {row.name: row.energy_j for row in found.rows}
    lines = ["Best technology here against paper S's devices: no other technology has the energy of every item."]
    if found.best is not None and found.ratio is not None:
        best = quantity_text(energies[found.best], "J", 3)
        lines = [
            f"Best technology here, {found.best}, {best}: {_times(found.ratio)} than paper S's devices at their word, "
            f"all counted ({PAPER_S}, {quantity_text(energies[PAPER_S], 'J', 3)})."
        ]
        if found.ratio_without_limit is not None:
            lines.append(
                f"Were their tiles without a limit ({PAPER_S_WITHOUT_LIMIT}, "
                f"{quantity_text(energies[PAPER_S_WITHOUT_LIMIT], 'J', 3)}), it would take "
                f"{_times(found.ratio_without_limit)}: but their wires would take the signal."
            )
    for row in found.rows:
        missing = f"; not counted: {'; '.join(row.missing)}" if row.missing else ""
        lines.append(f"- {row.name}: {row.basis}{missing}")
    return lines


def training_table(found: TrainingCompared) -> Table:
    """Training with one image, a row for each way to do it, and in the title how long devices last."""
    rows = []
    for row in found.rows:
        energies = (quantity_text(each, "J", 3) for each in (row.energy_j, row.energy_low_j, row.energy_high_j))
        time, pulses = quantity_text(row.time_s, "s", 3), NOT_COUNTED if row.pulses is None else f"{row.pulses:,.0f}"
        rows.append((row.name, *energies, time, pulses))
    lasts = "how long devices last: not counted"
    if found.lifetime_epochs is not None and found.lifetime_years is not None:
        lasts = f"devices last {found.lifetime_epochs:,.0f} epochs, {found.lifetime_years:.3g} years without a pause"
    headings = ("training", "energy", "from", "to", "time", "pulses")
    return Table(f"To train with one image; {lasts}", headings, rows, range(1, 6))


def _times(ratio: float) -> str:
    return f"{1 / ratio:.3g} times less" if ratio < 1 else f"{ratio:.3g} times more"


def _grouped(items: Iterable[Item], key: str) -> list[list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(getattr(item, key), []).append(item)
    return list(groups.values())


def _energy_j(items: list[Item]) -> float:
    return sum(item.energy_j or 0.0 for item in items)


def _cells(items: list[Item], whole_j: float) -> tuple[str, ...]:
    """Energy, low, high, share, time and area of some items; `>` where some of them have no energy."""
    sums = Account(tuple(items), ())
    known = [item for item in items if item.energy_j is not None]
    names = ("energy_j", "energy_low_j", "energy_high_j")
    texts = [quantity_text(sums.total(name) if known else None, "J", 3) for name in names]
    texts[0] = f"> {texts[0]}" if 0 < len(known) < len(items) else texts[0]
    share = f"{sums.energy_j / whole_j:.1%}" if whole_j else ""
    time = quantity_text(sums.time_s, "s", 3) if sums.time_s else ""
    return *texts, share, time, area_text(sums.total("area_m2")) if sums.total("area_m2") else ""


def _accounts(bill: FullBill) -> dict[str, Account]:
    training = {} if bill.training is None else {"train with": bill.training}
    return {"draw": bill.drawing, **training}


def _split(item: Item) -> list[str]:
    return [source for source in item.source.split("; ") if source]


def _sources(bill: FullBill) -> list[str]:
    """Every source, in the order of the items."""
    items = [item for account in _accounts(bill).values() for item in account.items]
    return list(dict.fromkeys(source for item in items for source in _split(item)))


def _compared(row: Row) -> tuple[str, ...]:
    bound = "> " if row.missing and row.energy_j is not None else ""
    share = f"{row.largest}, {row.share:.0%}" if row.share else ""

    def text(value: float | None, unit: str) -> str:
        return quantity_text(value, unit, 3) if value else "-"

    first, *others = (text(value, "J") for value in (row.energy_j, row.energy_low_j, row.energy_high_j))
    area = area_text(row.area_m2) if row.area_m2 else "-"
    return row.name, bound + first, *others, text(row.time_s, "s"), area, text(row.power_w, "W"), share
