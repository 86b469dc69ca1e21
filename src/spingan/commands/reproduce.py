"""`spingan reproduce`: every number that the two papers print, beside ours."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spingan.commands.options import Json
from spingan.commands.printing import Result, print_note, show
from spingan.commands.printing import table as text_of
from spingan.errors import UserError

if TYPE_CHECKING:
    from spingan.papers.reproduce import Reproduction

Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="NAME", help="Only this source's numbers; may be repeated."),
]
Fresh = Annotated[
    bool,
    typer.Option("--fresh", help="Run the slow commands again, which takes hours; with --only NAME that one."),
]
Store = Annotated[
    tuple[str, Path] | None,
    typer.Option("--store", metavar="NAME FILE", help="Take a slow result from its command's JSON, or a run's folder."),
]
StoredIn = Annotated[
    Path | None, typer.Option("--stored", metavar="DIR", help="Read and write stored results here, before the shipped.")
]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="One self-contained page.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Page, JSON, CSV and a picture in a folder.")]


def reproduce(
    only: Only = None,
    fresh: Fresh = False,
    store: Store = None,
    stored: StoredIn = None,
    html: Html = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Every number that the two papers print, beside ours: what matches, what differs and why."""
    from spingan.output import check_place, output_folder
    from spingan.papers.reproduce import check_sources
    from spingan.papers.reproduce import reproduce as reproduce_papers
    from spingan.papers.stored_results import SHIPPED

    names, folder = tuple(only or ()), stored or SHIPPED
    check_sources(names)
    if stored is not None and not stored.is_dir() and not fresh and store is None:
        raise UserError(
            f"there is no folder {stored}", "Leave out --stored, or fill it: spingan reproduce --fresh --stored DIR"
        )
    if html is not None:
        check_place(html)
    if out is not None:
        output_folder(out)
    if store is not None:
        from spingan.papers.stored_results import store_result

        print_note(f"stored: {store_result(*store, folder)}")
    if fresh:
        _renew(names, folder)
    found = reproduce_papers(names, folder)
    show(Result(found.to_dict(), _text(found)), json, [str(file) for file in _write(found, html, out)])


def _renew(names: tuple[str, ...], folder: Path) -> None:
    """Run the named sources again, or all that are stored; of all, one that fails does not keep the others back."""
    from spingan.papers.sources import SLOW, slow_source
    from spingan.papers.stored_results import renew

    chosen = [slow_source(name) for name in names] if names else list(SLOW)
    for source in chosen:
        print_note(f"running: {source.command}")
        try:
            print_note(f"stored: {renew(source.name, folder)}")
        except UserError as error:
            if names:
                raise
            print_note(f"not made: {error}")


def _write(found: "Reproduction", html: Path | None, out: Path | None) -> tuple[Path, ...]:
    if html is None and out is None:
        return ()
    from spingan.papers.reproduction_page import write_folder, write_page

    files = () if html is None else (write_page(found, html),)
    return files if out is None else (*files, *write_folder(found, out))


def _text(found: "Reproduction") -> str:
    from spingan.papers.reproduction_tables import count_table, groups, reasons, row_table, stored_table

    parts = []
    for title, rows in groups(found):
        table = row_table(title, rows)
        lines = "".join(f"\n- {line}" for line in reasons(rows))
        parts += [title, "", text_of(table.headings, table.rows, table.right), lines, ""]
    for table in (stored_table(found), count_table(found)):
        if table.rows:
            parts += [text_of(table.headings, table.rows, table.right), ""]
    return "\n".join([*parts, found.headline])
