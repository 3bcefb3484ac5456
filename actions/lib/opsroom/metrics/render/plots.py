"""Figures over time as pictures: SVG in the page, a bar or a point for each day, week or month.

Shapes and labels say what colours do: a print may be grey.
"""

from __future__ import annotations

from math import ceil, floor, log10
from typing import Callable, Iterator, List, Optional, Sequence, Tuple

from ...text import span
from ..model import Bucket

Escape = Callable[[str], str]

WIDTH, HEIGHT = 880, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, WIDTH - 12, 14, HEIGHT - 26
_LINES = 4
# A character of the labels, in the units of the picture.
_CHARACTER = 6.0
_GAP = 14.0
# In which a length of time is shown on an axis, and how many seconds each has.
_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}

# Once on a page: an id may not be there twice.
_HATCH = (
    '<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect class="ground" width="5" height="5"/>'
    '<rect class="stripe" width="2.4" height="5"/></pattern></defs>'
)


def deployments_plot(buckets: Sequence[Bucket], escape: Escape) -> str:
    """How many deployments succeeded or failed in each bucket; those that needed intervention are
    hatched."""
    top, lines = _axis(max((one.figures.attempts for one in buckets), default=0), 1.0)
    parts = [
        *_frame("Deployments over time", buckets, escape),
        _HATCH,
        *_grid(lines, top, "{:,.0f}".format),
    ]
    wide = _step(buckets) * 0.72
    for number, one in enumerate(buckets):
        figures, x = one.figures, _x(number, buckets) - wide / 2
        good = figures.attempts - figures.failures
        title = escape(
            f"{one.label}: {figures.deployments:,} deployments, {figures.failures:,} of "
            f"{figures.attempts:,} attempts needed intervention"
        )
        parts.append(f"<g><title>{title}</title>")
        parts += _bar("good", x, wide, 0, good, top)
        parts += _bar("bad", x, wide, good, figures.attempts, top)
        parts.append("</g>")
    return "".join([*parts, "</svg>"])


def lengths_plot(
    name: str,
    buckets: Sequence[Bucket],
    value: Callable[[Bucket], Optional[float]],
    escape: Escape,
) -> str:
    """A median in seconds for each bucket that has one, as points; neighbours are joined."""
    values = [value(one) for one in buckets]
    highest = max((one for one in values if one is not None), default=0.0)
    word = next((one for one in reversed(list(_UNITS)) if highest >= 2 * _UNITS[one]), "s")
    unit = _UNITS[word]
    top, lines = _axis(highest / unit, 1.0)
    parts = [
        *_frame(name, buckets, escape),
        *_grid(lines, top, lambda one: f"{one:g} {word}"),
    ]
    run: List[str] = []
    for number, found in enumerate(values):
        if found is None:
            parts += _line(run)
            run = []
        else:
            run.append(f"{_x(number, buckets)},{_y(found / unit, top)}")
    parts += _line(run)
    for number, (one, found) in enumerate(zip(buckets, values)):
        if found is not None:
            title = escape(f"{one.label}: median {span(found)}")
            x, y = _x(number, buckets), _y(found / unit, top)
            parts.append(
                f'<circle class="point" cx="{x}" cy="{y}" r="4"><title>{title}</title></circle>'
            )
    return "".join([*parts, "</svg>"])


def legend() -> str:
    """What the bars mean."""
    return (
        f'<div class="legend"><span>{_sample("good")}no intervention</span>'
        f"<span>{_sample('bad')}failed, rolled back, emergency or incident</span></div>"
    )


def _sample(style: str) -> str:
    return (
        '<svg viewBox="0 0 16 14" aria-hidden="true">'
        f'<rect class="{style}" width="16" height="14"/></svg>'
    )


def _frame(name: str, buckets: Sequence[Bucket], escape: Escape) -> Iterator[str]:
    yield f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(name)}">'
    end = -_GAP
    for number, one in enumerate(buckets):
        x, half = _x(number, buckets), len(one.label) * _CHARACTER / 2
        middle = min(max(x, _LEFT + half), _RIGHT - half)
        if middle - half >= end + _GAP:
            end = middle + half
            label = escape(one.label)
            yield f'<text class="tick middle" x="{middle:.1f}" y="{HEIGHT - 8}">{label}</text>'


def _grid(lines: Sequence[float], top: float, words: Callable[[float], str]) -> Iterator[str]:
    for one in lines:
        y = _y(one, top)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text class="tick end" x="{_LEFT - 8}" y="{y + 4}">{words(one)}</text>'


def _bar(style: str, x: float, wide: float, low: float, high: float, top: float) -> Iterator[str]:
    if high > low:
        y, bottom = _y(high, top), _y(low, top)
        yield (
            f'<rect class="{style}" x="{x:.1f}" y="{y}" width="{wide:.1f}" '
            f'height="{bottom - y:.1f}"/>'
        )


def _line(run: Sequence[str]) -> List[str]:
    return [f'<polyline class="run" points="{" ".join(run)}"/>'] if len(run) > 1 else []


def _axis(highest: float, least: float) -> Tuple[float, List[float]]:
    """The top of an axis, and where its lines are: at 1, 2 or 5 times a power of ten."""
    rough = max(highest, least) / _LINES
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    step = max(step, least)
    count = max(ceil(highest / step), 1)
    return count * step, [number * step for number in range(count + 1)]


def _step(buckets: Sequence[Bucket]) -> float:
    # A single bar is no wall.
    return min((_RIGHT - _LEFT) / max(len(buckets), 1), 80.0)


def _x(number: int, buckets: Sequence[Bucket]) -> float:
    return round(_LEFT + (number + 0.5) * (_RIGHT - _LEFT) / max(len(buckets), 1), 1)


def _y(value: float, top: float) -> float:
    return round(_BOTTOM - value / top * (_BOTTOM - _TOP), 1)
