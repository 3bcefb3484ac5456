"""What may come next in a message that is being typed: the words of the commands, and today's
names."""

from __future__ import annotations

import re
from typing import Dict, List, Mapping, Sequence

from .aliases import Pack
from .session import first_words

_TOKEN = re.compile(r"\{\{\s*(\w+)[^}]*\}\}|\S+")
COMMANDS_OF_THE_ROOM = ("/as", "/room", "/quit")

Names = Mapping[str, Sequence[str]]


def names_of(pack: Pack, config: Mapping[str, object]) -> Dict[str, List[str]]:
    """The names that may stand for a placeholder: placeholder -> names of the config."""

    def keys(section: str) -> List[str]:
        value = config.get(section)
        return [str(name) for name in value] if isinstance(value, dict) else []

    return {
        "app": keys("apps"),
        "environment": keys("environments"),
        "source": keys("environments"),
        "person": keys("people"),
        "command": [word for word in first_words(pack) if word != "opsroom"],
    }


def completions(line: str, pack: Pack, names: Names) -> List[str]:
    """The words that may be at the end of `line`, in place of its last, unfinished word."""
    words = line.split()
    begun = words.pop() if words and not line[-1].isspace() else ""
    if not words and begun.startswith("/"):
        return [one for one in COMMANDS_OF_THE_ROOM if one.startswith(begun)]
    if words == ["/as"]:
        return _beginning(names.get("person", ()), begun)
    found: List[str] = []
    for alias in pack.aliases:
        for one in alias.formats:
            found += _next(one.display, words, names)
    return _beginning(list(dict.fromkeys(found)), begun)


def _next(display: str, words: Sequence[str], names: Names) -> List[str]:
    tokens = list(_TOKEN.finditer(display))
    if len(tokens) <= len(words):
        return []
    for token, word in zip(tokens, words):
        if token.group(1) is None and token.group(0).casefold() != word.casefold():
            return []
    following = tokens[len(words)]
    return list(names.get(following.group(1), ())) if following.group(1) else [following.group(0)]


def _beginning(candidates: Sequence[str], begun: str) -> List[str]:
    return [one for one in candidates if one.casefold().startswith(begun.casefold())]
