"""Whether StackStorm takes a regular expression for anchored; it adds an anchor where it sees
none."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import List, Set

START, END = "start", "end"

# A piece of an expression that is skipped or noted as a whole, the longest first.
_PIECE = re.compile(
    r"""
      (?P<comment>\(\?\#[^)]*\))
    | (?P<backreference>\(\?P=[^)]*\))
    | (?P<flags>\(\?[aiLmsux]+\))
    | (?P<opaque>\(\?(?:<?[=!]|>|\((?:[^)]*)\)))       # lookaround, atomic, conditional
    | (?P<plain>\((?:\?(?:P<[^>]*>|[aiLmsux]*(?:-[imsx]+)?:))?)
    | (?P<close>\))
    | (?P<bar>\|)
    | (?P<escape>\\(?s:.))
    | (?P<set>\[\^?\]?(?:\\(?s:.)|[^\]\\])*\])
    | (?P<anchor>[$^])
    """,
    re.VERBOSE,
)
_QUANTIFIER = re.compile(r"[*+?]|\{(?:\d+(?:,\d*)?|,\d*)\}")


@dataclass
class _Group:
    """An open group: whether one may look into it, and the anchors of each of its alternatives."""

    plain: bool
    alternatives: List[Set[str]] = field(default_factory=lambda: [set()])

    def seen(self) -> Set[str]:
        # StackStorm looks into the second of several alternatives only.
        return self.alternatives[1] if len(self.alternatives) > 1 else self.alternatives[0]


def anchors(pattern: str) -> Set[str]:
    """Which of START and END StackStorm finds in an expression.

    It finds `^`, `\\A`, `$` and `\\Z` anywhere at the top level and inside groups, but not inside
    lookarounds nor inside what is repeated or optional. The expression must be a valid one.
    """
    stack = [_Group(plain=True)]
    position = 0
    while position < len(pattern):
        piece = _PIECE.match(pattern, position)
        if piece is None:
            position += 1
            continue
        position = piece.end()
        kind, text = piece.lastgroup, piece.group()
        if kind in ("plain", "opaque"):
            stack.append(_Group(plain=kind == "plain"))
        elif kind == "bar":
            stack[-1].alternatives.append(set())
        elif kind == "close" and len(stack) > 1:
            group = stack.pop()
            if group.plain and not _QUANTIFIER.match(pattern, position):
                stack[-1].alternatives[-1].update(group.seen())
        elif text in ("^", r"\A"):
            stack[-1].alternatives[-1].add(START)
        elif text in ("$", r"\Z"):
            stack[-1].alternatives[-1].add(END)
    return stack[0].seen()
