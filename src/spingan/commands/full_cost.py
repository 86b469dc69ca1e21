"""`spingan cost ... --accounting full`: the whole bill, its tables and pictures, and several technologies compared."""

from pathlib import Path

from spingan.commands.printing import print_json, print_note
from spingan.errors import UserError


def full_cost(
    what: str,
    overrides: tuple[str, ...],
    *,
    components: Path | None,
    compare: list[str] | None,
    detail: bool,
    out: Path | None,
    json: bool,
) -> None:
    """Print the whole bill of a recipe or model; with `out` write its pictures, too."""
    from spingan.api import compare_bills, full_bill, recipe_or_model
    from spingan.api import cost as bill_of
    from spingan.costs.components import load_components
    from spingan.output import output_folder

    load_components(components)  # what is wrong with the file is told before torch works
    if out is not None:
        output_folder(out)
    chosen = recipe_or_model(what, overrides)
    bill = full_bill(chosen, components=components)
    found = None
    if compare is not None:
        names = [name.strip() for words in compare for name in words.split(",") if name.strip()]
        found = compare_bills(chosen, [] if names == ["all"] else names, components=components)
    files = ()
    if out is not None:
        from spingan.reports.full_bill_plots import write_bill_pictures

        files = write_bill_pictures(bill, out)
    if json:
        told = {**bill_of(chosen).to_dict(), "accounting": "full", **bill.to_dict()}
        told |= {} if found is None else {"compare": found.to_dict()}
        print_json(told if out is None else told | {"files": [str(file) for file in files]})
        return
    from spingan.reports.bill_tables import bill_notes, bill_tables
    from spingan.reports.full_bill_tables import (
        bill_item_notes,
        bill_item_tables,
        headlines,
        side_by_side_notes,
        side_by_side_table,
    )
    from spingan.reports.tables import print_tables

    print("\n".join(headlines(bill)))
    if found is not None:
        print()
        print_tables([side_by_side_table(found)], side_by_side_notes(found))
    if detail:
        print()
        print_tables(bill_item_tables(bill), [f"- {note}" for note in bill_item_notes(bill)])
        own = bill_of(chosen)
        print("\nBy the technology's own figures alone:")
        print_tables(bill_tables(own), [f"- {note}" for note in bill_notes(own)])
    for file in files:
        print_note(str(file))


def refuse_without_full(**given: object) -> None:
    """Refuse options of the whole bill where another account is asked for.

    Raises:
        UserError: One of them is given.
    """
    named = [f"--{name}" for name, value in given.items() if value not in (None, False)]
    if named:
        raise UserError(f"{', '.join(named)} belongs to the whole bill", "Add --accounting full.")
