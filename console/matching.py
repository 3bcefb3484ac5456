"""Taking a message apart the way StackStorm 3.9 does: the pairs at its end, then the formats of the
aliases.

The behaviour, oddities included, is that of st2common's action_alias_utils.py; tests compare the
two.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Dict, List, Mapping, Optional, Set, Tuple

from .anchors import END, START, anchors

_QUOTED = r""" ""|''|"(.+?)"|'(.+?)'|({.+?}) """.strip()
_OPTIONAL = r"{{\s*(\S+?)\s*=\s*(?:" + _QUOTED + r"|(.+?))\s*}}"
_REQUIRED = r"{{\s*(\S+?)\s*}}"
_BLANK_BEFORE = r"(\s*)"
_PAIR = re.compile(r"(?:^\s*|\s+)(\S+?)\s*=(?:" + _QUOTED + r"|(\S+))", re.DOTALL)

_BLANKS = re.compile(r"\s+")
_WORD = re.compile(r"\S+")
_CLOSING = {'"': '"', "'": "'", "{": "}"}

Extracted = Dict[str, Optional[str]]


class Format:
    """One format (a `representation`) of an alias, compiled.

    Raises re.error when the format is not a regular expression.
    """

    def __init__(self, representation: str) -> None:
        self.representation = representation
        self._defaults = {
            found[0]: "".join(found[1:])
            for found in re.findall(_OPTIONAL, representation, flags=re.DOTALL)
        }
        self._regex = _compile(representation)

    def extract(self, message: str) -> Optional[Extracted]:
        """The parameters in a message, all as text; None when the format does not match it.

        A trailing `key=value` becomes a parameter, whether the format names it or not.
        """
        ending = pairs_at_end(message)
        # StackStorm takes the text of the pairs out wherever it stands, not only at the end.
        rest = f" {message.replace(ending, '') if ending else message} "
        found = self._regex.search(rest)
        if not found:
            return None
        values: Extracted = dict(found.groupdict())
        for name, default in self._defaults.items():
            values[name] = values.get(name) or default
        values.update(read_pairs(ending))
        if self.representation and not rest.strip() and not any(values.values()):
            return None
        return values


def read_pairs(ending: str) -> Dict[str, str]:
    """The `key=value` pairs of a text that consists of them; quotes around a value are taken
    off."""
    return {found[0]: "".join(found[1:]) for found in _PAIR.findall(ending)}


# Every format asks this of the same message.
@lru_cache(maxsize=8)
def pairs_at_end(message: str) -> str:
    """The longest end of a message that consists of `key=value` pairs only, blanks included; else
    an empty text.

    One expression could tell, but StackStorm's own takes exponential time on some messages of a few
    dozen characters; this looks at each blank once, from the end.
    """
    if "=" not in message:
        return ""
    # A pair begins at the start of the message or at a run of blanks. `complete` holds the places
    # from which on there is nothing but pairs, `closing` the last sign of each kind behind which
    # there is nothing but pairs.
    starts = sorted({0, *(run.start() for run in _BLANKS.finditer(message))}, reverse=True)
    end = len(message.rstrip())
    complete = {end, len(message)}
    closing = {message[end - 1]: end - 1} if end else {}
    earliest = len(message)
    for start in starts:
        if _is_pair(message, start, complete, closing):
            complete.add(start)
            earliest = start
            if start:
                closing.setdefault(message[start - 1], start - 1)
    return message[earliest:]


def _is_pair(message: str, start: int, complete: Set[int], closing: Mapping[str, int]) -> bool:
    """Whether a pair begins here and there is nothing but pairs behind it."""
    blanks = _BLANKS.match(message, start)
    word = _WORD.match(message, blanks.end() if blanks else start)
    if not word or (start > 0 and not blanks):
        return False
    # The sign is inside the key's word, or after it and blanks.
    signs = [place for place in range(word.start() + 1, word.end()) if message[place] == "="]
    if signs and signs[0] + 1 < word.end() and word.end() in complete:
        return True
    after = _BLANKS.match(message, word.end())
    if after and message.startswith("=", after.end()):
        signs.append(after.end())
        plain = _WORD.match(message, after.end() + 1)
        if plain and plain.end() in complete:
            return True
    for value in (sign + 1 for sign in signs):
        if message.startswith(('""', "''"), value) and value + 2 in complete:
            return True
        if closing.get(_CLOSING.get(message[value : value + 1], ""), -1) >= value + 2:
            return True
    return False


def _compile(representation: str) -> re.Pattern[str]:
    pattern = re.sub(
        _BLANK_BEFORE + _OPTIONAL, lambda found: f"(?:{_group(found)})?", representation
    )
    pattern = re.sub(_BLANK_BEFORE + _REQUIRED, _group, pattern)
    # Checked as it is: the scan for anchors needs a valid expression.
    re.compile(pattern, re.DOTALL)
    present = anchors(pattern)
    before = "" if START in present else r"^\s*"
    after = "" if END in present else r"\s*$"
    return re.compile(before + pattern + after, re.DOTALL)


def _group(found: re.Match[str]) -> str:
    """The expression that takes a parameter's value: anything, and quotes around it are left
    out."""
    blank, name = found.group(1), found.group(2)
    quote = """["']?"""
    value = r"""(?:(?<=').+?(?=')|(?<=").+?(?=")|{.+?}|.+?)"""
    return f"{blank}{quote}(?P<{name}>{value}){quote}"


def normalise(raw: object) -> Tuple[str, List[str], bool]:
    """A format as it is in an alias: its display, its representations, and whether it may match
    several times.

    Raises TypeError for what is neither a text nor a mapping.
    """
    if isinstance(raw, str):
        return raw, [raw], False
    if isinstance(raw, dict):
        representation = raw.get("representation") or []
        return (
            str(raw.get("display") or ""),
            [representation] if isinstance(representation, str) else list(representation),
            bool(raw.get("match_multiple")),
        )
    raise TypeError("a format is a text, or a mapping of display and representation")
