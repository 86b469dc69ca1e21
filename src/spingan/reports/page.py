"""The report's page: its parts, and the template that lays them out with every picture inside the file."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

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
