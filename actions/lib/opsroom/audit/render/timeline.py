"""A period on one environment as a picture: what was deployed when, as SVG in the page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Callable, Iterable, Iterator, List, Sequence, Tuple

from ..model import Change, Ending, Held
from ..period import Period

Escape = Callable[[str], str]

WIDTH = 880
_LEFT = 100
_RIGHT = WIDTH - 16
_TOP = 24
_LEVELS = 3
_LEVEL = 13
_LANE = 22 + _LEVELS * _LEVEL
# A character of the labels, in the units of the picture.
_CHARACTER = 6.0
_MAX_LABEL = 14
_STEPS = (
    timedelta(hours=1), timedelta(hours=3), timedelta(hours=6), timedelta(hours=12),
    timedelta(days=1),
    timedelta(days=2), timedelta(days=7), timedelta(days=14), timedelta(days=28),
    timedelta(days=91),
)  # fmt: skip
_MAX_TICKS = 15


def timeline(
    period: Period, changes: Sequence[Change], locks: Sequence[Held], escape: Escape
) -> str:
    """A lane for each application, a mark for each change: shape and colour show the outcome, the
    label the version.

    Labels that would cover each other are left out; the mark's tooltip has everything. `changes`
    and `locks` are those of one environment; `escape` makes a text fit for the page.
    """
    apps = sorted({one.app for one in changes})
    height = _TOP + len(apps) * _LANE + 22
    scale = _Scale(period)
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Deployments over time">']
    parts += _ticks(scale, height)
    parts += _bands(scale, apps, locks, height, escape)
    for number, app in enumerate(apps):
        base = _base(number)
        name = escape(app if len(app) <= _MAX_LABEL + 2 else app[: _MAX_LABEL + 1] + "…")
        parts.append(f'<text class="app" x="0" y="{base + 4}">{name}</text>')
        parts.append(f'<line class="lane" x1="{_LEFT}" x2="{_RIGHT}" y1="{base}" y2="{base}"/>')
        parts += _lane(scale, base, [one for one in changes if one.app == app], escape)
    parts.append("</svg>")
    return "".join(parts)


def legend() -> str:
    """What the marks mean."""
    marks = (
        (Ending.SUCCEEDED, False, "succeeded"),
        (Ending.FAILED, False, "failed"),
        (Ending.INTERRUPTED, False, "interrupted or unknown"),
        (Ending.CANCELLED, False, "cancelled"),
        (Ending.RUNNING, False, "running"),
        (Ending.SUCCEEDED, True, "emergency"),
    )
    rows = [
        '<span><svg viewBox="-8 -8 16 16" '
        f'aria-hidden="true">{mark(ending, override)}</svg>{text}</span>'
        for ending, override, text in marks
    ]
    band = (
        '<svg viewBox="0 0 16 14" aria-hidden="true"><rect class="band" width="16" '
        'height="14"/></svg>'
    )
    return (
        f'<div class="legend">{"".join(rows)}<span>{band}locked</span><span>↩ rollback</span></div>'
    )


def mark(ending: Ending, override: bool) -> str:
    """The mark of a change, around the origin. Shapes differ as well as colours: a print may be
    grey."""
    if ending is Ending.FAILED:
        shape = '<path class="cross" d="M-4-4 4 4M-4 4 4-4"/>'
    elif ending in (Ending.INTERRUPTED, Ending.UNKNOWN):
        shape = '<path class="dot" d="M0-6 6 5H-6Z"/>'
    elif ending is Ending.CANCELLED:
        shape = '<path class="cross" d="M-5 0H5"/>'
    elif ending is Ending.RUNNING:
        shape = '<rect class="dot" x="-4.5" y="-4.5" width="9" height="9"/>'
    else:
        shape = '<circle class="dot" r="5"/>'
    ring = '<circle class="ring" r="7.6"/>' if override else ""
    return f'<g class="{ending.value}">{shape}{ring}</g>'


class _Scale:
    """From moments to places on the picture."""

    def __init__(self, period: Period) -> None:
        self.period = period
        self._seconds = max((period.until - period.since).total_seconds(), 1.0)

    def x(self, at: datetime) -> float:
        share = (at - self.period.since).total_seconds() / self._seconds
        return round(_LEFT + min(max(share, 0.0), 1.0) * (_RIGHT - _LEFT), 1)


def _base(number: int) -> int:
    return _TOP + number * _LANE + _LANE - 12


def _ticks(scale: _Scale, height: int) -> Iterator[str]:
    since, until = scale.period.since, scale.period.until
    step = next((one for one in _STEPS if (until - since) / one <= _MAX_TICKS), None)
    if step is None:
        step = (until - since) / _MAX_TICKS
    at = since
    while at < until:
        x = scale.x(at)
        label = at.strftime(
            "%H:%M" if step < timedelta(days=1) and at.hour + at.minute else "%d %b"
        ).lstrip("0")
        label = label if ":" not in label else at.strftime("%H:%M")
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP - 6}" y2="{height - 22}"/>'
        yield f'<text class="tick" x="{x + 3}" y="{_TOP - 10}">{label}</text>'
        at += step


def _bands(
    scale: _Scale, apps: Sequence[str], locks: Iterable[Held], height: int, escape: Escape
) -> Iterator[str]:
    for lock in locks:
        left, right = scale.x(lock.since), scale.x(lock.until or scale.period.until)
        if lock.app and lock.app not in apps:
            continue
        top = _base(apps.index(lock.app)) - _LANE + 14 if lock.app else _TOP - 4
        tall = _LANE - 4 if lock.app else height - 22 - top
        title = escape(f"locked by {lock.by}: {lock.reason}")
        width = max(round(right - left, 1), 2)
        yield (
            f'<rect class="band" x="{left}" y="{top}" width="{width}" '
            f'height="{tall}"><title>{title}</title></rect>'
        )


def _lane(scale: _Scale, base: int, changes: Sequence[Change], escape: Escape) -> Iterator[str]:
    places = [(scale.x(one.at), one) for one in changes]
    labelled = [
        (x, base - 12 - level * _LEVEL, label)
        for (x, _), level, label in zip(places, *_levels(places))
    ]
    for x, top, label in labelled:
        if label and top < base - 12:
            yield f'<line class="stem" x1="{x}" x2="{x}" y1="{top + 3}" y2="{base - 7}"/>'
    for x, top, label in labelled:
        if label:
            yield f'<text class="label" x="{_inside(x, label)}" y="{top}">{escape(label)}</text>'
    # What went wrong is drawn last: nothing may cover it.
    for x, change in sorted(places, key=lambda place: place[1].ending is not Ending.SUCCEEDED):
        shown = mark(change.ending, change.override is not None)
        yield (
            f'<g transform="translate({x} '
            f'{base})">{shown}<title>{escape(_tooltip(change))}</title></g>'
        )


def _levels(places: Sequence[Tuple[float, Change]]) -> Tuple[List[int], List[str]]:
    """For each mark the level of its label and the label, empty where there is no room for one."""
    ends = [0.0] * _LEVELS
    levels, labels = [], []
    for x, change in places:
        label = _label(change)
        half = len(label) * _CHARACTER / 2
        middle = _inside(x, label)
        level = next((number for number, end in enumerate(ends) if middle - half > end + 4), None)
        if level is None:
            label, level = "", 0
        else:
            ends[level] = middle + half
        levels.append(level)
        labels.append(label)
    return levels, labels


def _inside(x: float, label: str) -> float:
    """Where a label's middle goes, so that it stays in the picture."""
    half = len(label) * _CHARACTER / 2
    return round(min(max(x, _LEFT + half), WIDTH - half), 1)


def _label(change: Change) -> str:
    version = change.version or "?"
    short = version if len(version) <= _MAX_LABEL else version[: _MAX_LABEL - 1] + "…"
    return f"↩ {short}" if change.command == "rollback" else short


def _tooltip(change: Change) -> str:
    at = change.at.strftime("%Y-%m-%d %H:%M UTC")
    versions = (
        f"{change.version_before} to {change.version}" if change.version_before else change.version
    )
    emergency = ", emergency" if change.override else ""
    return (
        f"{at}: {change.command} {change.app} {versions}, by {change.asked_by}: "
        f"{change.ending.value}{emergency}"
    )
