"""The pictures of rooms in docs/chat.md show what was recorded there, and all of it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html import unescape
from typing import Any, Dict, List

import pytest

from console import PACK
from console.pictures.rooms import FOLDER, draw
from console.pictures.shown import parts_of
from console.pictures.svg import Drawing, Run, width_of, wrapped
from console.pictures.transcript import Message, Transcript, read, steadied, write

CHATS = ("irc", "matrix", "slack", "xmpp")
TEXT = "{http://www.w3.org/2000/svg}text"


def recorded(chat: str) -> Transcript:
    return read(FOLDER / f"{chat}.json")


def drawn(picture: str) -> str:
    """All that stands in a picture, without blanks."""
    found = [element.text or "" for element in ElementTree.fromstring(picture).iter(TEXT)]
    return re.sub(r"\s", "", "".join(found))


def of(chat: str, *messages: Message, **more: Any) -> Transcript:
    return Transcript(chat, "ops", "opsbot", messages, **more)


def plain(text: str, wire: Any = "", who: str = "alice") -> Message:
    return Message("m1", who, text, wire=wire)


def test_each_chat_has_a_recording_and_a_picture() -> None:
    for kind in ("json", "svg"):
        assert tuple(sorted(one.stem for one in FOLDER.glob(f"*.{kind}"))) == CHATS


@pytest.mark.parametrize("chat", CHATS)
def test_the_picture_is_what_its_recording_renders(chat: str) -> None:
    picture = (FOLDER / f"{chat}.svg").read_text("utf-8")
    assert picture == draw(recorded(chat)), "draw it again: make picture"


@pytest.mark.parametrize("chat", CHATS)
def test_every_word_of_the_room_stands_in_the_picture(chat: str) -> None:
    transcript = recorded(chat)
    whole = drawn(draw(transcript))
    for message in transcript.messages:
        for part in parts_of(message, transcript):
            runs = [*part.runs, *part.below, *(Run(text) for fact in part.facts for text in fact)]
            for run in runs:
                for word in run.text.split():
                    assert word in whole, word
        for word in message.text.split():
            assert word in whole, word


@pytest.mark.parametrize("chat", CHATS)
def test_nothing_in_a_picture_is_from_elsewhere_or_outside_of_it(chat: str) -> None:
    picture = draw(recorded(chat))
    root = ElementTree.fromstring(picture)
    assert not re.search(r"href|@import|url\(|<script|<image|foreignObject", picture)
    wide, high = float(root.attrib["width"]), float(root.attrib["height"])
    for element in root.iter(TEXT):
        assert float(element.attrib["x"]) + float(element.attrib["textLength"]) <= wide - 10
        assert float(element.attrib["y"]) <= high - 10
    assert "prefers-color-scheme:dark" in picture


def test_people_read_no_markup_and_no_control_character() -> None:
    for chat in CHATS:
        for message in recorded(chat).messages:
            assert not re.search(r"[\x00-\x09\x0b-\x1f]|&\w+;|\*\*|\{~\}", message.text), message
            if message.who in ("hubot", "opsbot"):
                assert not re.search(r"\n\s*\n|^\s|\s$", message.text), message
                assert not re.match(r"(\w+): \1\b", message.text), message
    for line in recorded("irc").messages:
        assert len(f"{line.wire}\r\n".encode()) <= 512


class TestTheAnswersOnSlack:
    def answers(self) -> List[Dict[str, Any]]:
        transcript = recorded("slack")
        sent = [one.wire for one in transcript.messages if one.who == transcript.bot]
        return [one for one in sent if "attachments" in one]

    def test_each_mentions_who_asked_below_the_question(self) -> None:
        asked = {one.id: one.wire["user"] for one in recorded("slack").messages if not one.thread}
        for one in self.answers():
            assert one["text"] == f"<@{asked[one['thread_ts']]}>:"

    def test_each_has_the_colour_of_its_outcome_and_its_text_as_fallback(self) -> None:
        colours = []
        for one in self.answers():
            (attachment,) = one["attachments"]
            text = attachment["blocks"][0]["elements"][0]["elements"]
            shown = "".join(run.get("text") or run["url"] for run in text)
            assert unescape(attachment["fallback"]) == shown
            colours.append(attachment["color"])
        green, amber = "#2eb886", "#daa038"
        # Refused, and waiting for an approval.
        assert colours == [green, amber, amber, green, green, green, green, green]

    def test_a_deployment_has_its_facts_and_a_link_below(self) -> None:
        found = []
        for one in self.answers():
            for block in one["attachments"][0]["blocks"][1:]:
                if block["type"] == "section":
                    found.append([field["text"] for field in block["fields"]])
                else:
                    (link,) = block["elements"][0]["elements"]
                    assert link["url"].startswith("https://st2.example.com/#/history/")
                    found[-1].append(link["text"])
        execution = "Execution in StackStorm"
        app, version = "*Application*\nweb", "*Version*\nv1.1.0"
        uat, production = "*Environment*\nuat", "*Environment*\nproduction"
        assert found == [
            [app, uat, version, "*Before*\nv1.0.0", execution],
            [app, production, version, execution],
            [app, production, version, execution],
        ]


def test_what_is_drawn_is_a_text_whatever_it_holds() -> None:
    hostile = "<script>&amp;\"'</text>\x02 ]]> <!-- "
    of_matrix = {"content": {"msgtype": "m.text", "body": hostile}}
    for chat, wire in (("irc", ""), ("xmpp", ""), ("matrix", of_matrix)):
        whole = drawn(draw(of(chat, plain(hostile, wire))))
        assert "<script>&amp;\"'</text>\ufffd]]><!--" in whole


@pytest.mark.parametrize(
    ("chat", "wire"),
    [
        ("xmpp", "<html xmlns='http://jabber.org/protocol/xhtml-im'/>"),
        ("matrix", {"content": {"msgtype": "m.text", "body": "x", "formatted_body": "<b>x</b>"}}),
        ("slack", {"text": "x", "blocks": [{"type": "divider"}]}),
        ("slack", {"attachments": [{"blocks": [{"type": "image"}]}]}),
        ("slack", {"attachments": [{"color": "red' x='", "blocks": []}]}),
    ],
)
def test_what_would_not_be_shown_as_it_was_is_not_drawn(chat: str, wire: Any) -> None:
    with pytest.raises(ValueError, match=r"drawn|no colour"):
        draw(of(chat, plain("x", wire)))


def test_a_line_is_broken_at_a_blank_else_within_a_word() -> None:
    lines = wrapped([Run("one two "), Run("three", bold=True), Run("\n\n  x " + "y" * 60)], 80, 14)
    texts = ["".join(run.text for run in line) for line in lines]
    assert texts[:4] == ["one two", "three", "", "  x"]
    assert "".join(texts[4:]) == "y" * 60
    assert all(sum(width_of(run, 14) for run in line) <= 80 for line in lines)
    assert lines[1] == [Run("three", bold=True)]


def test_a_bar_has_no_other_colour_than_one() -> None:
    drawing = Drawing(100, {"frame": ("#fff", "#000")}, "x")
    with pytest.raises(ValueError, match="no colour"):
        drawing.bar(0, 0, 10, 'red" onload="x')


def test_two_recordings_of_one_conversation_are_equal() -> None:
    def run(change: str, host: str, clock: str, seconds: str, number: str) -> Transcript:
        asked = Message(f"$first{number}", "alice", f"approve change {change}")
        url = f"https://{host}:8443/#/history/{number * 24}/general"
        text = f"change {change} ({number * 12}) at {clock} UTC, in {seconds} s. {url}"
        opaque = f'<x id="jHP8kuBWkTJDI{number}+/=" />'
        wire = {
            "body": text,
            "xml": opaque,
            "to": [f"$first{number}"],
            "host": "127.0.0.1",
            "ok": True,
        }
        answer = Message(f"$second{number}", "opsbot", text, f"$first{number}", wire)
        return steadied(of("matrix", asked, answer))

    one = run("AB12", "st2", "23:59", "0.7", "3")
    assert one == run("ZZ99", "other.example.org", "Tue 2026-12-01 00:10", "12.1", "7")
    assert one.messages[1].text == (
        "change K7QX (8c1f5e2a9b04) at 14:02 UTC, in 0.2 s. "
        "https://st2.example.com/#/history/6a1f0c5e9d3b7a2846e1f0c5/general"
    )
    assert (one.messages[1].thread, one.messages[1].wire["to"]) == ("m1", ["m1"])
    assert one.messages[1].wire["host"] == "example.com"
    assert one.messages[1].wire["xml"] == '<x id="0" />'


def test_a_transcript_is_read_as_it_was_written(tmp_path: Any) -> None:
    written = replace(recorded("slack"), versions={"hubot": "14"})
    write(written, tmp_path / "x.json")
    assert read(tmp_path / "x.json") == written


def test_the_page_shows_each_picture_and_names_what_was_recorded() -> None:
    page = (PACK / "docs" / "chat.md").read_text("utf-8")
    for chat in CHATS:
        (caption,) = re.findall(rf"!\[[^\]]+\]\(rooms/{chat}\.svg\)\n\n([^\n]+(?:\n[^\n]+)*)", page)
        for package, version in recorded(chat).versions.items():
            assert f"{package} {version}" in caption, (chat, package, version)
