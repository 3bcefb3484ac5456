"""Which alias of StackStorm's a message means, found out without asking.

StackStorm makes expressions of all formats of all aliases for each message anew, which takes it a
tenth of a second. Here they are made when the aliases are read. What StackStorm might see in
another way is left to it, and what is found here it matches with the message once more.

The console has all of StackStorm's matching (console/matching.py); the plugin is installed without
it, and needs the common case alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Iterator, List, Mapping, Optional, Sequence

# Longer messages are left to StackStorm: while an expression looks at one, all of errbot waits.
_MAX_LENGTH = 500

# As in st2common/models/utils/action_alias_utils.py. A parameter that may be left out has a default
# value, in quotes or not.
_DEFAULT = r"""(?:""|''|"(?:.+?)"|'(?:.+?)'|(?:{.+?})|(?:.+?))"""
_OPTIONAL = re.compile(r"(\s*){{\s*(\S+?)\s*=\s*" + _DEFAULT + r"\s*}}")
_REQUIRED = re.compile(r"(\s*){{\s*(\S+?)\s*}}")
_VALUE = r"""["']?(?P<{}>(?:(?<=').+?(?=')|(?<=").+?(?=")|{{.+?}}|.+?))["']?"""

# A quoted sign or a set of signs, in neither of which `^` and `$` are anchors.
_QUOTED = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_ANCHOR = re.compile(r"[$^]")


@dataclass(frozen=True)
class Form:
    """A format of an alias, by the alias' name."""

    alias: str
    format: str


@dataclass(frozen=True)
class _Known:
    """`sure` is whether StackStorm's expression is this one; else it may be narrower."""

    form: Form
    expression: re.Pattern[str]
    sure: bool


class Aliases:
    """The enabled aliases of a StackStorm, as its API lists them: `name`, `formats`, `enabled`.

    Raises ValueError where they are not such a list, or a format is no regular expression.
    """

    def __init__(self, listed: Sequence[Mapping[str, Any]]) -> None:
        try:
            self._known = [
                known
                for alias in listed
                if alias.get("enabled", True)
                for known in _formats(str(alias["name"]), alias["formats"])
            ]
        except (re.error, LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error

    def match(self, message: str) -> Optional[Form]:
        """The one form that a message has; None where StackStorm has to be asked: there is none, or
        several, or the message is no plain one."""
        # Behind an equals sign StackStorm may take parameters off the end first.
        if "=" in message or len(message) > _MAX_LENGTH:
            return None
        text = f" {message} "
        found: Optional[_Known] = None
        for one in self._known:
            if one.expression.search(text):
                if found is not None:
                    return None
                found = one
        return found.form if found is not None and found.sure else None


def _formats(alias: str, formats: Sequence[Any]) -> Iterator[_Known]:
    for given in formats:
        texts: List[str]
        if isinstance(given, str):
            texts, several = [given], False
        else:
            listed = given.get("representation") or []
            texts = [listed] if isinstance(listed, str) else list(listed)
            several = bool(given.get("match_multiple"))
        for text in texts:
            yield _compiled(Form(alias, text), several)


def _compiled(form: Form, several: bool) -> _Known:
    """`several`: the alias may run more than once for a message."""
    pattern = _OPTIONAL.sub(lambda found: f"(?:{_value(found)})?", form.format)
    pattern = _REQUIRED.sub(_value, pattern)
    # StackStorm anchors an expression where it sees no anchor. It does not see all.
    if _ANCHOR.search(_QUOTED.sub(_without, pattern)):
        return _Known(form, re.compile(pattern, re.DOTALL), sure=False)
    return _Known(form, re.compile(rf"^\s*{pattern}\s*$", re.DOTALL), sure=not several)


def _without(quoted: re.Match[str]) -> str:
    return "^" if quoted.group() in (r"\A", r"\Z") else ""


def _value(found: re.Match[str]) -> str:
    return found.group(1) + _VALUE.format(found.group(2))
