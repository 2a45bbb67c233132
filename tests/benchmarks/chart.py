"""The chart for the README: bars of wall time as multiples of presetctl's own, drawn by hand.

The same figures give the same bytes. It brings colours for light and dark pages, and says in words what it shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from tests.benchmarks.goals import Kind, Results, compared

WIDTH = 720
_LABEL_WIDTH, _FIGURE_WIDTH, _BAR_HEIGHT, _ROW = 210, 90, 18, 28
_PANEL_TITLE, _PANEL_GAP, _TOP, _BOTTOM = 30, 22, 20, 40

_STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#1f2328}.t{font-weight:600}.n{font-size:12px;fill:#59636e}"
    ".b{fill:#8c959f}.o{fill:#0969da}.c{fill:#fff;stroke:#d1d9e0}"
    "@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.n{fill:#9198a1}.b{fill:#6e7681}.o{fill:#4493f8}"
    ".c{fill:#0d1117;stroke:#3d444d}}"
)


@dataclass(frozen=True)
class Panel:
    """Works of one kind under a title; the first one is what the others are compared with."""

    title: str
    works: tuple[tuple[str, str], ...]


PANELS = (
    Panel(
        "plan, 1,000 presets, no changes",
        (
            ("plan 1000", "presetctl, second run"),
            ("plan 1000 cold", "presetctl, nothing cached"),
            ("octodns 1000", "octoDNS"),
            ("terraform 1000", "Terraform"),
        ),
    ),
    Panel(
        "validate, 10,000 presets",
        (
            ("validate 10000", "presetctl, second run"),
            ("validate 10000 cold", "presetctl, nothing cached"),
            ("ajv 10000", "ajv-cli"),
            ("check-jsonschema 10000", "check-jsonschema"),
        ),
    ),
)


@dataclass(frozen=True)
class Bar:
    """One bar; ``times`` is None where the tool was not measured."""

    label: str
    times: float | None
    ours: bool

    @property
    def figure(self) -> str:
        """What stands at its end."""
        if self.times is None:
            return "not installed"
        return f"{self.times:.1f} ×" if self.times < 10 else f"{self.times:.0f} ×"


def chart(results: Results, machine: Mapping[str, Any]) -> str:
    """The whole SVG document."""
    panels = [(panel.title, bars(panel, results)) for panel in PANELS]
    height = _TOP + sum(_height(drawn) for _, drawn in panels) + _BOTTOM
    told = "; ".join(f"{title}: {', '.join(f'{bar.label} {bar.figure}' for bar in drawn)}" for title, drawn in panels)
    where = f"{machine['date']} · {machine['cores']} cores · Python {machine['python']}"
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="t d">',
        '<title id="t">How long it takes, as a multiple of presetctl</title>',
        f'<desc id="d">{escape(told)}.</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="c" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
    ]
    top = _TOP
    for title, drawn in panels:
        lines += _panel(title, drawn, top)
        top += _height(drawn)
    lines += [f'<text class="n" x="20" y="{height - 18}">wall time · {escape(where)}</text>', "</svg>"]
    return "\n".join(lines) + "\n"


def bars(panel: Panel, results: Results) -> list[Bar]:
    """The bars of a panel."""
    base = results.series[panel.works[0][0]]
    found = ((label, results.series.get(name)) for name, label in panel.works)
    return [
        Bar(label, None if series is None else compared(Kind.WALL, series, base), label.startswith("presetctl"))
        for label, series in found
    ]


def _height(drawn: Sequence[Bar]) -> int:
    return _PANEL_TITLE + _ROW * len(drawn) + _PANEL_GAP


def _panel(title: str, drawn: Sequence[Bar], top: int) -> list[str]:
    longest = max(bar.times or 0 for bar in drawn)
    room = WIDTH - _LABEL_WIDTH - _FIGURE_WIDTH - 40
    lines = [f'<text class="t" x="20" y="{top + 16}">{escape(title)}</text>']
    for number, bar in enumerate(drawn):
        y = top + _PANEL_TITLE + number * _ROW
        width = 0 if bar.times is None else max(2, round(room * bar.times / longest))
        kind = "o" if bar.ours else "b"
        x = 20 + _LABEL_WIDTH
        lines += [
            f'<text x="20" y="{y + 14}">{escape(bar.label)}</text>',
            f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{_BAR_HEIGHT}" rx="2"/>',
            f'<text x="{x + width + 8}" y="{y + 14}">{escape(bar.figure)}</text>',
        ]
    return lines
