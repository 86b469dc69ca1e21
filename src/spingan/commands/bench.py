"""`spingan bench`: a page in the browser on which a technology's properties are turned."""

from pathlib import Path
from typing import Annotated

import typer

from spingan.commands.printing import print_note


def bench(
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL]...", help="Run folders or weights files to offer, besides the shipped models."),
    ] = None,
    technology: Annotated[
        list[str] | None,
        typer.Option("--technology", metavar="FILE", help="A technology of your own to offer; may be repeated."),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="On this machine; by default 8123, or a free one.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the page.")] = False,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for what jobs write.")] = Path("runs/bench"),
) -> None:
    """Turn a technology's properties on a page in the browser; pictures and bill follow. Offline; Ctrl-C stops it."""
    from spingan.bench.server import serve
    from spingan.input_files import exists
    from spingan.spec.technology import load_technology

    for name in technology or ():
        load_technology(name)

    def ready(address: str) -> None:
        print_note(f"spingan bench: {address}  (Ctrl-C stops it)")
        if not no_browser:
            import threading
            import webbrowser

            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    places = [str(Path(name).resolve()) if exists(Path(name)) else name for name in models or ()]
    serve(places, technology or (), port, out, ready)
