"""The bill of a net as tables of text."""

from spingan.costs.bill import Bill, Line, Quantity, Sum
from spingan.reports.tables import NOT_COUNTED, Table, area_text, quantity_text

_UNITS: dict[Quantity, str] = {"energy_j": "J", "time_s": "s", "area_m2": ""}


def bill_tables(bill: Bill) -> tuple[Table, ...]:
    """A table for each net, with its sums; `>` is a lower bound."""
    return tuple(_of_net(bill.of(net), net) for net in bill.counts)


def bill_notes(bill: Bill) -> list[str]:
    """What a reader of the tables must know, and why an item is not counted."""
    reasons: dict[str, dict[str, None]] = {}
    for line in bill.lines:
        if line.count and line.not_counted:
            reasons.setdefault(line.item, {}).update(dict.fromkeys(line.not_counted.values()))
    return [
        "One image forward through each net: positions of a map in turn, nothing overlapped, every array its own.",
        "> is a lower bound, for it lacks what is not counted. Programming is outside of the sums.",
        *(f"not counted, {item}: {'; '.join(found)}" for item, found in reasons.items()),
    ]


def sum_text(total: Sum, unit: str) -> str:
    """A sum with its unit, or as an area without one; `>` where something is missing."""
    if total.value is None:
        return NOT_COUNTED
    return f"{'> ' if total.missing else ''}{quantity_text(total.value, unit, 4) if unit else area_text(total.value)}"


def _of_net(bill: Bill, net: str) -> Table:
    rows = [
        (line.item, f"{line.count:,}", *(_text(line, quantity) for quantity in _UNITS), line.source or "")
        for line in bill.lines
        if line.count
    ]
    sums = (sum_text(bill.total(quantity), unit) for quantity, unit in _UNITS.items())
    rows.append(("one image", "", *sums, ""))
    title = f"{bill.name} on {bill.technology}: {net}"
    return Table(title, ("item", "count", "energy", "time", "area", "source"), rows, (1, 2, 3, 4))


def _text(line: Line, quantity: Quantity) -> str:
    value = getattr(line, quantity)
    lacks = quantity in line.not_counted
    if value is None:
        return NOT_COUNTED if lacks else ""
    return sum_text(Sum(value, (line.item,) if lacks else ()), _UNITS[quantity])
