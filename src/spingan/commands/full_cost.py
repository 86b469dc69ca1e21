"""`spingan cost`: the whole bill, its tables and pictures, and several technologies compared."""

from pathlib import Path

from spingan.commands.printing import print_json, print_note, print_table
from spingan.errors import UserError


def full_cost(
    what: str,
    overrides: tuple[str, ...],
    *,
    technology: str | None = None,
    with_paper: bool,
    components: Path | None,
    compare: list[str] | None,
    detail: bool,
    out: Path | None,
    json: bool,
) -> None:
    """Print the whole bill of a recipe or model; with `out` write its pictures, too.

    The JSON of a recipe holds the paper's accounts as well, where `with_paper` asks for them.
    """
    from spingan.costs.components import load_components
    from spingan.nn.model_files import model_file
    from spingan.output import output_folder
    from spingan.spec.technology import load_technology
    from spingan.training.recipe import Recipe, load_recipe, names_a_model

    names = None if compare is None else _names(compare)
    load_components(components)  # what a user may have misspelt is told before torch is loaded
    if names_a_model(what):
        model_file(what)
        if technology is not None:
            load_technology(technology)
    else:
        load_technology(load_recipe(what, overrides).technology)
    if out is not None:
        output_folder(out)
    from spingan.bills import compare_bills, compare_training, full_bill, recipe_or_model
    from spingan.bills import cost as bill_of

    chosen = recipe_or_model(what, overrides)
    bill = full_bill(chosen, technology, components=components)
    trained = compare_training(chosen, technology, components=components)
    found = None
    if names is not None:
        found = compare_bills(chosen, names, components=components)
    files = ()
    if out is not None:
        from spingan.reports.bill_plots import write_bill_pictures

        files = write_bill_pictures(bill, out)
    if json:
        told = {**bill_of(chosen, technology).to_dict(), "accounting": "full", **bill.to_dict()}
        if with_paper and isinstance(chosen, Recipe):
            from spingan.papers.training_account import account_of_recipe

            told = {**account_of_recipe(what, overrides).to_dict(), **told}
        told |= {} if trained is None else {"training_compare": trained.to_dict()}
        told |= {} if found is None else {"compare": found.to_dict()}
        print_json(told if out is None else told | {"files": [str(file) for file in files]})
        return
    from spingan.reports.bill_tables import (
        bill_item_notes,
        bill_item_tables,
        headlines,
        side_by_side_notes,
        side_by_side_table,
        training_table,
    )

    print("\n".join(headlines(bill)))
    if found is not None:
        table = side_by_side_table(found)
        print(f"\n{table.title}")
        print_table(table.headings, table.rows, table.right)
        print("\n".join(["", *side_by_side_notes(found)]))
    if detail and trained is not None:
        table = training_table(trained)
        print(f"\n{table.title}")
        print_table(table.headings, table.rows, table.right)
    if detail:
        for table in bill_item_tables(bill):
            print(f"\n{table.title}")
            print_table(table.headings, table.rows, table.right)
        print("\n".join(["", *(f"- {note}" for note in bill_item_notes(bill))]))
    for file in files:
        print_note(str(file))


def _names(compare: list[str]) -> list[str]:
    """The names that --compare gives; none for `all`.

    Raises:
        UserError: It gives none, or others with `all`.
    """
    names = [name.strip() for words in compare for name in words.split(",") if name.strip()]
    if not names:
        raise UserError("--compare names no technology", "Name some, as --compare pcm,ideal, or all.")
    if "all" in names and len(names) > 1:
        raise UserError("--compare names all, and more", "Name all alone, or each technology.")
    return [] if names == ["all"] else names


def refuse_without(what: str, **given: object) -> None:
    """Refuse options of one table or account where another is asked for.

    Raises:
        UserError: One of them is given.
    """
    named = [f"--{name}" for name, value in given.items() if value not in (None, False)]
    if named:
        raise UserError(f"{', '.join(named)} belongs to {what}", f"Leave {named[0]} out, or ask for that.")
