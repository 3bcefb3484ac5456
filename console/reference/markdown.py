"""Markdown as the pages of the reference have it."""

from __future__ import annotations

import re
from typing import Iterable, List, Match, Sequence

from .. import PACK

DOCS = PACK / "docs"
# The end of an example: "such as v1.4.2; a tag, ...", "such as 30m or 2h".
_SUCH_AS = re.compile(r"such as (?:\"([^\"]+)\"|(.+?))(?=[,;]|\.(?: |$)| or | and | where |$)")
# What a page would turn into a link of its own.
_ADDRESS = re.compile(r"(\S+(?:://|@)\S*[\w/]|\w+:@\S*\w|@\w+\S*\w)")
GENERATED = (
    "<!-- Written by `make reference`, from {source}. Change it there: a change here is lost. -->"
)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what would end a cell or a line is written otherwise."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(one) for one in line)} |" for line in lines)


def page(title: str, source: str, parts: Iterable[str]) -> str:
    """A whole page. The note stands below the title, where a reader of the file sees it."""
    return "\n\n".join([f"# {title}", GENERATED.format(source=source), *filter(None, parts)]) + "\n"


def sentence(text: str) -> str:
    """A meaning as a sentence: with a capital, unless it begins with code, and a full stop."""
    text = " ".join(text.split())
    if not text:
        return ""
    text = text if text[0] in "`{[" else text[0].upper() + text[1:]
    return text if text.endswith((".", "?", ":")) else f"{text}."


def examples_of(description: str) -> List[str]:
    """The examples that a description gives: v1.4.2 of "such as v1.4.2; a tag or a branch"."""
    return [one or other for one, other in _SUCH_AS.findall(description)]


def marked(description: str, quotes: bool = False) -> str:
    """A description of the metadata, which is plain text, with its examples and addresses as code.

    `quotes` keeps those around an example, which are needed in YAML.
    """
    if "`" in description:
        return description

    def example(found: Match[str]) -> str:
        return (
            f"such as `{found[1] or found[2]}`"
            if not (quotes and found[1])
            else (f'such as `"{found[1]}"`')
        )

    text = _SUCH_AS.sub(example, description)
    parts = text.split("`")
    # Every other part is code already.
    parts[::2] = [_ADDRESS.sub(r"`\1`", one) for one in parts[::2]]
    return "`".join(parts)


def from_docs(text: str) -> str:
    """The links of a text, which are as from docs/, as they are from docs/reference."""
    return re.sub(r"\]\((?!https?://|#)", "](../", text)


def code(text: str) -> str:
    return f"`{text}`" if "`" not in text else text


def links(targets: Sequence[str]) -> str:
    """Pages as from docs/, `commands.md#cancel`, by the titles of what they lead to."""
    return ", ".join(f"[{_title(one)}](../{one})" for one in targets)


def anchor(heading: str) -> str:
    """A heading as GitHub makes an address of it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _title(target: str) -> str:
    name, _, wanted = target.partition("#")
    path = DOCS / name
    headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8") if path.exists() else "", re.M)
    found = [one for one in headings if anchor(one) == wanted or not wanted]
    # A place that is not there is found by the test of all links.
    return found[0].replace("`", "") if found else target


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
