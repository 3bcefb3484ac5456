"""Regular expressions that find a version: by a group named `version`, else by the first group."""

from __future__ import annotations

import re
from typing import Optional, Pattern

from ..config.fields import Fields
from ..errors import Code, Failure
from ..expressions import ExpressionProblem, find_in_text
from ..names import shown
from ..text.charset import unmarked


def read_expression(fields: Fields, name: str) -> Optional[Pattern[str]]:
    """The compiled expression under a key; None when it is absent or wrong, which is noted. `^` and
    `$` mean lines."""
    text = fields.text(name, "", expected="a regular expression")
    if not text:
        return None
    try:
        expression = re.compile(text, re.MULTILINE)
    except (re.error, RecursionError, OverflowError) as error:
        fields.problem(name, f"expected a regular expression, and this is none: {error}")
        return None
    if not expression.groups:
        fields.problem(
            name,
            "expected brackets around the part that is the version, such as 'version: ([0-9.]+)'",
        )
        return None
    return expression


def found_by(expression: Pattern[str], text: str, where: str) -> Optional[str]:
    """What the group named `version`, or else the first group, holds at the first match; None
    without one.

    `where` names the text in sentences. Raises Failure(bad_answer) when that takes too long.
    """
    try:
        value = find_in_text(expression, text)
    except ExpressionProblem as problem:
        message = (
            f"The regular expression {shown(expression.pattern)} for {where} does not work: "
            f"{problem}."
        )
        hint = (
            "A repetition within a repetition, such as (a+)+, can take forever; write it with one."
        )
        raise Failure(Code.BAD_ANSWER, message, hint) from None
    return unmarked(value) if value is not None else None
