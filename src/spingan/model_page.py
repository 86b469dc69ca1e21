"""The report of a model as one HTML page: its pictures and their quality, and what it costs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spingan.api import evaluate
from spingan.costs.headlines import energy_range, five_numbers
from spingan.input_files import is_folder
from spingan.nn.weights import Model, float_twin, load_model
from spingan.output import check_place, write_text
from spingan.progress import Progress, no_progress
from spingan.quantities import NOT_COUNTED, energy_text

if TYPE_CHECKING:
    from spingan.evaluation.quality import Quality

WHOLE, PAPER_S_WAY = "all parts of the hardware", "the paper's way: activations only"
"""Which bill a number is of."""


def write_report(
    run: str | Path | Model,
    out: str | Path | None = None,
    *,
    count: int = 10_000,
    progress: Progress = no_progress,
) -> Path:
    """Evaluate a run and write one self-contained HTML page about it.

    Args:
        run: A run folder, a weights file, a shipped name, or a model that is loaded already.
        out: File to write; by default `report.html` in the run folder, or in the working folder.
        count: Images on each side of the quality, at most what the data set has.

    Raises:
        UserError: There is no such run, or the page cannot be written.
    """
    from spingan.reports.report import can_be_judged, read_metrics

    model = run if isinstance(run, Model) else load_model(run)
    folder = Path(run) if not isinstance(run, Model) and is_folder(run) else None
    target = Path(out) if out is not None else (folder or Path()) / "report.html"
    check_place(target)
    quality = evaluate(model, count=count, progress=progress) if can_be_judged(model) else None
    metrics = read_metrics(folder / "metrics.csv") if folder is not None else None
    write_text(target, model_page(model, quality, metrics))
    return target


def model_page(model: Model, quality: "Quality | None", metrics: Any = None) -> str:
    """The report of a model as HTML, with the whole bill's numbers and the paper's account of its training.

    Args:
        quality: What `evaluate` found; None leaves the section out.
        metrics: The columns of the run's metrics.csv; None leaves the losses out.
    """
    from spingan.bills import full_bill
    from spingan.papers.account_tables import account_notes, account_tables
    from spingan.papers.training_account import account_of_model
    from spingan.reports.report import report_html

    account = account_of_model(model)
    bill = full_bill(model)
    trained = NOT_COUNTED if bill.training is None else energy_range(bill.training)
    figures = [
        *((f"{what} to draw an image", text, WHOLE) for what, text in five_numbers(bill.drawing).items()),
        ("energy to train with an image", trained, WHOLE),
        ("energy to draw an image", energy_text(account.generator_forward_energy_j, 4), PAPER_S_WAY),
        ("energy to train with an image", energy_text(account.training_energy_per_image_j, 4), PAPER_S_WAY),
    ]
    return report_html(
        model,
        quality,
        metrics,
        twin=float_twin(model),
        figures=figures,
        bill=account_tables(account),
        bill_notes=account_notes(account),
    )
