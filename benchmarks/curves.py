"""A picture of score distributions: for each score, the share of questions whose best passage reaches it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

WIDTH: Final = 300
HEIGHT: Final = 180
MARGIN: Final = 34
PANELS_IN_A_ROW: Final = 2
STEPS: Final = 50
COLOURS: Final = ("#1a6fb4", "#c8502d", "#5b8f3a")


@dataclass(frozen=True, slots=True)
class Panel:
    """One diagram: a title, and the scores behind each curve by its name."""

    title: str
    scores: Mapping[str, Sequence[float]]


def write_panels(path: Path, panels: Sequence[Panel]) -> None:
    """Writes the diagrams into one SVG file, two in a row."""
    rows = -(-len(panels) // PANELS_IN_A_ROW)
    size = f'width="{WIDTH * PANELS_IN_A_ROW}" height="{HEIGHT * rows}"'
    groups = [
        f'<g transform="translate({WIDTH * (at % PANELS_IN_A_ROW)} {HEIGHT * (at // PANELS_IN_A_ROW)})">'
        f"{_drawn(panel)}</g>"
        for at, panel in enumerate(panels)
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="10">'
    background = '<rect width="100%" height="100%" fill="white"/>'
    path.write_text("\n".join([head, background, *groups, "</svg>\n"]), encoding="utf-8")


def reached(scores: Sequence[float], score: float) -> float:
    """The share of scores that are at least this one."""
    return sum(found >= score for found in scores) / len(scores)


def _drawn(panel: Panel) -> str:
    parts = [f'<text x="{MARGIN}" y="14" font-weight="bold">{escape(panel.title)}</text>', _axes()]
    for number, (name, scores) in enumerate(panel.scores.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(_point(at / STEPS, reached(scores, at / STEPS)) for at in range(STEPS + 1))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(
            f'<text x="{WIDTH - MARGIN}" y="{MARGIN + 12 * number}" fill="{colour}" '
            f'text-anchor="end">{escape(name)}</text>'
        )
    return "".join(parts)


def _axes() -> str:
    left, bottom = _point(0, 0).split(",")
    right, top = _point(1, 1).split(",")
    ticks = "".join(
        f'<text x="{_point(tick, 0).split(",")[0]}" y="{HEIGHT - 20}" text-anchor="middle">{tick}</text>'
        f'<text x="{MARGIN - 4}" y="{_point(0, tick).split(",")[1]}" text-anchor="end">{tick}</text>'
        for tick in (0, 0.5, 1)
    )
    return f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="#888"/>{ticks}'


def _point(score: float, share: float) -> str:
    """Where a score and a share lie in a diagram, as `x,y`."""
    x = MARGIN + score * (WIDTH - 2 * MARGIN)
    return f"{x:.1f},{HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN):.1f}"
