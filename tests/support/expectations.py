"""What an answer, a record or any other object is expected to hold: several values in one line."""

from __future__ import annotations

from enum import Enum
from typing import Any


def expect(found: Any, **wanted: Any) -> None:
    """Fail unless these keys of a mapping, or these attributes of an object, have these values.

    A member of an enum may be given as its value. All that differ are shown, with the whole of what
    was found.
    """
    __tracebackhide__ = True
    wrong = []
    for name, value in wanted.items():
        held = found[name] if isinstance(found, dict) else getattr(found, name)
        if isinstance(held, Enum) and not isinstance(value, Enum):
            held = held.value
        if held != value:
            wrong.append(f"{name} is {held!r}, not {value!r}")
    assert not wrong, "\n".join([*wrong, f"in {found!r}"])
