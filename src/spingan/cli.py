"""The command `spingan`: the doors, and what happens when one does not open."""

try:
    import signal
    import sys
    from types import FrameType
    from typing import Annotated, Any, NoReturn

    import typer
    from typer import TyperException
    from typer.core import TyperGroup

    from spingan import terminal
    from spingan.commands import (
        appraise,
        bench,
        calibrate,
        circuit,
        compare,
        data,
        design,
        device,
        explore,
        export,
        fit,
        nets,
        recipe,
        reproduce,
        study,
        technology,
    )
    from spingan.errors import UserError
    from spingan.extras import explained
    from spingan.input_files import reason
except KeyboardInterrupt:  # before there is anything to stop
    raise SystemExit(130) from None

STOPPED = 130  # the status of what Ctrl-C ended, as shells have it
_AGAIN_S = 0.05  # from one look to the next whether modules are still loading; nobody notices it


class _Doors(TyperGroup):
    """Turns what a user can mend into two lines on standard error and exit status 2."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        if not standalone_mode:
            return super().main(*args, standalone_mode=False, **extra)
        try:
            status = super().main(*args, standalone_mode=False, **extra)
        except UserError as error:
            _refuse(str(error))
        except ModuleNotFoundError as error:
            if (wanted := explained(error, "this command")) is None:
                raise
            _refuse(str(wanted))
        except TyperException as error:
            message = error.format_message()
            if message.startswith("Usage:"):  # no arguments at all: the help itself
                print(message, file=sys.stderr)
                sys.exit(2)
            command = getattr(getattr(error, "ctx", None), "command_path", "spingan")
            _refuse(f"{message[:1].lower()}{' '.join(message[1:].split())}\n  See {command} --help")
        sys.exit(status if isinstance(status, int) else 0)


def _refuse(message: str) -> NoReturn:
    print(f"spingan: {message}", file=sys.stderr)
    sys.exit(2)


def _print_version(wanted: bool) -> None:
    if wanted:
        from spingan import __version__

        print(__version__)
        raise typer.Exit


app = typer.Typer(
    cls=_Doors,
    help="From device physics to pictures and their energy bill: GANs on in-memory hardware.",
    no_args_is_help=True,
    rich_markup_mode=None,  # typer's rich help would import rich at every start
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
app.command()(nets.demo)
app.command()(nets.train)
app.command()(nets.sample)
app.command()(nets.evaluate)
app.command()(nets.cost)
app.command()(nets.report)
app.command()(compare.compare)
app.command()(appraise.appraise)
app.command()(explore.explore)
app.command()(bench.bench)
app.command()(reproduce.reproduce)
app.add_typer(recipe.app, name="recipe")
app.add_typer(technology.app, name="technology")
app.add_typer(fit.app, name="fit")
app.add_typer(data.app, name="data")
app.add_typer(device.app, name="device")
app.add_typer(design.app, name="design")
app.add_typer(calibrate.app, name="calibrate")
app.add_typer(circuit.app, name="circuit")
app.add_typer(study.app, name="study")
app.add_typer(export.app, name="export")


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """From device physics to pictures and their energy bill: GANs on in-memory hardware."""


def main() -> None:
    """Run the command line. Whatever ends it, from a full disk to Ctrl-C, ends it with a status and no traceback.

    A reader that closes the pipe early, as `head` does, ends it without a word.
    """
    stopped = _Interrupt()
    if problem := terminal.prepare():
        _refuse(f"{problem}\n  Let it go to a file, or to /dev/null.")
    try:
        try:
            app(prog_name="spingan")
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        terminal.drop_output()
        sys.exit(1)
    except OSError as error:
        terminal.drop_output()
        place = f"cannot use {error.filename}" if error.filename else "cannot write the output"
        _refuse(f"{place}: {reason(error)}\n  Free some space, mend the rights, or write to another place.")
    except BaseException:
        if not stopped.seen:
            raise
        print("spingan: stopped", file=sys.stderr)
        terminal.drop_output()
        sys.exit(STOPPED)  # a module that was loading may have made an error of its own of it


class _Interrupt:
    """Ctrl-C as Python has it, and the memory that it was pressed.

    While a module loads or the compiler works it waits until that is done: compiled modules end the process with a
    message of their own when they are interrupted, and callbacks of both print a traceback.
    """

    def __init__(self) -> None:
        self.seen = False
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._press)

    def _press(self, number: int, frame: FrameType | None) -> None:
        self.seen = True
        if hasattr(signal, "setitimer") and _must_end_first(frame):
            signal.signal(signal.SIGALRM, self._press)
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
            return
        signal.default_int_handler(number, frame)


def _must_end_first(frame: FrameType | None) -> bool:
    """Whether what is being done, within `main`, is an import or numba's compiler at work."""
    while frame is not None and frame.f_code is not main.__code__:
        imports = frame.f_code.co_filename == "<frozen importlib._bootstrap>"
        if imports or frame.f_globals.get("__name__", "").startswith("llvmlite."):
            return True
        frame = frame.f_back
    return False


if __name__ == "__main__":
    main()
