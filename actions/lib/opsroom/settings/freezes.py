"""Reading freezes and time zones."""

from __future__ import annotations

from typing import List, Optional, Tuple

from ..names import nearest
from .fields import Fields, found
from .model import Freeze


def read_timezone(fields: Fields, key: str, default: str) -> str:
    """A time zone's name. The default is taken as checked."""
    name = fields.text(key, default=default, expected="a time zone such as Europe/London")
    if name == default or not name:
        return default
    # Not at the top: the time zone database is loaded only where a config needs it.
    from ..zones import all_zones, is_zone

    if is_zone(name):
        return name
    near = nearest(name, all_zones(), most=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    fields.problem(key, f"expected a time zone such as Europe/London, found {found(name)}{meant}")
    return default


def read_freezes(fields: Fields, key: str, timezone: str) -> Tuple[Freeze, ...]:
    """The list of freezes under a key. `timezone` is that of those which name none."""
    freezes = [_freeze(inner, timezone) for inner in fields.each_of(key)]
    return tuple(one for one in freezes if one is not None)


def _freeze(fields: Fields, timezone: str) -> Optional[Freeze]:
    freeze = Freeze(
        name=fields.text("name", expected="a name, such as weekend"),
        begins=_point(fields, "from"),
        ends=_point(fields, "to"),
        timezone=read_timezone(fields, "timezone", timezone),
    )
    fields.finish()
    if not (freeze.begins and freeze.ends):
        return None
    for problem in _problems(freeze):
        fields.problem("to", problem)
    return freeze


def _point(fields: Fields, key: str) -> str:
    from ..points import read_point

    # Unquoted, YAML makes a date of it, and StackStorm cannot store that.
    expected = 'expected "Fri 16:00", "2026-12-20" or "2026-12-20 18:00", in quotes'
    value = fields.raw(key)
    if not isinstance(value, str) or read_point(value) is None:
        fields.problem(key, f"{expected}, found {found(value)}")
        return ""
    return value.strip()


def _problems(freeze: Freeze) -> List[str]:
    from ..points import Dated, Weekly, read_point

    begins, ends = read_point(freeze.begins), read_point(freeze.ends)
    if isinstance(begins, Weekly) and isinstance(ends, Weekly):
        return ["expected another time than that of 'from'"] if begins == ends else []
    if isinstance(begins, Dated) and isinstance(ends, Dated):
        return [] if begins.begins() < ends.ends() else ["expected a time after that of 'from'"]
    return ["expected two weekly times or two dates, not one of each"]
