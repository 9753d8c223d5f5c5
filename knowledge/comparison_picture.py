"""A picture of two runs: a bar for each query, as high as its difference, the largest gain first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from knowledge.comparison import Comparison

WIDTH: Final = 600
HEIGHT: Final = 240
MARGIN: Final = 40
BETTER: Final = "#1a6fb4"
WORSE: Final = "#c8502d"


def draw(found: Comparison, path: Path, names: tuple[str, str]) -> None:
    """Writes an SVG file; `names` are those of the runs a and b."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>'
    )
    values = list(found.differences.values())
    top = max(map(abs, values), default=0) or 1.0
    title = f"{found.measure}: {names[1]} − {names[0]}, mean {found.difference:+.4f}, p = {found.p_value:.4f}"
    parts = [head, _text(MARGIN, 18, title, "start"), _axis(top), *_bars(values, top), "</svg>\n"]
    path.write_text("\n".join(parts), encoding="utf-8")


def _bars(values: Sequence[float], top: float) -> list[str]:
    width = (WIDTH - 2 * MARGIN) / len(values)
    bars = []
    for number, value in enumerate(values):
        if not value:
            continue
        y, height = _y(max(value, 0), top), abs(_y(value, top) - _y(0, top))
        colour = BETTER if value > 0 else WORSE
        bars.append(
            f'<rect x="{MARGIN + number * width:.2f}" y="{y:.1f}" width="{width:.2f}" height="{height:.1f}" '
            f'fill="{colour}"/>'
        )
    return bars


def _axis(top: float) -> str:
    labels = (_text(MARGIN - 4, _y(value, top) + 4, f"{value:+.2g}", "end") for value in (top, 0, -top))
    return f'<path d="M{MARGIN} {_y(0, top)}H{WIDTH - MARGIN}" stroke="#888"/>' + "".join(labels)


def _y(value: float, top: float) -> float:
    """Where a difference lies; `top` is at the upper margin."""
    half = HEIGHT / 2 - MARGIN
    return HEIGHT / 2 + MARGIN / 4 - value / top * half


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
