"""Markdown as the pages of the reference have it."""

from __future__ import annotations

import re
from typing import Iterable, Sequence

from .. import PACK

DOCS = PACK / "docs"
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
