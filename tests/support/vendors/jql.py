"""Jira's query language, as far as opsroom uses it."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Tuple


class Condition:
    """Jira's query language as far as it goes here: `field = "x"`, `!=`, `~`, `in (...)`, AND, OR.
    ValueError else."""

    _TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\["\\])*")|([A-Za-z]\w*)|(!=|[=~(),]))')

    def __init__(self, text: str) -> None:
        self._tokens: List[str] = []
        at = 0
        while text[at:].strip():
            found = self._TOKEN.match(text, at)
            if not found:
                raise ValueError(f"unexpected character at {at}: {text[at : at + 20]!r}")
            self._tokens.append(found.group().strip())
            at = found.end()
        self._any: List[List[Tuple[str, str, List[str]]]] = [[]]
        while self._tokens:
            self._any[-1].append(self._clause())
            if self._tokens:
                word = self._tokens.pop(0).upper()
                if word not in ("AND", "OR"):
                    raise ValueError(f"expected AND or OR, found {word}")
                if word == "OR":
                    self._any.append([])

    def _clause(self) -> Tuple[str, str, List[str]]:
        field, operator = self._next(), self._next().lower()
        if operator != "in":
            return field, operator, [self._value()]
        values = []
        separator = self._next()
        while separator in ("(", ","):
            values.append(self._value())
            separator = self._next()
        return field, operator, values

    def _next(self) -> str:
        if not self._tokens:
            raise ValueError("unexpected end")
        return self._tokens.pop(0)

    def _value(self) -> str:
        token = self._next()
        return re.sub(r"\\(.)", r"\1", token[1:-1]) if token.startswith('"') else token

    def matches(self, jira: Any, issue: Dict[str, Any]) -> bool:
        return any(all(self._holds(jira, issue, clause) for clause in every) for every in self._any)

    def _holds(self, jira: Any, issue: Dict[str, Any], clause: Tuple[str, str, List[str]]) -> bool:
        field, operator, values = clause
        fields = issue["fields"]
        if field == "labels":
            return values[0] in fields["labels"]
        if field in ("description", "text"):
            assert operator == "~"
            whole = jira.plain(fields["description"]) + (
                fields["summary"] if field == "text" else ""
            )
            assert not re.search(r"[^\w ]", values[0]), "operators of the text search"
            return all(word.lower() in whole.lower() for word in values[0].split())
        if field == "project":
            return fields["project"] in values
        if field == "assignee":
            return (
                bool(fields["assignee"])
                and fields["assignee"]["accountId" if jira.cloud else "name"] == values[0]
            )
        if (field, operator, values) == ("statusCategory", "!=", ["Done"]):
            return bool(fields["status"] != "Done")
        raise AssertionError(clause)
