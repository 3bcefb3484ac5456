"""What the forms of commands are made of: words, values and the gaps between them."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Mapping, Pattern, Tuple

from ..structs import dataclass
from ..structs.patterns import lazy_pattern

# A value is enclosed in characters that no message holds: its name, and the expression of what it
# may be.
_VALUE = lazy_pattern("\x01([a-z]+)\x02([^\x03]*)\x03")
_PLACEHOLDER = lazy_pattern(r"\{\{ (\w+) \}\}")

END = r"\s*(?![\s\S])"
# What StackStorm takes off before it matches and hubot does not: nothing but pairs until the end.
# The quotes are bounded, or an open one would be looked for from every word on.
_PAIR = r"""[^\s\x3d]+\s*\x3d(?:"[^"]{0,99}"|'[^']{0,99}'|\{[^}]{0,99}\}|[^\s"'{]\S*)"""
PAIRS = rf"(?:\s+{_PAIR})*{END}"

# One word, with or without quotes around it: an application, a version, a card.
WORD = r"""["']?[^\s"'{\x3d][^\s"'\x3d]*["']?"""
# The same in front of a colon.
ID = r"""["']?[^\s"'{\x3d:][^\s"'\x3d:]*["']?"""
# As one-time codes are shown: 492039 or 492 039.
CODE = r"[0-9][^\s\x3d:]{0,31}(?:\s+[0-9][^\s\x3d:]{0,31})?"
# Anything up to the end.
REST = r"\S[\s\S]*"
# What comes last, after a text.
LAST = r"\S[\s\S]{0,255}"
# A name that may hold blanks and colons, in front of a colon with a blank behind it.
NAME = r"(?!:(?!\S))\S(?:(?!\s*:(?!\S))[\s\S]){0,255}"
COLON = r"\s*:\s+"


@dataclass(frozen=True)
class Form:
    """One way of saying a command.

    `display` is what help shows, `expression` what it looks like, with marked values. `typed`: chat
    passes it on whole. `within`: the text is in the middle, so that it may end in anything.
    `ending` belongs to the last word, `before` to values that end where something else begins.
    `with_word`: the value at the end is passed on with the word before it, which decides what it
    means.
    """

    display: str
    expression: str
    typed: bool = False
    within: bool = False
    ending: str = ""
    with_word: bool = False
    before: Mapping[str, str] = field(default_factory=dict)

    def shape(self) -> str:
        """The expression that a message of this form matches from its first word on, without
        values."""
        return plain(self.expression)

    def first(self) -> str:
        """The expression of the first word."""
        return self.expression.split(r"\s")[0]

    def values(self) -> str:
        """The words with any text for a value, as StackStorm and hubot read them; right for what
        has the shape."""
        if self.typed:
            return "{{typed}}"
        words = _PLACEHOLDER.sub(r"{{\1}}", self.display).split()
        if self.with_word:
            del words[-2]
        rest = [self._value(word[2:-2]) if word.startswith("{{") else word for word in words[1:]]
        return r"\s+".join([self.first(), *rest]) + self.ending

    def _value(self, name: str) -> str:
        return rf"(?!\s){self.before.get(name, '')}{{{{{name}}}}}"

    def reading(self) -> Pattern[str]:
        """The expression that reads the values, in Python."""
        return re.compile(_VALUE.sub(r"(?P<\1>\2)", self.expression))


@dataclass(frozen=True)
class Command:
    """One alias: the name of its file, how it begins, and its forms.

    `head` is an expression of words that no command of another pack is likely to begin with.
    """

    alias: str
    head: str
    forms: Tuple[Form, ...]


def plain(expression: str) -> str:
    """An expression without its values' names."""
    return _VALUE.sub(r"(?:\2)", expression)


def value(name: str, expression: str = WORD) -> str:
    """A value in an expression."""
    return f"\x01{name}\x02{expression}\x03"


def words(text: str) -> str:
    """Words with gaps between them, the first one with a capital or without."""
    first, *rest = text.split()
    return r"\s+".join([f"[{first[0].upper()}{first[0]}]{first[1:]}", *rest])


def gaps(*parts: str) -> str:
    """Parts with gaps between them."""
    return r"\s+".join(parts)
