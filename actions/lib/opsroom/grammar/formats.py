"""The formats of the aliases, as StackStorm and hubot match them."""

from __future__ import annotations

from typing import Dict, List, Tuple

from .commands import COMMANDS
from .forms import END, Form, words

# The alias of what begins like a command and is of no form, and what it takes: characters.
UNKNOWN = "unknown"
MAX_UNKNOWN = 4000
# Blanks. Where a value ends is searched at each blank of a gap again, so that a long gap
# costs its square.
MAX_BLANKS = 99
_NO_LONG_GAP = rf"(?!\S*(?:\s{{1,{MAX_BLANKS}}}\S+)*\s{{{MAX_BLANKS + 1}}})"


def formats() -> Dict[str, List[Tuple[str, List[str]]]]:
    """For each alias its displays with their representations."""
    made: Dict[str, List[Tuple[str, List[str]]]] = {}
    for command in COMMANDS:
        shown: Dict[str, List[str]] = {}
        for form in command.forms:
            shown.setdefault(form.display, []).append(representation(form))
        made[command.alias] = list(shown.items())
    made[UNKNOWN] = [("opsroom {{ text }}", [_unknown()])]
    return made


def representation(form: Form) -> str:
    """What StackStorm and hubot match: the shape, looked at as a whole before any value is; then
    the values.

    A shape is asked for by denying its denial: (?\\x3d...) would be the plain way, but for the sign
    of equality.
    """
    return rf"(?!(?!{form.first()}\s)){_NO_LONG_GAP}(?!(?!{form.shape()})){form.values()}"


# Words that other packs may begin with, too: taken alone, or with nothing but an id behind them.
# The id of a change has no vowels: "review this" is someone else's.
_ALONE = "|".join(
    words(one)
    for one in ("ack", "approve", "confirm", "declare", "escalate", "reject", "resolve", "review")
)
_ID_ALONE = r"#?[0-9]{1,12}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{4}(?:\s+[0-9]{6,8})?"


def _unknown() -> str:
    heads = "|".join(dict.fromkeys(command.head for command in COMMANDS))
    shapes = "|".join(form.shape() for command in COMMANDS for form in command.forms)
    short = rf"(?![\s\S]{{{MAX_UNKNOWN}}})"
    begun = rf"(?:(?:{heads})(?![^\s:?])|(?:{_ALONE})(?:\s+(?:{_ID_ALONE}))?{END})"
    return rf"(?!(?!{begun})){short}{_NO_LONG_GAP}(?!{shapes}){{{{text}}}}"
