"""Commands about nets: demo, train, sample, evaluate, cost, report."""

from json import dumps as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from spingan.commands.options import KINDS, DataName, Json, ModelName, RealImages, RecipeName, Set, option, passing_on
from spingan.commands.printing import Result, print_json, print_note, progress_bars, show
from spingan.commands.printing import table as text_of
from spingan.errors import UserError

if TYPE_CHECKING:
    from spingan.nn.weights import Model

TechnologyName = Annotated[
    str | None,
    typer.Option("--technology", metavar="NAME", help=f"Write its weights into another technology's arrays: {KINDS}."),
]
TechnologySet = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a key of its technology, as adc.bits=8; may be repeated."),
]
RecipeTechnology = Annotated[
    str | None, typer.Option("--technology", metavar="NAME", help=f"In place of its own: {KINDS}.")
]
Conditions = Annotated[
    list[str] | None,
    typer.Option("--condition", metavar="KEY=VALUE", help="Of the chip, as programming_noise=0.05; may be repeated."),
]
FitImages = Annotated[
    int, typer.Option("--fit-images", min=2, help="Images that gains, ranges and batch norms are measured on.")
]
_LARGEST_SEED = 2**63 - 1  # torch's generators take no more
Seed = Annotated[int, typer.Option("--seed", min=0, max=_LARGEST_SEED, help="Seed of the latents.")]
ChipSeed = Annotated[
    int, typer.Option("--chip-seed", min=0, max=_LARGEST_SEED, help="Seed of what is frozen in the chip.")
]


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the pictures and the report.")] = Path("demo"),
    json: Json = False,
) -> None:
    """Draw, judge and bill clothes with the shipped nets: offline, in under a minute."""
    from spingan.demo import run_demo

    result = run_demo(out, say=print_note)
    show(Result(result.to_dict(), result.summary()), json)


_START = "Begin with the nets of another run, or with the generator of a model."


@passing_on(
    {
        "resume": option(bool, "--resume", "Go on from the folder's checkpoint.", False),
        "start_from": option(str | None, "--start-from", _START, metavar="RUN|MODEL"),
        "device": option(str, "--device", "auto, cpu, cuda, mps, ...", "auto"),
        "devices": option(int, "--devices", "Processes that share every batch.", 1, min=1),
    }
)
def train(
    recipe: RecipeName,
    technology: RecipeTechnology = None,
    set_: Set = None,
    out: Annotated[Path | None, typer.Option("--out", help="Run folder; by default runs/<recipe's name>.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Short for --set seed=N.")] = None,
    json: Json = False,
    **asked: Any,
) -> None:
    """Train a generator and its discriminator by a recipe. Ctrl-C stops it; --resume goes on."""
    from spingan.output import output_folder
    from spingan.spec.technology import load_technology
    from spingan.training.recipe import load_recipe

    overrides = _with_options(set_, seed=seed, technology=technology)
    chosen = load_recipe(recipe, overrides)
    loaded = load_technology(chosen.technology)
    folder = out or Path("runs") / chosen.name
    if not asked["resume"]:
        output_folder(folder)  # a run that is killed while torch is loaded can be resumed
    from spingan.training.loop import train as train_nets  # loads torch: after what a user may have misspelt

    try:
        train_nets(chosen, folder, technology=loaded, **asked)
    except KeyboardInterrupt:
        print_note(f"The same command with --resume goes on from the last checkpoint in {folder}")
        raise
    data = {"run": str(folder), "recipe": chosen.name, "epochs": chosen.epochs, "seed": chosen.seed}
    show(Result(data, f"{folder}  (see it with: spingan report {folder})"), json)


def sample(
    model: ModelName,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Number of images.")] = 64,
    out: Annotated[Path, typer.Option("--out", help="Picture file for the grid.")] = Path("grid.png"),
    seed: Seed = 0,
    chip_seed: ChipSeed = 0,
    technology: TechnologyName = None,
    set_: TechnologySet = None,
    fit_images: FitImages = 4096,
    condition: Conditions = None,
    class_: Annotated[
        int | None, typer.Option("--class", metavar="NUMBER", help="Of all images, from a net that takes classes.")
    ] = None,
    json: Json = False,
) -> None:
    """Draw images with a model into one grid."""
    from spingan.arrays.conditions import conditions_from

    conditions = conditions_from(condition or (), chip_seed)  # what is misspelt is told before torch is loaded
    from spingan.api import sample as sample_to_file

    chosen = written(model, technology, set_, fit_images)
    path = sample_to_file(chosen, out, count=count, seed=seed, conditions=conditions, label=class_)
    data = {"model": _name(chosen), "count": count, "seed": seed, "chip_seed": chip_seed, "out": str(path)}
    data |= {"conditions": condition} if condition else {}
    show(Result(data if class_ is None else {**data, "class": class_}, str(path)), json)


_FEATURES = "inception is standard FID: extra fid, slow."
_VARIETY = "Of these, images to measure the variety on; by default 2,000."


@passing_on(
    {
        "count": option(int, "--count", "Images on each side.", 10_000, min=2),
        "seed": (Seed, 0),
        "chip_seed": (ChipSeed, 0),
        "chips": option(int, "--chips", "So many chips, seeds from --chip-seed on, with intervals.", 1, min=1),
        "features": option(Literal["cnn", "inception"], "--features", _FEATURES, "cnn"),
        "variety_count": option(int | None, "--variety-count", _VARIETY, min=2),
        "k": option(int | None, "--k", "Nearest neighbours to measure the variety with; by default 5."),
        "data_path": (RealImages, None),
        "data_name": (DataName, None),
    }
)
def evaluate(
    model: ModelName = "clothes-longer",
    technology: TechnologyName = None,
    set_: TechnologySet = None,
    fit_images: FitImages = 4096,
    condition: Conditions = None,
    detail: Annotated[bool, typer.Option("--detail", help="Show the share of each class, too.")] = False,
    json: Json = False,
    **asked: Any,
) -> None:
    """How good and how varied a model's images are, compared with real images and the float twin."""
    from spingan.arrays.conditions import conditions_from

    conditions = conditions_from(condition or (), asked["chip_seed"])
    from spingan.api import evaluate as evaluate_model
    from spingan.reports.quality_table import chip_lines, quality_notes, quality_table, quality_title

    chosen = written(model, technology, set_, fit_images)
    with progress_bars() as progress:
        quality = evaluate_model(chosen, progress=progress, conditions=conditions, **asked)
    measures = quality_table(quality)
    parts = [
        f"{_name(chosen)}: distance from the test images; {quality_title(quality)}",
        text_of(measures.headings, measures.rows, measures.right),
        "",
    ]
    if quality.missing_classes:
        parts.append(f"missing classes: {', '.join(quality.missing_classes)}")
    parts += [*chip_lines(quality), *quality_notes(quality)]
    if detail and quality.class_histogram:
        shares = [(name, f"{share:.1%}") for name, share in quality.class_histogram.items()]
        parts += ["", text_of(("class", "share"), shares, right=(1,))]
    parts += ["", f"{quality.protocol}; {quality.seconds:.1f} s"]
    data = {"model": _name(chosen), "chip_seed": conditions.seed, "conditions": condition or []} | quality.to_dict()
    show(Result(data, "\n".join(parts)), json)


def written(model: str, technology: str | None, settings: list[str] | None, fit_images: int) -> "str | Model":
    """The model as it is, or written into other arrays: of another technology, or with settings of their own."""
    from spingan.api import reprogram
    from spingan.spec.technology import load_technology, with_settings

    if technology is None and not settings:
        return model
    if technology is not None:
        with_settings(load_technology(technology), settings or [])  # what is misspelt is told before torch is loaded
    written = reprogram(model, technology, settings or (), fit_images=fit_images)
    if left_out := written.conversion.not_simulated:
        print_note(f"spingan: stated by {written.technology.name} and in no picture: {', '.join(left_out)}")
    return written


def _with_options(settings: list[str] | None, **given: str | int | None) -> list[str]:
    """Settings of a recipe, with those that have options of their own among them.

    Raises:
        UserError: A setting and an option give the same key.
    """
    told = list(settings or [])
    for key, value in given.items():
        if value is None:
            continue
        if any(setting.startswith(f"{key}=") for setting in told):
            raise UserError(f"--{key} and --set {key}=... both give the {key}", "Leave one of them out.")
        told.append(f"{key}={json_text(value)}")  # whatever YAML makes of a name
    return told


def _name(model: "str | Model") -> str:
    return model if isinstance(model, str) else model.name


def cost(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE|MODEL", help="A recipe, or a model: name, file or folder.")],
    technology: RecipeTechnology = None,
    set_: Set = None,
    accounting: Annotated[
        Literal["paper", "full"] | None,
        typer.Option(
            "--accounting",
            help="full: all parts of the hardware; paper: its accounts of the training. By default both in JSON.",
        ),
    ] = None,
    table: Annotated[
        Literal["bill", "write-schedules", "components"],
        typer.Option("--table", help="The bill, what writing costs in each order, or what it is built of."),
    ] = "bill",
    write_time_ns: Annotated[
        list[float] | None, typer.Option("--write-time-ns", help="Length of a write pulse; may be repeated.")
    ] = None,
    schedule: Annotated[
        list[str] | None,
        typer.Option("--schedule", metavar="ROWSxCOLUMNS", help="A write schedule of your own; may be repeated."),
    ] = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Components with our own cells, too, measured in ngspice.")
    ] = False,
    components: Annotated[
        Path | None,
        typer.Option("--components", metavar="FILE", help="A YAML file that overrides the library's entries."),
    ] = None,
    compare: Annotated[
        list[str] | None,
        typer.Option("--compare", metavar="NAMES", help="Technologies side by side, a,b or all; may be repeated."),
    ] = None,
    detail: Annotated[bool, typer.Option("--detail", help="Tables by item and by layer, with sources.")] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder for the pictures.")] = None,
    json: Json = False,
) -> None:
    """What drawing and training cost: energy, time, power and area, or a table of what the nets are built of."""
    from spingan.commands.full_cost import full_cost, refuse_without
    from spingan.training.recipe import names_a_model

    if table != "write-schedules":
        refuse_without("--table write-schedules", **{"write-time-ns": write_time_ns, "schedule": schedule})
    if table != "components":
        refuse_without("--table components", measure=measure)
    if table != "bill":
        refuse_without("--table bill", accounting=accounting)
    if technology is not None and not names_a_model(recipe):
        set_ = _with_options(set_, technology=technology)
        technology = None
    if accounting != "paper" and table == "bill":
        full_cost(
            recipe,
            tuple(set_ or ()),
            technology=technology,
            with_paper=accounting is None,
            components=components,
            compare=compare,
            detail=detail,
            out=out,
            json=json,
        )
        return
    refuse_without(
        "the whole bill, without --accounting paper and --table",
        components=components,
        compare=compare,
        detail=detail,
        out=out,
    )
    from spingan.errors import UserError
    from spingan.nn.model_files import model_file
    from spingan.spec.technology import load_technology
    from spingan.training.recipe import load_recipe

    if not names_a_model(recipe):
        load_technology(load_recipe(recipe, set_ or []).technology)  # what is misspelt is told before torch is loaded
    elif table != "bill":
        raise UserError(f"{recipe} is a model, and {table} are those of a recipe", "Name the recipe that trained it.")
    else:
        refuse_without("the whole bill, without --accounting paper", technology=technology)
        model_file(recipe)
    if table == "write-schedules":
        _write_schedules(recipe, tuple(set_ or ()), write_time_ns, schedule or [], json)
        return
    if table == "components":
        _components(recipe, tuple(set_ or ()), measure, json)
        return
    from spingan.bills import recipe_or_model
    from spingan.papers.training_account import account_of_model, account_of_recipe
    from spingan.training.recipe import Recipe

    chosen = recipe_or_model(recipe, tuple(set_ or ()))
    account = account_of_recipe(chosen) if isinstance(chosen, Recipe) else account_of_model(chosen)
    if json:
        print_json(account.to_dict())
        return
    from spingan.papers.account_tables import account_notes, account_tables
    from spingan.reports.tables import print_tables

    basis, *notes = account_notes(account)
    print_tables(account_tables(account), (basis, *(f"- {note}" for note in notes)))


def _write_schedules(
    recipe: str, overrides: tuple[str, ...], write_times_ns: list[float] | None, own: list[str], json: bool
) -> None:
    from spingan.papers.am_dcgan_account import SCHEDULES, parse_schedule, write_schedules

    tables = write_schedules(
        recipe,
        overrides,
        write_times_s=None if write_times_ns is None else [time_ns * 1e-9 for time_ns in write_times_ns],
        schedules=(*SCHEDULES, *map(parse_schedule, own)),
    )
    if json:
        print_json(tables.to_dict())
        return
    from spingan.papers.account_tables import schedule_notes, schedule_tables
    from spingan.reports.tables import print_tables

    print_tables(schedule_tables(tables), [f"- {note}" for note in schedule_notes(tables)])


def _components(recipe: str, overrides: tuple[str, ...], measure: bool, json: bool) -> None:
    from spingan.papers.am_dcgan_account import components

    found = components(recipe, overrides, measure=measure)
    if json:
        print_json(found.to_dict())
        return
    from spingan.papers.account_tables import component_notes, component_tables
    from spingan.reports.tables import print_tables

    print_tables(component_tables(found), [f"- {note}" for note in component_notes(found)])


def report(
    run: ModelName,
    out: Annotated[Path | None, typer.Option("--out", help="By default in the run folder, or here.")] = None,
    count: Annotated[int, typer.Option("--count", min=2, help="Images to judge the quality by.")] = 10_000,
    technology: TechnologyName = None,
    set_: TechnologySet = None,
    fit_images: FitImages = 4096,
    json: Json = False,
) -> None:
    """One self-contained HTML page about a run."""
    from spingan.model_page import write_report

    chosen = written(run, technology, set_, fit_images)
    with progress_bars() as progress:
        path = write_report(chosen, out, count=count, progress=progress)
    show(Result({"run": _name(chosen), "report": str(path)}, str(path)), json)
