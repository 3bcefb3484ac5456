"""What each chat makes of a message: texts in their inks, an attachment with its bar and facts."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

from .svg import Run
from .transcript import Message, Transcript

# <@U1>, <https://a>, <https://a|label>: what Slack's notation has in angle brackets.
_MARK = re.compile(r"<(@?)([^<>|]+)(?:\|([^<>]*))?>")
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]}]")
# A title is bold, as Block Kit writes it; what else is so written stays as it is.
_TITLE = re.compile(r"\*([^*\n]+)\*")


@dataclass(frozen=True)
class Part:
    """A part of a message: its texts, the colour of the bar in front (empty for none), and facts
    below, each a title and a value."""

    runs: Tuple[Run, ...]
    bar: str = ""
    facts: Tuple[Tuple[str, str], ...] = ()
    below: Tuple[Run, ...] = ()


def parts_of(message: Message, transcript: Transcript) -> List[Part]:
    """The parts of a message, as a client of its chat shows them. Raises ValueError for what no
    client is drawn for: a picture of it would not be true."""
    if transcript.chat == "slack":
        return list(_of_slack(message.wire, transcript.names))
    if transcript.chat == "matrix":
        return [_of_matrix(message.wire["content"])]
    if transcript.chat == "xmpp" and "http://jabber.org/protocol/xhtml-im" in message.wire:
        raise ValueError(f"{message.id} has XHTML, which is not drawn")
    return [Part(tuple(_plain(message.text)))]


def _of_matrix(content: Mapping[str, Any]) -> Part:
    if "formatted_body" in content:
        raise ValueError("a formatted text of Matrix is not drawn")
    # What programs say is paler.
    ink = "soft" if content["msgtype"] == "m.notice" else "text"
    return Part(tuple(_plain(content["body"], ink)))


def _plain(text: str, ink: str = "text") -> Iterator[Run]:
    """A text in which addresses can be clicked."""
    end = 0
    for link in _LINK.finditer(text):
        yield Run(text[end : link.start()], ink)
        yield Run(link[0], "link")
        end = link.end()
    yield Run(text[end:], ink)


def _of_slack(sent: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[Part]:
    if sent.get("blocks"):
        raise ValueError("blocks outside an attachment are not drawn")
    if sent.get("text"):
        yield Part(tuple(_marked(sent["text"], names)))
    for one in sent.get("attachments", ()):
        text: List[Run] = []
        below: List[Run] = []
        facts: List[Tuple[str, str]] = []
        for block in one["blocks"]:
            if block["type"] == "section":
                facts += [_fact(each, names) for each in block["fields"]]
            elif block["type"] == "rich_text":
                (below if facts else text).extend(_rich(block["elements"], names))
            else:
                raise ValueError(f"a block of the type {block['type']} is not drawn")
        yield Part(tuple(text), one.get("color", ""), tuple(facts), tuple(below))


def _fact(field: Mapping[str, Any], names: Mapping[str, str]) -> Tuple[str, str]:
    text = str(field["text"])
    if field["type"] == "mrkdwn":
        text = "".join(run.text for run in _marked(_TITLE.sub(r"\1", text, count=1), names))
    title, _, value = text.partition("\n")
    return title, value


def _rich(sections: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Iterator[Run]:
    inks: Dict[str, str] = {"text": "text", "link": "link", "user": "mention"}
    for number, section in enumerate(sections):
        if number:
            yield Run("\n")
        for one in section["elements"]:
            text = one.get("text") or one.get("url") or f"@{names[one['user_id']]}"
            bold = bool(one.get("style", {}).get("bold"))
            ink = inks[one["type"]]
            yield Run(text, ink, bold, "mentioned" if ink == "mention" else "")


def _marked(text: str, names: Mapping[str, str]) -> Iterator[Run]:
    """A text in Slack's notation; entities are decoded last, and once."""
    end = 0
    for mark in _MARK.finditer(text):
        yield Run(html.unescape(text[end : mark.start()]))
        sign, target, label = mark.groups()
        if sign:
            yield Run(f"@{names[target]}", "mention", ground="mentioned")
        else:
            yield Run(html.unescape(label or target), "link")
        end = mark.end()
    yield Run(html.unescape(text[end:]))
