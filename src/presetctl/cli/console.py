"""Where text goes, and whether it may be coloured."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import IO, Any

import click

from presetctl.report.safe import inert, visible
from presetctl.report.text import Style


def style_for(stream: IO[Any], environment: Mapping[str, str] = os.environ) -> Style:
    """Colours on a terminal; NO_COLOR and TERM=dumb take them away, FORCE_COLOR gives them anywhere."""
    if environment.get("NO_COLOR"):
        return Style(False)
    if environment.get("FORCE_COLOR"):
        return Style(True)
    return Style(environment.get("TERM") != "dumb" and stream.isatty())


def say(text: str, style: Style | None = None) -> None:
    """Talk: to stderr. What has a style was made harmless with it; the rest is here."""
    click.echo(text if style else inert(visible(text)), err=True, color=bool(style and style.colour))


def give(text: str, style: Style | None = None) -> None:
    """Data: to stdout. What has a style was made harmless with it, and documents are ASCII; the rest is here."""
    click.echo(text if style else visible(text), color=bool(style and style.colour))
