"""What a person reads of a message that was posted to Slack, and who is notified by it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Set, Tuple

# <@U1>, <#C1|name>, <!here>, <https://a|label>: what Slack's notation has in angle brackets.
_MARK = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")
# *bold*, _italic_, ~struck~ and `code`, each where Slack sees one: around whole words of one line.
_STYLE = re.compile(r"(?<![\w*_~`])([*_~`])(?=\S)([^\n]+?)(?<=\S)\1(?![\w*_~`])")
_LINKED_NAME = re.compile(r"(?<![\w.])@([\w.-]+)")


@dataclass(frozen=True)
class Reading:
    """A message as it is seen.

    - `text`: what stands above the attachments, and each attachment, in lines.
    - `pings`: whom it notifies: ids of people, "channel", "here", "everyone".
    - `links`: (what is shown, where it leads).
    - `styled`: what is bold, slanted, struck or code.
    - `colors` of the attachments; `fields` by title.
    - `block_characters`: what Slack counts against its limit for blocks.
    """

    text: str
    pings: Set[str]
    links: List[Tuple[str, str]]
    styled: List[str]
    colors: List[str]
    fields: Dict[str, str]
    block_characters: int


def read_post(sent: Mapping[str, Any], names: Mapping[str, str]) -> Reading:
    """Read a message that was sent with chat.postMessage.

    `names` are the display names of people by id. Where there are blocks, the text beside them is
    only the fallback for notifications, and so it is here.
    """
    reader = _Reader(names)
    parts: List[str] = []
    text = sent.get("text") or ""
    if sent.get("link_names") or sent.get("parse") == "full":
        by_name = {name: person for person, name in names.items()}
        for name in _LINKED_NAME.findall(text):
            target = by_name.get(name, name)
            if name in by_name or name in ("channel", "here", "everyone"):
                reader.pings.add(target)
    if sent.get("blocks"):
        parts += [reader.block(one) for one in sent["blocks"]]
    elif text:
        parts.append(reader.marked(text, styled=sent.get("mrkdwn", True)))
    for one in sent.get("attachments") or ():
        parts += reader.attachment(one)
    return Reading(
        "\n".join(part for part in parts if part),
        reader.pings,
        reader.links,
        reader.styled,
        reader.colors,
        reader.fields,
        reader.block_characters,
    )


class _Reader:
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self.pings: Set[str] = set()
        self.links: List[Tuple[str, str]] = []
        self.styled: List[str] = []
        self.colors: List[str] = []
        self.fields: Dict[str, str] = {}
        self.block_characters = 0

    def marked(self, text: str, styled: bool = True) -> str:
        """Text in Slack's notation. Entities are decoded last, and once."""
        text = _MARK.sub(self._mark, text)
        if styled:
            text = _STYLE.sub(self._style, text)
        return html.unescape(re.sub(r"&(?!(?:amp|lt|gt);)", "&amp;", text))

    def attachment(self, one: Mapping[str, Any]) -> List[str]:
        if one.get("color"):
            self.colors.append(one["color"])
        if one.get("blocks"):
            return [self.block(each) for each in one["blocks"]]
        styled = one.get("mrkdwn_in", ("text", "pretext"))
        parts = [self.marked(one.get("pretext") or "", "pretext" in styled)]
        if one.get("title"):
            title = self.marked(one["title"], False)
            parts.append(title)
            if one.get("title_link"):
                self.links.append((title, one["title_link"]))
        parts.append(self.marked(one.get("text") or "", "text" in styled))
        for each in one.get("fields", ()):
            self.fields[each["title"]] = self.marked(each["value"], "fields" in styled)
        return parts

    def block(self, one: Mapping[str, Any]) -> str:
        kind = one["type"]
        if kind == "rich_text":
            return "\n".join(self._rich(each) for each in one["elements"])
        if kind == "section":
            parts = [self._object(one["text"])] if "text" in one else []
            for each in one.get("fields", ()):
                title, _, value = self._object(each).partition("\n")
                self.fields[title] = value
            return "\n".join(parts)
        if kind == "context":
            return " ".join(self._object(each) for each in one["elements"])
        if kind == "markdown":
            self.block_characters += len(one["text"])
            return str(one["text"])
        return ""

    def _object(self, one: Mapping[str, Any]) -> str:
        self.block_characters += len(one["text"])
        if one["type"] == "plain_text":
            return str(one["text"])
        return self.marked(one["text"])

    def _rich(self, section: Mapping[str, Any]) -> str:
        text = ""
        for one in section["elements"]:
            shown = one.get("text") or one.get("url") or f"@{self._name(one['user_id'])}"
            self.block_characters += len(shown)
            if one["type"] == "user":
                self.pings.add(one["user_id"])
            if one["type"] == "link":
                self.links.append((shown, one["url"]))
            if one.get("style"):
                self.styled.append(shown)
            text += shown
        return text

    def _name(self, person: str) -> str:
        return self._names.get(person, person)

    def _mark(self, found: re.Match[str]) -> str:
        sign, target, label = found.groups()
        if sign == "@":
            self.pings.add(target)
            return f"@{self._name(target)}"
        if sign == "!":
            kind = target.partition("^")[0]
            self.pings.add("group" if kind == "subteam" else kind)
            return label or f"@{target}"
        if sign == "#":
            return f"#{label or target}"
        self.links.append((label or target, html.unescape(target)))
        return label or target

    def _style(self, found: re.Match[str]) -> str:
        self.styled.append(found[2])
        return found[2]
