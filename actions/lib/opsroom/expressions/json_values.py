"""A version in JSON: numbers as they are written there, so that 1.10 is not 1.1."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import lru_cache
from typing import Any, Mapping, Optional, Union

from ..names import listed
from ..text import one_line
from ..text.charset import unmarked

_WRITTEN = "\0number"
# Longer ones are no versions, and Python refuses to make numbers of some thousand digits.
_MAX_DIGITS = 300


class _Whole(int):
    """A whole number; `written` is its text in the JSON."""

    written: str


class _Broken(float):
    """A number with a point or an exponent, NaN or an infinity; `written` is its text in the
    JSON."""

    written: str


# JMESPath goes by the names of types: so its functions and comparisons take these for numbers.
_Whole.__name__, _Broken.__name__ = "int", "float"
Number = Union[_Whole, _Broken]


def read(text: str) -> Any:
    """The content of a JSON text, with numbers that know how they were written. Raises ValueError,
    RecursionError."""
    return json.loads(text, parse_int=_whole, parse_float=_broken, parse_constant=_broken)


def written(value: Any) -> Any:
    """The content with its numbers as text, in a form that JSON takes; `unwritten` is the way
    back."""
    if isinstance(value, Mapping):
        return {key: written(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [written(item) for item in value]
    text = getattr(value, "written", None)
    return {_WRITTEN: text} if isinstance(text, str) else value


def unwritten(content: Any) -> Any:
    """A number again, where `written` has made an object of one: the `object_hook` of
    `json.loads`."""
    text = content.get(_WRITTEN) if isinstance(content, dict) else None
    return read(text) if isinstance(text, str) else content


def as_version(value: Any) -> Optional[str]:
    """The text of a text or number; None for what can be no version: true, null, lists, objects,
    NaN."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    if (
        isinstance(value, float)
        and (value != value or value in (float("inf"), float("-inf")))
        and _is_word(value)
    ):
        return None
    return unmarked(str(getattr(value, "written", value)))


def may_have_lost_zeros(value: Any) -> bool:
    """Whether a number is written as programs write it again: 1.1 may have been 1.10, and 2.0e3
    becomes 2000.0."""
    return isinstance(value, float) and getattr(value, "written", repr(float(value))) == repr(
        float(value)
    )


def described(value: Any) -> str:
    """What a value is, for a sentence: `true`, `null`, `a list of 2`, `an object with a and b`."""
    if isinstance(value, Mapping):
        keys = listed([one_line(str(key), 20) for key in value], 3)
        return f"an object with {keys}" if value else "an empty object"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}" if value else "an empty list"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return one_line(str(getattr(value, "written", value)), 40)


def _whole(text: str) -> Number:
    if len(text) > _MAX_DIGITS:
        return _broken(text)
    number = _Whole(text)
    number.written = text
    return number


def _broken(text: str) -> Number:
    number = _Broken(text)
    number.written = text
    return number


def _is_word(value: float) -> bool:
    """Whether NaN or an infinity stood there by its name; 1e999 is a number, if a large one."""
    return not getattr(value, "written", "NaN")[-1:].isdigit()


@lru_cache(maxsize=1)
def options() -> Any:
    """Those with which JMESPath leaves numbers as they are written."""
    import jmespath
    from jmespath import functions

    class Functions(functions.Functions):  # type: ignore[misc]
        """Those of JMESPath, with `to_string` and `to_number` that leave numbers as they are
        written."""

        @functions.signature({"types": []})  # type: ignore[untyped-decorator]
        def _func_to_string(self, value: Any) -> str:
            written = getattr(value, "written", None)
            return written if isinstance(written, str) else super()._func_to_string(value)

        @functions.signature({"types": []})  # type: ignore[untyped-decorator]
        def _func_to_number(self, value: Any) -> Any:
            found = super()._func_to_number(value)
            if isinstance(value, str) and found is not None:
                with suppress(ValueError):  # Python reads more as a number than JSON does
                    return read(value)
            return found

    return jmespath.Options(custom_functions=Functions())
