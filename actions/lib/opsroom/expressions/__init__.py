"""Expressions of the config, evaluated on answers from outside within a limit of time and memory.

A regular expression with nested repetition takes years on the wrong line, and a JMESPath function
can double its input again and again. Neither can be interrupted in a thread, so both are evaluated
by a process that can be stopped. It takes 20 ms to start. The package `regex` has a limit of its
own and takes 10 ms to import, but reads some expressions in another way than `re`, blocks all
threads meanwhile, and does nothing for JMESPath.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Mapping, Pattern

from ..errors import Code, Failure
from ..names import shown
from .json_values import options, unwritten, written

_CODE = (
    "import sys; sys.path.append(sys.argv[1]); import evaluator; evaluator.main(int(sys.argv[2]))"
)
_FOLDER = os.path.dirname(os.path.abspath(__file__))
# Seconds of processor time, and seconds in all: the process may have to wait for a processor.
PROCESSOR_TIME = 2
LIMIT = 10.0
# Paths and filters, of which each looks at a value once. What is not here may make more of it than
# there was.
_PLAIN = {
    *(
        "field",
        "subexpression",
        "index",
        "index_expression",
        "slice",
        "identity",
        "current",
        "literal",
        "pipe",
    ),
    *("or_expression", "and_expression", "not_expression", "comparator"),
    *("projection", "value_projection", "filter_projection"),
}


class ExpressionProblem(Exception):
    """An expression that cannot be used on this content. The text is the end of a sentence: "it
    took too long"."""


def find_in_text(expression: Pattern[str], text: str) -> Any:
    """What the group named `version`, or else the first group, holds at the first match; None
    without one.

    Raises ExpressionProblem.
    """
    return _evaluated("regex", expression.pattern, text, flags=int(expression.flags))


def search(expression: str, content: Any, of: str) -> Any:
    """What a JMESPath expression finds in the content; None for nothing. `of` names the content in
    the sentence.

    Raises Failure(bad_answer) for an expression that does not work.
    """
    try:
        return find_in_json(expression, content)
    except ExpressionProblem as problem:
        raise Failure(
            Code.BAD_ANSWER,
            f"The expression {shown(expression)} for {of} does not work: {problem}.",
        ) from None


def find_in_json(expression: str, content: Any) -> Any:
    """What a JMESPath expression finds; numbers as they are written.

    Raises ExpressionProblem: it is none, it does not fit the content, it took too long, it found
    something huge.
    """
    import jmespath

    try:
        parsed = jmespath.compile(expression)
        if _is_plain(parsed.parsed):
            return parsed.search(content, options())
        question = written(content)
    except jmespath.exceptions.JMESPathError as error:
        raise ExpressionProblem(str(error).splitlines()[0].rstrip(":. ")) from None
    except RecursionError:
        raise ExpressionProblem("it is nested too deep") from None
    packages = [
        os.path.dirname(os.path.dirname(jmespath.__file__)),
        os.path.dirname(os.path.dirname(_FOLDER)),
    ]
    return _evaluated("json", expression, question, packages=packages)


def _is_plain(node: Any) -> bool:
    """Whether evaluating it takes no more than a look at everything for each of its parts."""
    if not isinstance(node, Mapping):
        return True
    if node.get("type") == "literal":
        # A filter in a filter goes through a list of the expression again for each item of the
        # content.
        return not isinstance(node.get("value"), (list, dict))
    return node.get("type") in _PLAIN and all(
        _is_plain(child) for child in node.get("children", ())
    )


def _evaluated(kind: str, expression: str, content: Any, **more: Any) -> Any:
    question = json.dumps(
        {"kind": kind, "expression": expression, "content": content, **more}, default=str
    )
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _CODE, _FOLDER, str(PROCESSOR_TIME)],
            input=question.encode("ascii"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LIMIT,
        )
    except subprocess.TimeoutExpired:
        raise ExpressionProblem(f"it took longer than {LIMIT:g} s") from None
    except OSError as error:
        raise ExpressionProblem(
            f"nothing could be started that evaluates it ({error.strerror})"
        ) from None
    if done.returncode != 0:
        raise ExpressionProblem(f"it took longer than {PROCESSOR_TIME} s")
    answer = json.loads(done.stdout, object_hook=unwritten)
    if "problem" in answer:
        raise ExpressionProblem(answer["problem"])
    return answer["found"]
