"""Expressions of the config: the same answers as without a limit, and an end where there would be
none."""

from __future__ import annotations

import re
import time

import pytest

from opsroom import expressions
from opsroom.deploys import Target
from opsroom.errors import Code
from opsroom.expressions import ExpressionProblem, find_in_json, find_in_text
from opsroom.versions import REGISTRY
from opsroom.versions.command import Options as CommandOptions
from opsroom.versions.http import Options as HttpOptions
from support.errors import failure_of
from support.servers.http import HttpServer, Reply

TARGET = Target("web", "uat")
# Each would take years.
ENDLESS = [
    (r"^(a+)+$", "a" * 60 + "!"),
    (r"(x+x+)+y", "x" * 60),
    (r"^(?P<version>(\d+)*)*$", "1" * 60 + "x"),
    (r"^((.*),){40}P", ",".join("1234567890") * 30),
]
DOUBLING = " | ".join(["[@, @][]"] * 60)
GROWING = [
    DOUBLING,
    " | ".join(["join('', [@, @])"] * 60).replace("@", "a", 1).replace("@", "a", 1),
    " | ".join(["[@, @]"] * 60) + " | to_string(@)",
    " | ".join(["{a: @, b: @}"] * 60) + " | to_string(@)",
    # A list of ten, which each filter goes through for each item of the one around it.
    "[?".join(["`[1, 1, 1, 1, 1, 1, 1, 1, 1, 1]`"] * 20) + "[?@]" + "]" * 19,
]


def problem_of(call, *arguments) -> str:
    begun = time.monotonic()
    with pytest.raises(ExpressionProblem) as caught:
        call(*arguments)
    assert time.monotonic() - begun < 120
    return str(caught.value)


@pytest.fixture
def hurry(monkeypatch):
    """A second of a processor is too long, however long one has to wait for a processor."""
    monkeypatch.setattr(expressions, "PROCESSOR_TIME", 1)
    monkeypatch.setattr(expressions, "LIMIT", 120.0)


@pytest.fixture
def soon(monkeypatch):
    """To wait for longer than this is too long."""
    monkeypatch.setattr(expressions, "LIMIT", 0.2)


def test_what_takes_too_much_of_a_processor_is_stopped_however_long_one_may_wait(hurry):
    assert (
        problem_of(find_in_text, re.compile(ENDLESS[0][0]), ENDLESS[0][1])
        == "it took longer than 1 s"
    )


@pytest.mark.parametrize(("expression", "text"), ENDLESS)
def test_a_regular_expression_that_would_not_end_is_stopped(soon, expression, text):
    assert (
        problem_of(find_in_text, re.compile(expression, re.MULTILINE), text)
        == "it took longer than 0.2 s"
    )


@pytest.mark.parametrize("expression", GROWING)
def test_an_expression_for_json_that_would_not_end_is_stopped(soon, expression):
    reason = problem_of(find_in_json, expression, {"a": "x" * 1000})
    assert reason.startswith("it took longer than") or reason == "it needs too much memory"


def test_an_expression_that_waits_for_a_processor_is_stopped_too(monkeypatch):
    monkeypatch.setattr(expressions, "LIMIT", 0.001)
    assert problem_of(find_in_text, re.compile("(x)"), "x") == "it took longer than 0.001 s"


@pytest.mark.parametrize(
    ("expression", "flags", "text", "value"),
    [
        ("version: (.+)", re.MULTILINE, "web\nversion: v1.2.0\n", "v1.2.0"),
        ("^(x)$", re.MULTILINE, "a\nx\nb", "x"),
        ("^(x)$", 0, "a\nx\nb", None),
        ("a (?:.) b (?P<version>.)|(never)", re.MULTILINE, "a 1 b 2", "2"),
        ("(a)|b", re.MULTILINE, "b", None),
        ("(?i)V(É.)", re.MULTILINE, "vé中 \udce9", "é中"),
        ("(\udce9)", re.MULTILINE, "\udce9", "\udce9"),
        (r"(\d+)(?!\.)", re.MULTILINE, "1.22", "22"),
        ("()", re.MULTILINE, "", ""),
    ],
)
def test_a_regular_expression_finds_what_it_finds_without_a_limit(expression, flags, text, value):
    assert find_in_text(re.compile(expression, flags), text) == value


CONTENT = {
    "a": [{"n": "web", "v": "v1"}, {"n": "api", "v": 2.5}],
    "b": {"c": True, "d": None},
    "e": "vé",
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a[0].v", "v1"),
        ("a[?n == 'api'].v | [0]", 2.5),
        ("a[*].v | [-1]", 2.5),
        ("b.*  | [0]", True),
        ("b.d || e", "vé"),
        ("b.d", None),
        ("none.at.all", None),
        ("max_by(a, &length(n)).n", "web"),
        ("join('-', [e, a[0].v])", "vé-v1"),
        ("length(a)", 2),
        ("sort_by(a, &n)[0].v", 2.5),
        ("[e, e][1]", "vé"),
        ("a[].v | [0]", "v1"),
    ],
)
def test_an_expression_for_json_finds_what_it_finds_without_a_limit(expression, value):
    assert find_in_json(expression, CONTENT) == value


@pytest.mark.parametrize("expression", ["[a, b]", "{a: a}", "keys(@)"])
def test_what_is_no_single_value_is_still_none(expression):
    assert not isinstance(find_in_json(expression, CONTENT), (str, int, float, bool, type(None)))


@pytest.mark.parametrize(
    "expression", ["a[", "nothing(@)", "length(`1`)", "abs('x')", "sum(a)", "(" * 5000 + ")" * 5000]
)
def test_what_does_not_work_is_told_in_a_few_words(expression):
    assert 0 < len(problem_of(find_in_json, expression, CONTENT)) < 300


@pytest.mark.parametrize(
    ("expression", "plain"),
    [("a.b[0]", True), ("a[?x == `1`].z | [0]", True), ("keys(@)", False), ("`[1]`[?@]", False)],
)
def test_only_what_may_grow_gets_a_process(monkeypatch, expression, plain):
    started = []
    monkeypatch.setattr(
        expressions, "_evaluated", lambda *arguments, **more: started.append(arguments)
    )
    find_in_json(expression, {})
    assert bool(started) is not plain


def test_a_long_expression_is_cut_in_the_sentence_about_it():
    caught = failure_of(expressions.search, "nothing(" + "a" * 5000 + ")", {}, "the JSON")
    assert caught.message.startswith("The expression 'nothing(aaaaaaa")
    assert len(caught.message) < 300


def test_where_nothing_can_be_started_is_told(monkeypatch):
    monkeypatch.setattr(expressions.sys, "executable", "/no/such/python")
    assert "nothing could be started" in problem_of(find_in_text, re.compile("(x)"), "x")


def test_the_version_of_an_address_is_told_as_not_known(soon):
    with HttpServer() as server:
        server.on("/version", Reply(200, "a" * 60 + "!"))
        options = HttpOptions(server.url("/version"), regex=re.compile("^(a+)+$", re.MULTILINE))
        caught = failure_of(REGISTRY.make("http", options, target=TARGET).ask)
        address = server.url("/version")
    assert caught.code is Code.BAD_ANSWER
    assert caught.message == (
        f"The regular expression '^(a+)+$' for the answer of {address} does not work: it "
        "took longer than 0.2 s."
    )
    assert "(a+)+" in caught.hint


def test_the_version_of_a_command_is_told_as_not_known(soon):
    options = CommandOptions(("echo", "a" * 60 + "!"), regex=re.compile("^(a+)+$", re.MULTILINE))
    caught = failure_of(REGISTRY.make("command", options, target=TARGET).ask)
    assert caught.message == (
        "The regular expression '^(a+)+$' for the output of 'echo' does not work: it "
        "took longer than 0.2 s."
    )
