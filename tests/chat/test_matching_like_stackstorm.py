"""The console's matcher beside StackStorm's own, where StackStorm's code is at hand."""

from __future__ import annotations

import re
from typing import Any, Optional

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.anchors import END, START, anchors
from console.matching import Format
from support.metadata import pack

theirs = pytest.importorskip(
    "st2common.models.utils.action_alias_utils",
    reason="StackStorm's st2common is not installed here",
)

OWN = [one.format.representation for alias in pack().aliases for one in alias.formats]
FORMATS = [
    *OWN,
    "deploy {{app}} {{version}} to {{environment}}",
    "deploy {{ app }} {{ version = latest }} to {{ environment }}",
    'deploy {{app}}( {{version="a b"}})?',
    "create card {{summary}} in {{project='OPS'}}",
    "comment on card {{card}}: {{text}}",
    "show {{what={a b}}}",
    "^say {{text}}$",
    "(say|tell {{text}}$)",
    r"\A[Ss]ay\s+(?=\S){{text}}",
    r"(?:say|(?:tell\s+(?P<who>\w+)$))?\s*{{text}}",
    'say{{text=""}}',
    "",
]
TABLE = [
    "",
    " ",
    "a=b",
    "say",
    "say a=b",
    "deploy web v1.2.0 to uat",
    "  Deploy   web  v1.2.0   to   uat  ",
    "deploy web v1.2.0 to uat requester=carol",
    'deploy web v1.2.0 to uat message="a b" other=\'c d\' third={"x": 1}',
    "deploy 'my web' \"v 1\" to uat",
    "deploy web v1.2.0\nto uat\n",
    "deploy web a=b to uat",
    "deploy web a=b to uat a=b",
    "deploy web to a = b",
    "deploy web to x =b  c= d",
    'say a=""',
    "say a='' b=\"\"",
    'say x="a" y',
    'say x="a" y="b" z',
    'say x="a b" y=c" d="e',
    "say a=b=c d==e ==f",
    "say https://example.com/?a=b",
    "say {x=1} y={ z }",
    "say a= b",
    "say a=b\u2003c=d\u2028e=f",
    "create card a text in 'X'",
    "comment on card OPS-1: set timeout=30",
]


def extracted_by_stackstorm(representation: str, message: str) -> Optional[Any]:
    try:
        return theirs.extract_parameters(representation, message)
    except theirs.ParseException:
        return None


@pytest.mark.parametrize("representation", FORMATS)
def test_each_message_gives_the_parameters_that_stackstorm_extracts(representation: str) -> None:
    for message in TABLE:
        assert Format(representation).extract(message) == extracted_by_stackstorm(
            representation, message
        ), message


# Few characters, those that mean something; short, since StackStorm's own expression takes
# exponential time.
words = st.sampled_from(
    [
        *("deploy", "say", "web", "v1", "to", "uat", "on", "history", "of", "rollback", "x", "a=b"),
        *('c="d e"', "k ='v w'"),
    ]
)
signs = st.sampled_from(
    [" ", "  ", "\n", "\u2003", "\x1c", "=", "==", "'", '"', "{", "}", "{y: 1}", "z={1}"]
)
words = words | signs
messages = st.lists(words, max_size=9).map("".join) | st.lists(words, max_size=9).map(" ".join)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(FORMATS), messages)
def test_any_message_gives_the_parameters_of_stackstorm(representation: str, message: str) -> None:
    assert Format(representation).extract(message) == extracted_by_stackstorm(
        representation, message
    )


pieces = st.sampled_from(
    [
        *("^", "$", r"\A", r"\Z", r"\^", r"\$", "a", "b", "|", "(", ")", "(?:", "(?P<n>", "(?="),
        *("(?!", "(?<=", "(?i:"),
    ]
) | st.sampled_from(["[^$]", "[]^]", r"[\]$]", "?", "*", "+?", "{2}", "{,3}", "{x}", "(?#^)", " "])


@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.lists(pieces, max_size=10).map("".join))
def test_an_expression_is_anchored_where_stackstorm_finds_an_anchor(pattern: str) -> None:
    try:
        re.compile(pattern, re.DOTALL)
    except re.error:
        return
    tokens = theirs.parse(pattern, flags=re.DOTALL)
    begin = ((theirs.AT, theirs.AT_BEGINNING), (theirs.AT, theirs.AT_BEGINNING_STRING))
    end = ((theirs.AT, theirs.AT_END), (theirs.AT, theirs.AT_END_STRING))
    assert (START in anchors(pattern)) == bool(theirs.search_regex_tokens(begin, tokens))
    assert (END in anchors(pattern)) == bool(
        theirs.search_regex_tokens(end, tokens, backwards=True)
    )
