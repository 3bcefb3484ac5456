"""The grammar as a whole: of thousands of messages, made of each other's words, each is one command
or none."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest

from chat.test_messages import meant
from console.aliases import Match
from console.formats import written
from opsroom.grammar.commands import COMMANDS
from opsroom.grammar.forms import Form
from support.chat.hubot import hubot_matches
from support.metadata import pack

ROOT = Path(__file__).resolve().parents[2]
PACK = pack()
NAMES = {
    path.stem: alias.name
    for path, alias in zip(sorted((ROOT / "aliases").glob("*.yaml")), PACK.aliases)
}
# Words of commands as values, and values as they are.
WORDS = [
    *("to", "for", "in", "on", "from", "page", "card", "change", "incident", "urgently"),
    *("everything", "deploy", "help"),
]
WORDS += [
    "because",
    "project",
    "with",
    "about",
    "v1.2.0",
    "web",
    "uat",
    "OPS-12",
    "K7QX",
    "12",
    "492039",
    "a/b#1",
    "O'Neill",
]
PIECES = [
    *WORDS,
    "to card x",
    "on a on b",
    "in project P",
    "deploy a b to c",
    "change K7QX",
    "to web-team",
    "for 2h",
    ":",
]
PIECES += [
    *("urgently:", "a: b", "x:y", "\n", "https://example.com/d?a=b&c=d", "k=v", 'k="v w"', "="),
    *("a==", "'x'", '"', "é", "🔥"),
]
PAIRS = [
    *("limit=5", "code=492039", 'k="v w"', "k='v w'", "k={x}", "a==b", "https://example.com/?a=b"),
    "k =v",
]
TEXTS = ("text", "message", "reason")
SEED = 20261130


def filled(form: Form, values: Dict[str, str]) -> str:
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: values[found.group(1)], form.display)


def values_for(form: Form, rng: random.Random) -> Dict[str, str]:
    """Values that belong to this form and no other: the words of its command in them, where that is
    clear."""
    values: Dict[str, str] = {}
    for name in re.findall(r"\{\{ (\w+) \}\}", form.display):
        if name in TEXTS and form.typed:
            values[name] = "x " + " ".join(rng.choices(PIECES, k=rng.randint(0, 6))) + " and so"
        elif name in TEXTS:
            values[name] = rng.choice(["checkout", "to be done", "for all", "login: slow"])
        elif name == "apps":
            sets = ["web v1 and api v2.0", "web v1, for on, api help", "a b, and c d"]
            values[name] = rng.choice(sets)
        elif name == "code":
            values[name] = rng.choice(["492039", "492 039", "012345"])
        elif name in ("change", "incident"):
            values[name] = rng.choice(["K7QX", "to", "for", "B2B2", "12"])
        elif name == "who" and ":" in form.display:
            values[name] = rng.choice(
                ["web-team", "Web Team", "pager:Web", "to", "@bob", "O'Neill", "page"]
            )
        else:
            values[name] = rng.choice(
                [word for word in WORDS if word not in ("everything", "O'Neill", "for", "on")]
            )
    return values


def spaced(message: str, rng: random.Random) -> str:
    """Two or three blanks or a tab for some."""
    gaps = [" ", " ", " ", "  ", "   ", "\t"]
    return re.sub(" ", lambda _: rng.choice(gaps), message) if rng.random() < 0.2 else message


def intended(count: int) -> Iterator[Tuple[str, str, Dict[str, str]]]:
    """Messages with what they mean: alias, values."""
    rng = random.Random(SEED)
    forms = [(command.alias, form) for command in COMMANDS for form in command.forms]
    for number in range(count):
        alias, form = forms[number % len(forms)]
        values = values_for(form, rng)
        yield filled(form, values), alias, values


def scrambled(count: int) -> Iterator[str]:
    """Messages that begin like commands: with words left out, put in, said twice, and pairs at the
    end."""
    rng = random.Random(SEED + 1)
    forms = [form for command in COMMANDS for form in command.forms]
    for number in range(count):
        form = forms[number % len(forms)]
        tokens = filled(
            form,
            {name: rng.choice(PIECES) for name in re.findall(r"\{\{ (\w+) \}\}", form.display)},
        ).split(" ")
        for _ in range(rng.randint(0, 3)):
            place = rng.randint(1, len(tokens))
            change = rng.random()
            if change < 0.5:
                tokens.insert(place, rng.choice(PIECES))
            elif change < 0.8 and len(tokens) > 1:
                del tokens[min(place, len(tokens) - 1)]
            else:
                tokens[place:place] = tokens[: rng.randint(1, 4)]
        if rng.random() < 0.2:
            tokens += rng.choices(PAIRS, k=rng.randint(1, 2))
        yield spaced(" ".join(tokens), rng)


def same(values: Dict[str, Any]) -> Dict[str, str]:
    return {name: " ".join(str(value).split()) for name, value in values.items() if value}


@pytest.fixture(scope="module")
def intended_messages() -> List[Tuple[str, str, Dict[str, str]]]:
    # Some 40 for each format, each with its own names, spaces and endings.
    return list(intended(4_000))


def test_a_message_means_the_command_that_it_was_made_of(intended_messages: List[Any]) -> None:
    for message, alias, values in intended_messages:
        matches: List[Match] = PACK.matches(message)
        assert [one.alias.name for one in matches] == [NAMES[alias]], message
        found = {name: str(value) for name, value in meant(matches[0], message).items() if value}
        if alias == "quiet" and found["length"].startswith("until "):
            # The word decides what it means, and is handed over with it.
            found["length"] = found["length"][6:]
        assert same(found) == same(values), message


def test_no_message_means_two_commands() -> None:
    several = 0
    for message in scrambled(4_000):
        matches = PACK.matches(message)
        assert len(matches) <= 1, (message, [one.format.display for one in matches])
        several += len(matches)
    # Not vacuous: nearly all begin like a command, and then are one or are asked back.
    assert several > 2_600


def test_hubot_finds_the_command_that_stackstorm_reads(intended_messages: List[Any]) -> None:
    formats = [(alias.name, one.format) for alias in PACK.aliases for one in alias.formats]
    representations = [one.representation for _, one in formats]
    # Three times as many in all formats as a slip in one of them needs to be seen: about 100 each.
    for numbers in hubot_matches(representations, list(scrambled(10_000))):
        assert len(numbers) <= 1
    # A sample is enough of those: the shape decides in both, and the tables of messages are read in
    # full.
    some = intended_messages[::4]
    for (message, alias, _), numbers in zip(
        some, hubot_matches(representations, [one[0] for one in some])
    ):
        assert [formats[number][0] for number in numbers] == [NAMES[alias]], message
        assert formats[numbers[0]][1].extract(message) is not None, message


@pytest.mark.parametrize(
    "alias", sorted((ROOT / "aliases").glob("*.yaml")), ids=lambda path: path.stem
)
def test_the_formats_of_an_alias_are_those_of_the_grammar(alias: Path) -> None:
    assert alias.read_text(encoding="utf-8") == written(alias), "run: python -m console.formats"
