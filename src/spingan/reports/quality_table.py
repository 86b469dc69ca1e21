"""A quality as a table of text, for the terminal and the report."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spingan.evaluation.quality import Quality


def quality_rows(quality: "Quality") -> tuple[tuple[str, str], ...]:
    """Whose images, and their distance from the test images; the twin and the ratio to it only where there is one."""
    rows = [("this model", f"{quality.value:.3f}")]
    if quality.float_twin is not None:
        rows.append(("float twin", f"{quality.float_twin:.3f}"))
    rows.append(("real images (floor)", f"{quality.floor:.3f}"))
    if quality.float_twin:
        rows.append(("this model / float twin", f"{quality.value / quality.float_twin:.3f}"))
    rows.append(("kernel distance", f"{quality.kernel_distance:.3g}"))
    return tuple(rows)
