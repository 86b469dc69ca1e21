"""The whole bill as text: five numbers on top, tables of items and layers, and several pieces of hardware in a table."""

from collections.abc import Iterable

from spingan.costs.account import Account, FullBill, Item
from spingan.costs.side_by_side import PAPER_S, Row, SideBySide
from spingan.reports.tables import NOT_COUNTED, Table, area_text, quantity_text


def headlines(bill: FullBill) -> list[str]:
    """The five numbers of drawing one image that a person remembers, and one line about training."""
    account = bill.drawing
    item, share = account.largest
    pipelined = quantity_text(account.time_pipelined_s, "s", 3)
    lines = [
        f"{bill.name} on {bill.technology}, to draw one image:",
        f"  energy   {_range(account)}",
        f"  time     {quantity_text(account.time_s or None, 's', 3)} ({pipelined} from image to image, pipelined)",
        f"  power    {quantity_text(account.power_w, 'W', 3)}",
        f"  area     {area_text(account.total('area_m2') or None)}",
        f"  largest  {item}, {share:.0%} of the energy",
    ]
    if bill.training is not None:
        item, share = bill.training.largest
        lines.append(f"To train with one image: {_range(bill.training)}; largest {item}, {share:.0%}")
    missing = sum(item.energy_j is None for item in account.items)
    more = f"{missing} items without a figure, and " if missing else ""
    lines.append(f"Not counted: {more}amplifiers, leakage, control. Items, sources and the rest: --detail")
    return lines


def bill_item_tables(bill: FullBill) -> tuple[Table, ...]:
    """Drawing and training by item, then by layer."""
    accounts = {"to draw one image": bill.drawing}
    if bill.training is not None:
        accounts["to train with one image"] = bill.training
    tables = []
    for what, account in accounts.items():
        title = f"{bill.name} on {bill.technology}, {what}"
        headings = ("item", "count", "energy", "low", "high", "share", "time", "area", "source")
        rows = [_row(items, account.energy_j) for items in _grouped(account.items, "item")]
        rows.sort(key=lambda pair: -pair[0])
        tables.append(Table(f"{title}: by item", headings, [row for _, row in rows], range(1, 8)))
        rows = [_row(items, account.energy_j, "layer")[1] for items in _grouped(account.items, "layer")]
        tables.append(Table(f"{title}: by layer", ("layer", *headings[2:-1]), rows, range(1, 7)))
    return tuple(tables)


def bill_item_notes(bill: FullBill) -> list[str]:
    """What the items mean, and what none of them holds."""
    items = (*bill.drawing.items, *(bill.training.items if bill.training is not None else ()))
    notes = dict.fromkeys(f"{item.item}: {item.note}" for item in items if item.note)
    missing = dict.fromkeys((*bill.drawing.not_counted, *(bill.training.not_counted if bill.training else ())))
    once = quantity_text(bill.programming_j, "J", 3)
    return [
        "Energy stands between low and high: where sources differ, and where the use of a part does.",
        f"Writing all weights once, from the lowest level to the middle: {once}; outside of the sums.",
        *notes,
        *(f"not counted: {reason}" for reason in missing),
    ]


def side_by_side_table(found: SideBySide) -> Table:
    """A row for each technology and machine, energy with its range."""
    headings = ("hardware", "energy", "low", "high", "time", "area", "power", "largest item")
    rows = [_compared(row) for row in found.rows]
    return Table(f"One image of {found.net}", headings, rows, range(1, 7))


def side_by_side_notes(found: SideBySide) -> list[str]:
    """The ratio to paper S's devices, and what each row stands on."""
    energies = {row.name: row.energy_j for row in found.rows}
    lines = ["Best technology here against paper S: none has every item's energy."]
    if found.best is not None and found.ratio is not None:
        best, paper = (quantity_text(energies[name], "J", 3) for name in (found.best, PAPER_S))
        times = f"{1 / found.ratio:.3g} times less" if found.ratio < 1 else f"{found.ratio:.3g} times more"
        lines = [
            f"Best technology here, {found.best}, {best}; paper S's devices at their word, all counted, {paper}: "
            f"{times}."
        ]
    for row in found.rows:
        missing = f"; not counted: {'; '.join(row.missing)}" if row.missing else ""
        lines.append(f"- {row.name}: {row.basis}{missing}")
    return lines


def _range(account: Account) -> str:
    value, low, high = (account.total(name) for name in ("energy_j", "energy_low_j", "energy_high_j"))
    return (
        f"{quantity_text(value or None, 'J', 3)} ({quantity_text(low, 'J', 3)} to {quantity_text(high, 'J', 3)})"
        if value
        else NOT_COUNTED
    )


def _grouped(items: Iterable[Item], key: str) -> list[list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(getattr(item, key), []).append(item)
    return list(groups.values())


def _row(items: list[Item], whole_j: float, key: str = "item") -> tuple[float, tuple[str, ...]]:
    """The energy of some items, and their row of a table."""
    sums = Account(tuple(items), ())
    known = [item for item in items if item.energy_j is not None]
    energies = [sums.total(name) if known else None for name in ("energy_j", "energy_low_j", "energy_high_j")]
    energy_j = energies[0] or 0.0
    texts = [quantity_text(energy, "J", 3) for energy in energies]
    texts[0] = f"> {texts[0]}" if 0 < len(known) < len(items) else texts[0]
    cells = (
        *texts,
        f"{energy_j / whole_j:.1%}" if whole_j else "",
        quantity_text(sums.time_s, "s", 3) if sums.time_s else "",
        area_text(sums.total("area_m2")) if sums.total("area_m2") else "",
    )
    if key == "layer":
        return energy_j, (items[0].layer, *cells)
    sources = "; ".join(dict.fromkeys(item.source for item in items if item.source))
    return energy_j, (items[0].item, f"{sum(item.count for item in items):,.0f}", *cells, sources)


def _compared(row: Row) -> tuple[str, ...]:
    bound = "> " if row.missing and row.energy_j is not None else ""
    share = f"{row.largest}, {row.share:.0%}" if row.share else ""
    return (
        row.name,
        bound + quantity_text(row.energy_j or None, "J", 3),
        quantity_text(row.energy_low_j or None, "J", 3),
        quantity_text(row.energy_high_j or None, "J", 3),
        quantity_text(row.time_s or None, "s", 3),
        area_text(row.area_m2 or None),
        quantity_text(row.power_w, "W", 3),
        share,
    )
