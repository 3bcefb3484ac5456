"""What an answer, a record or any other object is expected to hold, and what a message is expected
to say: several values in one line."""

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


def says(answer: Any, *parts: str, begins: str = "", ends: str = "") -> None:
    """Fail unless the message of an answer has these parts, and begins and ends so."""
    __tracebackhide__ = True
    message = answer["message"]
    missing = [one for one in parts if one not in message]
    missing += [f"{begins} at the beginning"] if not message.startswith(begins) else []
    missing += [f"{ends} at the end"] if not message.endswith(ends) else []
    assert not missing, "\n".join([*missing, f"missing in {message!r}", f"of {answer!r}"])
