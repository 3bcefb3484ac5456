"""Free text that ends in what StackStorm takes for a parameter: it goes through whole, or nothing
runs.

Three hundred endings for each command that has free text. In the form with the text in the middle
the text arrives as it was typed; behind a colon it does too, or StackStorm refuses the message.
Never is a part of it taken for the whole.
"""

from __future__ import annotations

import base64
import random
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set, Tuple

import pytest

from console.aliases import Alias, AliasFormat
from console.parameters import Rejected, prepare
from opsroom.errors import Code, Refusal
from opsroom.grammar.commands import COMMANDS
from opsroom.grammar.forms import Form
from opsroom.grammar.free_text import PATTERNS, read, whole
from support.cases import cases
from support.metadata import pack
from support.worlds.guarded import guarded_world

ROOT = Path(__file__).resolve().parents[2]
PACK = pack()
ALIASES = {
    path.stem: alias for path, alias in zip(sorted((ROOT / "aliases").glob("*.yaml")), PACK.aliases)
}
WITH_TEXT = {"message", "reason", "text"}
VALUES = {
    "who": "web-team",
    "card": "OPS-12",
    "project": "OPS",
    "environment": "production",
    "app": "web",
}
VALUES.update({"version": "v1.2.0", "change": "K7QX", "incident": "K7QX", "code": "492039"})
KEYS = [
    *("DEBUG", "key", "who", "message", "text", "reason", "urgent", "emergency", "environment"),
    *("app", "version", "code"),
]
KEYS += [
    *("change", "card", "project", "incident", "log_level", "env", "timeout", "requester", "room"),
    "st2_user",
]
PLAIN = [
    "",
    "now",
    "(see above)",
    "50%",
    "it's",
    "she said",
    "a, b",
    "#12",
    "x:",
    "to bed",
    "{x}",
    "<y>",
    "?",
    "é🔥",
]


def endings(count: int) -> Iterator[str]:
    """Ends of texts: pairs of all kinds, addresses, base64, quotes."""
    rng = random.Random(37)
    fixed = [
        "https://grafana.example.com/d/1?orgId=1",
        "<https://example.com/?a=b>",
        "https://example.com/?a=b&c=d#e",
    ]
    fixed += [
        *("a==", "a=b=c", "a =b", 'a="b c"', "a='b c'", "a={b}", 'a=""', "a=''", '{"a": "=b"}'),
        *("x= y", "=", "=x", "a=b ."),
    ]
    yield from fixed
    for number in range(count - len(fixed)):
        kind = number % 6
        if kind == 0:
            # The very values that the message has in front: StackStorm could not be seen to have
            # taken them.
            key = rng.choice(KEYS)
            yield f"{key}={VALUES.get(key, rng.choice(['true', 'false', 'INFO', '1', 'x']))}"
        elif kind == 1:
            yield f"https://{rng.choice(KEYS)}.example.com/{rng.randint(1, 99)}?{rng.choice(KEYS)}={rng.randint(1, 9)}"  # noqa: E501
        elif kind == 2:
            yield base64.b64encode(
                bytes(rng.choices(range(256), k=rng.choice([4, 5, 7, 10])))
            ).decode()
        elif kind == 3:
            quote = rng.choice(['"', "'"])
            yield f"{rng.choice(KEYS)}={quote}{rng.choice(PLAIN)}{quote}"
        elif kind == 4:
            yield " ".join(
                f"{rng.choice(KEYS)}={rng.randint(1, 9)}" for _ in range(rng.randint(1, 4))
            )
        else:
            yield f"{rng.choice(PLAIN)} {rng.choice(KEYS)} = {rng.choice(KEYS)}"


def forms() -> List[Tuple[str, Form]]:
    return [
        (one.alias, form)
        for one in COMMANDS
        for form in one.forms
        if form.typed and names(form) & WITH_TEXT
    ]


def names(form: Form) -> Set[str]:
    return set(re.findall(r"\{\{ (\w+) \}\}", form.display))


def arrived(alias: Alias, format_: AliasFormat, message: str) -> Dict[str, Any]:
    """What the action is handed by StackStorm, read as the action does. Raises Rejected,
    Refusal."""
    extracted = format_.format.extract(message)
    assert extracted is not None
    action = PACK.actions[alias.action_ref]
    if set(extracted) != {"typed"}:
        # Everything else is closed: see the next test, which asks what stands for StackStorm here.
        raise Rejected("immutable_parameter", "")
    given = {name: "" for name in (*VALUES, *WITH_TEXT) if name in action.parameters}
    return whole(action.name, extracted["typed"], **given)


@pytest.mark.parametrize("name", sorted({alias for alias, _ in forms()}))
def test_nothing_but_the_command_itself_is_taken_from_chat(name: str) -> None:
    alias = ALIASES[name]
    action = PACK.actions[alias.action_ref]
    context = {
        "user": "chatops_bot",
        "api_user": "alice",
        "source_channel": "#dev",
        "pack": "opsroom",
    }
    prepare(action, {"typed": "x"}, alias.immutable_parameters, context, {})
    for parameter in [*action.parameters, "unknown", "https://example.com/?a"]:
        if parameter != "typed":
            with pytest.raises(Rejected):
                prepare(
                    action, {"typed": "x", parameter: "1"}, alias.immutable_parameters, context, {}
                )


@pytest.mark.parametrize(
    ("alias", "form"), forms(), ids=lambda one: one if isinstance(one, str) else one.display
)
def test_a_text_arrives_whole_or_not_at_all(alias: str, form: Form) -> None:
    name = next(iter(names(form) & WITH_TEXT))
    gone = 0
    for ending in endings(300):
        text = f"checkout is down {ending}".strip()
        values = {**VALUES, name: text}
        message = re.sub(
            r"\{\{ (\w+) \}\}", lambda found, values=values: values[found.group(1)], form.display
        )
        matches = PACK.matches(message)
        assert len(matches) == 1, message
        if matches[0].alias.name == "opsroom_unknown":
            # Nothing is left of the text but pairs; asked back, with no part of it.
            gone += 1
            assert not form.within
            continue
        assert matches[0].alias.name == ALIASES[alias].name, message
        try:
            told = arrived(matches[0].alias, matches[0].format, message)
        except (Rejected, Refusal):
            gone += 1
            assert not form.within, message
            continue
        # StackStorm takes one quote off the end of every message.
        assert told[name] in (
            (text,) if form.within else (text, text[:-1] if text[-1] in "\"'" else text)
        ), message
    # Not vacuous: behind a colon, most of these endings are refused.
    assert gone == 0 if form.within else gone > 150


def test_every_command_with_free_text_has_a_form_for_any_ending(tmp_path: Path) -> None:
    world = guarded_world(tmp_path, rooms=["#ops"], emergency=["carol"])
    world.config.update(trackers={"board": {"kind": "local"}}, pagers={"pager": {"kind": "local"}})
    for command in COMMANDS:
        if not any(form.typed for form in command.forms):
            continue
        if command.alias != "lock_everything":
            assert any(form.within for form in command.forms), command.alias
        head = ALIASES[command.alias].formats[0].display.partition("{{")[0].replace(":", "").strip()
        head = {
            "page": "page",
            "comment on card": "comment on card",
            "declare incident for": "declare incident",
        }.get(head, head)
        if command.alias == "page_urgently":
            continue
        answer = world.ask("help", "carol", "#ops", command=head)
        assert "Where the text ends in key=value or ?a=b: " in answer["message"], head


def test_lock_everything_has_its_form_within_that_of_a_place() -> None:
    assert read("lock", "put lock trying DEBUG=1 on everything") == {
        "reason": "trying DEBUG=1",
        "environment": "everything",
    }


def test_what_is_typed_is_held_against_the_patterns_of_the_metadata() -> None:
    for command in COMMANDS:
        for form in command.forms:
            action = ALIASES[command.alias].action_ref.partition(".")[2]
            for name in names(form) if form.typed else ():
                pattern = PATTERNS.get(f"{action}.{name}") or PATTERNS.get(name)
                schema = PACK.actions[f"opsroom.{action}"].parameters[name]
                assert pattern is None or pattern.pattern == schema["pattern"], (action, name)
                assert "typed" in PACK.actions[f"opsroom.{action}"].parameters


def test_what_is_too_long_or_holds_a_line_break_is_refused_in_a_sentence() -> None:
    with pytest.raises(Refusal) as caught:
        whole("reject_change", f"reject change K7QX: {'x' * 501}", change="", reason="")
    assert caught.value.message == "The reason has 501 characters; it may have 500."
    with pytest.raises(Refusal) as caught:
        whole("page", "page", who="", message="")
    assert caught.value.code is Code.UNKNOWN_COMMAND
    assert "page WHO: MESSAGE" in caught.value.hint


@cases("quote", ["'", '"'])
@cases(
    ("action", "message", "name", "value"),
    [
        ("page", "send page x to {0}web-team{0}", "who", "web-team"),
        ("lock", "put lock x on {0}uat{0}", "environment", "uat"),
        ("open_incident", "declare an incident x for {0}web-team{0}", "who", "web-team"),
        ("create_card", "create a card x in project {0}Online shop{0}", "project", "Online shop"),
        ("comment_card", "add comment x to card {0}OPS-12{0}", "card", "OPS-12"),
        ("review_change", "review with x change {0}K7QX{0}", "change", "K7QX"),
    ],
)
def test_a_name_in_quotes_at_the_end_is_read_without_them(
    quote: str, action: str, message: str, name: str, value: str
) -> None:
    typed = message.format(quote)
    match = PACK.matches(typed)[0]
    # StackStorm takes off the last quote, and leaves the first.
    arrived = (match.format.format.extract(typed) or {})["typed"]
    assert arrived == typed[:-1]
    assert (read(action, arrived) or {})[name] == value


def test_a_code_is_in_no_complaint_about_what_was_typed() -> None:
    for typed in ("review change K7QX 492039", "emergency 492 039 deploy", "492039"):
        with pytest.raises(Refusal) as caught:
            whole("review_change" if "review" in typed else "emergency_deploy", typed, code="")
        assert "492" not in f"{caught.value.message} {caught.value.hint}"
    with pytest.raises(Refusal) as caught:
        whole("review_change", "review change K7QX 4920(39: it was right", code="")
    assert caught.value.message == "What was typed holds characters that the code may not have."
