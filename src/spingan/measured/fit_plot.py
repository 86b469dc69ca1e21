"""The picture of a fit: what was measured as open markers, the fit as lines."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from spingan.measured.fit import Fit, percent_text
from spingan.measured.tables import plain_name
from spingan.output import atomic_path

_LINES = (("-", "#1b3a6b"), ("--", "#d9772b"))  # those of spingan.reports.plots


def draw_branches(axis: Axes, fit: Fit) -> None:
    """Both branches of a fit on an axis, which is named, with SI prefixes where there is a unit."""
    for branch, marker, (dash, colour) in zip(fit.branches, "os", _LINES, strict=False):
        label = f", {branch.name}" if len(fit.branches) > 1 else ""
        points = {"linestyle": "none", "markerfacecolor": "none", "markeredgecolor": "#444444", "markersize": 3}
        axis.plot(branch.measured_x, branch.measured_y, marker=marker, **points, label=f"points{label}")
        axis.plot(branch.fitted_x, branch.fitted_y, dash, color=colour, linewidth=1.4, label=f"fit{label}")
    for which, label, unit in ((axis.xaxis, fit.x_label, fit.x_unit), (axis.yaxis, fit.y_label, fit.y_unit)):
        which.set_label_text(plain_name(label))
        if unit != "1":
            which.set_major_formatter(EngFormatter(unit.replace("Ohm", "Ω")))


def draw_fit(fit: Fit, path: str | Path) -> None:
    """Draw a fit, with its error, into the PNG file `path`.

    Raises:
        UserError: It cannot be written.
    """
    figure = Figure(figsize=(5.0, 3.5), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    draw_branches(figure.add_subplot(), fit)
    title = f"error {percent_text(fit.rms_error, fit.maximum_error)} of the span"
    figure.legend(loc="outside upper center", ncols=2, frameon=False, title=title)
    with atomic_path(path) as temporary:
        canvas.print_png(str(temporary))
