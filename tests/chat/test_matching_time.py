"""Matching takes a time that grows with the length of a message: 10,000 characters, at most 50 ms
for each format.

Measured is the time of the processor, not the clock: other processes do not count. StackStorm's own
search for pairs at the end of a message, and hubot's, come on top for messages with signs of
equality; they are not the pack's.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Callable, List, Tuple

import pytest

from console.matching import pairs_at_end
from opsroom.grammar.commands import COMMANDS
from support.chat import hubot
from support.metadata import pack

PACK = pack()
FORMATS = [(alias.name, one.format) for alias in PACK.aliases for one in alias.formats]
LENGTH = 10_000
BOUND = 0.05
# Deployments had one message of 3,000 characters that took 14 s.
KNOWN = [
    ("deploy ", "to "),
    ("promote ", "to "),
    ("redeploy ", "to "),
    ("emergency ", "to "),
    ("deploy", " to"),
]
SIGNS = [
    *(" ", "\n", "\t", ":", ": ", " : ", '"', "'", "{", "}", "?", "a", "a ", "1 ", ": x "),
    *("urgently: ", " urgently"),
]
SIGNS += [
    "' ",
    '" ',
    "'a'",
    "{a} ",
    "a\n\n",
    " " * 99 + "x",
    "x" * 50 + " ",
    "deploy a b to c ",
    "on a on b ",
    "to card x ",
]
SIGNS += ["in project ", "change K ", "incident K ", "to page ", "to web ", "in a "]


def adversarial() -> List[str]:
    """A beginning of a command, then one of its words or signs again and again, and at last
    something that fits not."""
    beginnings, words = set(), set()
    for command in COMMANDS:
        for form in command.forms:
            words |= {f"{word} " for word in re.sub(r"\{\{ \w+ \}\}", "", form.display).split()}
            for value in ("x", "'x"):
                tokens = re.sub(r"\{\{ \w+ \}\}", value, form.display).split()
                beginnings |= {
                    " ".join(tokens[:count]) + " " for count in range(1, len(tokens) + 1)
                }
    every = [
        (beginning, again) for beginning in sorted(beginnings) for again in [*SIGNS, *sorted(words)]
    ]
    chosen = [*KNOWN, *random.Random(7).sample(every, 230)]
    messages = []
    for beginning, again in chosen:
        for end in ("", " x", " K 1"):
            messages.append((beginning + again * LENGTH)[: LENGTH - len(end)] + end)
    return messages


def taken(what: Callable[[], object]) -> float:
    """Seconds of the processor; the best of three where the first was not good enough."""
    best = 1e9
    for _ in range(3):
        began = time.thread_time()
        what()
        best = min(best, time.thread_time() - began)
        if best < BOUND:
            break
    return best


def test_every_format_of_a_long_message_is_done_with_in_python() -> None:
    slow: List[Tuple[float, str, str]] = []
    for message in adversarial():
        for name, one in FORMATS:
            seconds = taken(lambda one=one, message=message: one.extract(message))
            if seconds >= BOUND:
                slow.append((seconds, name, message[:60]))
    assert slow == []


def test_every_format_of_a_long_message_is_done_with_in_javascript(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed, and hubot's expressions are JavaScript")
    source = Path(hubot.__file__).with_name("hubot_match.js").read_text(encoding="utf-8")
    measuring = """
      const slow = [];
      for (const message of messages) {
        expressions.forEach((one, number) => {
          let best = 1e9;
          for (let turn = 0; turn < 3 && best >= 50; turn += 1) {
            const before = process.cpuUsage();
            one.test(message);
            const used = process.cpuUsage(before);
            best = Math.min(best, (used.user + used.system) / 1000);
          }
          if (best >= 50) slow.push([best, number, message.slice(0, 60)]);
        });
      }
      process.stdout.write(JSON.stringify(slow));
    """
    script = tmp_path / "measure.js"
    script.write_text(source.partition("const found =")[0] + measuring, encoding="utf-8")
    request = json.dumps(
        {"formats": [one.representation for _, one in FORMATS], "messages": adversarial()}
    )
    done = subprocess.run(
        [node, str(script)], input=request, capture_output=True, text=True, timeout=300, check=True
    )
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize(
    "again",
    ['a="', "a='", "a={", "=", "a=", "a =", 'a="b" ', "a=b ", '"', ' ="', 'x="a" y="', " = "],
)
def test_the_consoles_own_search_for_pairs_is_done_with(again: str) -> None:
    for end in ("", " x", '"', "}"):
        message = ("say " + again * LENGTH)[: LENGTH - len(end)] + end
        assert taken(lambda message=message: pairs_at_end.__wrapped__(message)) < BOUND
