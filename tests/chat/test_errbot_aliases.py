"""What the plugin for errbot takes a message for, beside what StackStorm does: the console's
matcher stands for that, which other tests compare with StackStorm's own."""

from __future__ import annotations

import importlib.util
import sys
import time
from types import ModuleType
from typing import Any, Dict, List

import pytest

from console.matching import Format
from support.chat.messages import MESSAGES, PACK
from support.chat.near_messages import NEARLY, NOTHING
from support.metadata import metadata
from support.worlds.world import ROOT


def _module() -> ModuleType:
    path = ROOT / "relays" / "errbot" / "plugin" / "opsroom_relay" / "aliases.py"
    spec = importlib.util.spec_from_file_location("errbot_aliases", path)
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made


relay = _module()
LISTED: List[Dict[str, Any]] = [
    {key: alias.get(key, True) for key in ("name", "formats", "enabled")}
    for alias in metadata("aliases").values()
]
OWN = relay.Aliases(LISTED)
TYPED = [*(one[0] for one in MESSAGES), *NEARLY, *NOTHING]


def aliases(*formats: Any, **more: Any) -> Any:
    return relay.Aliases([{"name": "one", "formats": list(formats), **more}])


def test_it_takes_each_message_for_what_stackstorm_does_or_asks() -> None:
    left = []
    for message in TYPED:
        matches = PACK.matches(message)
        found = OWN.match(message)
        if found is None:
            left.append(message)
            continue
        assert [(one.alias.name, one.format.format.representation) for one in matches] == [
            (found.alias, found.format)
        ], message
    # Only what is none, or ends in what StackStorm may take off.
    known = [one for one in left if len(PACK.matches(one)) == 1]
    assert len(known) < len(TYPED) / 5
    assert all("=" in one for one in known), [one for one in known if "=" not in one]


FORMATS = [
    "say {{text}}",
    "say {{ text = nothing }}",
    'say {{text="a b"}} now',
    "say( {{text}})?",
    "(?:say|tell) {{text}}",
    "say|tell {{text}}",
    r"[^\s$]ay {{text}}",
    r"s\^ay {{text}}",
    "^say {{text}}$",
    r"\A\s*say {{text}}\Z",
    "(say {{text}}$|tell)",
    "say (?=^){{text}}",
]
SAID = [
    "say a",
    "tell a",
    "say",
    "SAY a",
    "  say  a\nb ",
    "please say a",
    "s^ay x",
    "say 'a b' now",
]


@pytest.mark.parametrize("text", FORMATS)
def test_what_it_finds_stackstorm_would_find_too(text: str) -> None:
    one, theirs = aliases(text), Format(text)
    for message in SAID:
        if one.match(message) is not None:
            assert theirs.extract(message) is not None, message
    sure = [message for message in SAID if theirs.extract(message) is not None]
    if not any(mark in text for mark in ("$", "^", r"\Z")) or "[^" in text:
        assert [message for message in SAID if one.match(message)] == sure


def test_a_form_that_it_may_not_know_keeps_it_from_being_sure() -> None:
    both = relay.Aliases(
        [
            {"name": "one", "formats": ["say {{text}}"]},
            {"name": "two", "formats": [r"^\s*(tell|say) {{text}}\s*$"]},
        ]
    )
    assert both.match("say a") is None
    # StackStorm would run "two", and is asked.
    assert both.match("tell a") is None


@pytest.mark.parametrize(
    "format_",
    [
        {"display": "say", "representation": ["say {{text}}", "tell {{text}}"]},
        {"display": "say", "representation": "say {{text}}"},
    ],
)
def test_a_format_may_have_a_display_and_representations(format_: dict) -> None:
    assert aliases(format_).match("say a") == relay.Form("one", "say {{text}}")


def test_only_a_plain_message_with_one_meaning_is_taken() -> None:
    say = "say {{text}}"
    assert aliases(say).match("say a") == relay.Form("one", say)
    assert aliases(say).match("say a b=c") is None
    assert aliases(say).match("say " + "a" * 496) == relay.Form("one", say)
    assert aliases(say).match("say " + "a" * 497) is None
    assert aliases(say, "say {{more}}").match("say a") is None
    assert aliases(say, enabled=False).match("say a") is None
    assert aliases({"representation": [say], "match_multiple": True}).match("say a") is None
    assert aliases({"display": "say a"}).match("say a") is None


@pytest.mark.parametrize(
    "listed", [[{}], ["x"], [{"name": "one", "formats": None}], [{"name": "one", "formats": ["("]}]]
)
def test_a_list_that_it_does_not_understand_is_none(listed: Any) -> None:
    with pytest.raises(ValueError, match=r"(?i)error"):
        relay.Aliases(listed)


def test_it_costs_a_message_a_few_milliseconds() -> None:
    began = time.process_time()
    for message in TYPED[:200]:
        OWN.match(message)
    assert (time.process_time() - began) / 200 < 0.02
