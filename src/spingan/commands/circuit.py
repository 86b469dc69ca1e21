"""Commands about circuits: the papers' cells in ngspice, compared with what the papers print."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from spingan.commands import circuit_export
from spingan.commands.options import CELL, CardsFile, Json, Out, Seed, Workers, passing_on
from spingan.commands.printing import Result, rows_table, run, show, table
from spingan.errors import UserError
from spingan.progress import Progress

if TYPE_CHECKING:
    from spingan.circuits.monte_carlo import Environment, Mismatch

app = typer.Typer(
    help="Circuits in ngspice: output, energy and waveforms, compared with what the papers print.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("export")(circuit_export.export)
app.command("export-crossbar")(circuit_export.export_crossbar)
Node = Annotated[
    Literal["16nm", "180nm"] | None,
    typer.Option("--node", help="Of the file, 16nm by default; of the generic ones, both."),
]
OutOrNone = Annotated[Path | None, typer.Option("--out", help="Folder for pictures and tables; by default none.")]


@app.callback()
def _runs(
    context: typer.Context,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="FOLDER", help="A new folder for netlists and results of all runs.")
    ] = None,
    time_limit_s: Annotated[
        float | None, typer.Option("--time-limit-s", help="Longest time of a run, instead of its own.")
    ] = None,
) -> None:
    """Circuits in ngspice: output, energy and waveforms, compared with what the papers print."""
    if keep is not None or time_limit_s is not None:
        from spingan.circuits.ngspice import wishes

        context.with_resource(wishes(keep, time_limit_s))


@app.command("list")
def list_cells(json: Json = False) -> None:
    """Every circuit, with its paper and technology node."""
    from dataclasses import asdict

    from spingan.circuits.catalogue import CELLS

    text = table(("name", "paper", "node", "what it does"), [(c.name, c.paper, c.node, c.does) for c in CELLS])
    show(Result({"cells": [asdict(cell) for cell in CELLS]}, text), json)


FIGURES = (  # of a transistor: heading, unit, field, of how many it is one in SI, format
    ("Vt lin", "V", "linear_threshold_v", 1, ".3f"),
    ("Vt sat", "V", "saturation_threshold_v", 1, ".3f"),
    ("on", "µA/µm", "on_a_per_m", 1, ".0f"),
    ("off", "nA/µm", "off_a_per_m", 1e3, ".3g"),
    ("swing", "mV/decade", "swing_v_per_decade", 1e3, ".0f"),
    ("DIBL", "mV/V", "dibl", 1e3, ".0f"),
)


@app.command("cards")
def cards(cards: CardsFile = None, node: Node = None, json: Json = False) -> None:
    """The figures of transistor cards, at their node's length and supply, by one sweep in ngspice."""
    from dataclasses import asdict

    from spingan.circuits.cards import load_cards
    from spingan.circuits.cards.figures import card_figures

    nodes = (node,) if node is not None else ("16nm",) if cards is not None else ("16nm", "180nm")
    found = [(chosen := load_cards(cards, each), card_figures(chosen)) for each in nodes]
    names, units, *_ = zip(*FIGURES, strict=True)
    headings = ("cards", "", *names, "inverter turns", "gain")
    rows: list[tuple[str, ...]] = [("", "", *units, "V", "")]
    for each, figures in found:
        inverter = f"{figures.inverter_threshold_v:.3f}", f"{figures.inverter_gain:.1f}"
        for kind, one, last in (("n", figures.nmos, inverter), ("p", figures.pmos, ("", ""))):
            numbers = (format(getattr(one, field) * factor, form) for _, _, field, factor, form in FIGURES)
            rows.append((each.name, kind, *numbers, *last))
    data = [{"name": each.name, "node": each.node, **asdict(figures)} for each, figures in found]
    show(Result({"cards": data}, table(headings, rows, right=range(2, len(headings)))), json)


SIGMAS = {  # by option: the field, and its SI unit
    "threshold-mv-um": ("threshold_v_m", 1e-9),
    "mobility-percent-um": ("mobility_m", 1e-8),
    "resistor-percent": ("resistor", 1e-2),
    "junction-percent": ("junction", 1e-2),
    "supply-percent": ("supply", 1e-2),
}
MonteCarlo = Annotated[
    int, typer.Option("--monte-carlo", min=0, metavar="N", help="Monte Carlo instances with mismatch; 0: none.")
]
Sigmas = Annotated[
    list[str] | None,
    typer.Option("--sigma", metavar="NAME=VALUE", help=f"Of the Monte Carlo: {', '.join(SIGMAS)}; may be repeated."),
]
Trim = Annotated[bool, typer.Option("--trim", help="With an auto-zero: offsets before and after; wants --monte-carlo.")]
HoldNs = Annotated[
    float | None, typer.Option("--hold-ns", metavar="T", help="How long the stored offset must last; 10 or 100 ns.")
]
HoldFf = Annotated[
    float | None, typer.Option("--hold-ff", metavar="C", help="Its capacitor; by default as its noise asks.")
]
TemperaturesC = Annotated[str, typer.Option("--temperatures-c", metavar="LOW,HIGH", help="Of the Monte Carlo.")]


def _add_domain_wall_cell(name: Literal["leaky-relu", "relu"], about: str) -> None:
    @app.command(name, help=about)
    @passing_on(CELL | {"monte_carlo": (MonteCarlo, 0)})
    def simulate(
        *,
        inverters: Annotated[Literal["one", "pair"], typer.Option("--inverters", help="The paper says both.")] = "one",
        sigma: Sigmas = None,
        temperatures_c: TemperaturesC = "0,85",
        trim: Trim = False,
        hold_ns: HoldNs = None,
        hold_ff: HoldFf = None,
        out: Out = None,
        workers: Workers,
        json: Json = False,
        **asked: Any,
    ) -> None:
        from spingan.circuits.cell_simulation import simulate_cell
        from spingan.circuits.ngspice import find_ngspice
        from spingan.papers.circuit_rows import cell_rows, printed_energy_j
        from spingan.papers.rows import write_rows
        from spingan.reports.circuit_report import write_circuit_report
        from spingan.reports.trim_report import write_trim

        mismatch, environment = _spread(sigma, temperatures_c)
        find_ngspice()

        def work(progress: Progress) -> Result:
            found = simulate_cell(
                "leaky_relu" if name == "leaky-relu" else "relu",
                inverters=1 if inverters == "one" else 2,
                mismatch=mismatch,
                environment=environment,
                trim=trim,
                hold_s=_scaled(hold_ns, 1e-9),
                hold_f=_scaled(hold_ff, 1e-15),
                workers=workers,
                progress=progress,
                **asked,
            )
            study, rows, trimmed = found.study, cell_rows(found), found.trimmed

            def write(folder: Path) -> list[Path]:
                first, *others = write_circuit_report(
                    study, found.activation, folder, printed_energy_j(study.function), found.devices, found.environment
                )
                more = [] if trimmed is None else write_trim(trimmed, folder)
                return [*more[:1], first, write_rows(rows, folder / "comparison.csv"), *others, *more[1:]]

            data = {
                "cell": study.cell.name,
                "curve": study.device.curve.name,
                "cards": study.cards.name,
                "inverters": study.cell.inverters,
                "reference_ohm": study.cell.reference_ohm,
                "divider_v": study.cell.divider_v,
                **{key: asked[key] for key in ("convention", "seed", "monte_carlo")},
                "rows": [row.to_dict() for row in rows],
                "activation": found.activation.name,
                "single_valued": found.activation.single_valued,
            }
            notes = (f"{study.cell.source}; cards {study.cards.name}", *study.caveats())
            if trimmed is None:
                return Result(data, rows_table(rows), notes, write)
            return Result(data | trimmed.to_dict(), f"{trimmed.text()}\n\n{rows_table(rows)}", notes, write)

        run(work, json, out or Path(f"runs/circuit-{name}"))


_add_domain_wall_cell(
    "leaky-relu", "Paper S's leaky ReLU cell: transfer, waveforms, energy, and the activation for convert."
)
_add_domain_wall_cell(
    "relu", "Paper S's ReLU cell; its rails and widths are not printed, and assumed as the leaky ReLU's."
)


def _spread(sigmas: Sequence[str] | None, temperatures_c: str) -> "tuple[Mismatch, Environment]":
    """The standard deviations and ranges of the Monte Carlo, those that are asked for in place of the documented."""
    from dataclasses import replace

    from spingan.circuits.monte_carlo import Environment, default_mismatch

    asked: dict[str, float] = {}
    for text in sigmas or ():
        name, equals, value = text.partition("=")
        if not equals or name not in SIGMAS:
            raise UserError(f"--sigma: {text!r} is not NAME=VALUE", f"Names: {', '.join(SIGMAS)}")
        field, unit = SIGMAS[name]
        asked[field] = _number(f"--sigma {name}", value) * unit
    ends = temperatures_c.split(",")
    if len(ends) != 2:
        raise UserError(f"--temperatures-c: {temperatures_c!r} is no range", "Write it as 0,85")
    low, high = (_number("--temperatures-c", end) for end in ends)
    supply = {"supply": asked.pop("supply")} if "supply" in asked else {}
    return replace(default_mismatch("16nm"), **asked), Environment((low, high), **supply)


def _scaled(value: float | None, unit: float) -> float | None:
    return None if value is None else value * unit


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UserError(f"{option}: {text.strip()!r} is not a number", "Give a number") from None


MEMRISTIVE = {
    "op-amp": "Paper M's op-amp: follower, gain, bandwidth, offset.",
    "current-to-voltage": "Paper M's reader of a dense column's current.",
    "dot-product-column": "Paper M's memristive column with its load.",
    "mean-filter": "Paper M's memristive mean.",
    "relu-switch": "Paper M's ReLU with switch; --out writes its activation.",
    "tanh": "Paper M's hyperbolic tangent; --out writes its activation.",
    "thresholding": "Paper M's thresholding circuit.",
    "sign-switch": "Paper M's sign switch and a cell of its crossbar.",
    "dropout-switch": "Paper M's dropout switch.",
    "crossbar-switch": "Paper M's crossbar switch.",
}


def _add_memristive_cell(name: str, about: str) -> None:
    @app.command(name, help=about)
    def measure(
        *,
        cards: CardsFile = None,
        trim: Trim = False,
        monte_carlo: MonteCarlo = 0,
        hold_ns: HoldNs = None,
        hold_ff: HoldFf = None,
        seed: Seed = 0,
        workers: Workers,
        out: OutOrNone = None,
        json: Json = False,
    ) -> None:
        from spingan.circuits.cards import load_cards
        from spingan.circuits.memristive_auto_zero import trimmable
        from spingan.circuits.memristive_cells import measure_cell
        from spingan.circuits.memristive_trim import trim_memristive_cell
        from spingan.circuits.trim_result import must_be_asked
        from spingan.papers.circuit_rows import memristive_rows
        from spingan.reports.memristive_report import write_cell
        from spingan.reports.trim_report import write_trim

        hold_s, hold_f = _scaled(hold_ns, 1e-9), _scaled(hold_ff, 1e-15)
        must_be_asked(trim, monte_carlo, hold_s, hold_f)
        if trim:
            trimmable(name)
        elif monte_carlo:
            raise UserError("instances of this cell are simulated with the auto-zero only", "Ask for it: --trim")
        chosen = load_cards(cards, "180nm")

        def work(progress: Progress) -> Result:
            found = measure_cell(name, chosen)
            rows = memristive_rows(found, chosen)
            data = {"circuit": name, "cards": chosen.name, "rows": [row.to_dict() for row in rows]}
            notes = (f"cards: {chosen.name}",)
            if not trim:
                return Result(data, rows_table(rows), notes, lambda folder: write_cell(found, chosen, folder))
            trimmed = trim_memristive_cell(
                name,
                monte_carlo,
                chosen,
                hold_s=hold_s,
                hold_f=hold_f,
                seed=seed,
                workers=workers,
                progress=progress,
            )
            data |= {"seed": seed, "monte_carlo": monte_carlo, **trimmed.to_dict()}

            def write(folder: Path) -> list[Path]:
                return [*write_trim(trimmed, folder), *write_cell(found, chosen, folder)]

            return Result(data, f"{trimmed.text()}\n\n{rows_table(rows)}", notes, write)

        run(work, json, out)


for _name, _about in MEMRISTIVE.items():
    _add_memristive_cell(_name, _about)
PICTURES, SEED = 3, 7  # as `am_dcgan_study` has them, which takes a while to import


@app.command("am-dcgan-cnn")
def am_dcgan_cnn(
    pictures: Annotated[int, typer.Option("--pictures", min=1, help="Pictures, 100 ns each.")] = PICTURES,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of weights and pictures.")] = SEED,
    cards: CardsFile = None,
    out: OutOrNone = None,
    json: Json = False,
) -> None:
    """Paper M's small CNN, transistor by transistor, compared with numpy.

    All of its cells and Table I, the waveforms of figure 4 and the transfers of figure 5.
    """
    from dataclasses import asdict

    from spingan.circuits.am_dcgan_study import node_errors, study_cnn
    from spingan.circuits.cards import load_cards
    from spingan.papers.circuit_rows import cnn_rows
    from spingan.reports.memristive_report import write_study

    chosen = load_cards(cards, "180nm")

    def work(progress: Progress) -> Result:
        study = study_cnn(seed, pictures, chosen, progress)
        rows = cnn_rows(study)
        data = {
            "circuit": "am-dcgan-cnn",
            "cards": study.run.cards,
            "seed": seed,
            "pictures": pictures,
            "seconds": study.run.seconds,
            "rows": [row.to_dict() for row in rows],
            "errors": [asdict(error) for error in node_errors(study)],
        }
        notes = (f"cards: {study.run.cards}; {study.run.seconds:.0f} s in ngspice",)
        return Result(data, rows_table(rows), notes, lambda folder: write_study(study, folder))

    run(work, json, out)
