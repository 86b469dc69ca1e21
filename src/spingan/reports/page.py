"""The report's page: its parts, and the template that lays them out with every picture inside the file."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from spingan.reports.tables import Table

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Picture:
    """An image as a data URI; the caption is what a reader who cannot see it is told, too."""

    name: str
    caption: str
    uri: str
    pixelated: bool

    @classmethod
    def png(cls, name: str, caption: str, data: bytes) -> "Picture":
        """A grid of small images, to be enlarged without blurring."""
        return cls(name, caption, f"data:image/png;base64,{base64.b64encode(data).decode()}", True)

    @classmethod
    def svg(cls, name: str, caption: str, data: bytes) -> "Picture":
        """A plot."""
        return cls(name, caption, f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}", False)


def page(template: str, **parts: Any) -> str:
    """A template of this folder as HTML; everything that comes from a user's file is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**parts)


def render(
    *,
    title: str,
    subtitle: str,
    figures: Sequence[tuple[str, str, str]],
    pictures: Sequence[Picture],
    losses: Picture | None,
    quality: Mapping[str, Any] | None,
    devices: Sequence[Picture],
    conversion: Table,
    not_simulated: Sequence[str],
    bill: Sequence[Table],
    bill_notes: Sequence[str],
    obtained: Table,
) -> str:
    """The page as HTML. Everything that comes from a user's file is escaped.

    Args:
        figures: (what, value, how to read it) of the numbers on top.
        quality: Keys `table` (Table), `notes`, `classes` ((name, share as text, share) each), `missing` (names),
            `protocol`.
    """
    return page(
        "report.html",
        title=title,
        subtitle=subtitle,
        figures=figures,
        pictures=pictures,
        losses=losses,
        quality=quality,
        devices=devices,
        conversion=conversion,
        not_simulated=not_simulated,
        bill=bill,
        bill_notes=bill_notes,
        obtained=obtained,
    )
