"""The Atlassian Document Format, which Jira Cloud's newer interface (v3) takes and returns: from
plain text and back."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Dict, List, Mapping

from .text import Block, Code, blocks, spans

# How deep nodes may lie in one another; what Jira's editor makes is a dozen deep at most.
_DEPTH = 60


def document(text: str) -> Dict[str, Any]:
    """The text as a document: paragraphs with line breaks, blocks of code, addresses as links."""
    return {"type": "doc", "version": 1, "content": [_block(block) for block in blocks(text)]}


def _block(block: Block) -> Dict[str, Any]:
    if isinstance(block, Code):
        node: Dict[str, Any] = {
            "type": "codeBlock",
            "content": [_text(block.text)] if block.text else [],
        }
        if block.language:
            node["attrs"] = {"language": block.language}
        return node
    content: List[Dict[str, Any]] = []
    for number, line in enumerate(block.lines):
        content += [{"type": "hardBreak"}] if number else []
        for span in spans(line):
            content.append(_text(span.text, span.address))
    return {"type": "paragraph", "content": content}


def _text(text: str, address: str = "") -> Dict[str, Any]:
    node: Dict[str, Any] = {"type": "text", "text": text}
    if address:
        node["marks"] = [{"type": "link", "attrs": {"href": address}}]
    return node


def plain(node: Any) -> str:
    """A document, or any node of one, as plain text. What it does not know it walks through;
    nothing makes it raise."""
    return _plain(node, 0).strip("\n")


def _plain(node: Any, depth: int) -> str:
    if not isinstance(node, Mapping) or depth > _DEPTH:
        return ""
    kind = _as_text(node.get("type"))
    attrs = node.get("attrs")
    known = attrs if isinstance(attrs, Mapping) else {}
    if kind == "text":
        return _with_address(_as_text(node.get("text")), node.get("marks"))
    if kind in _LEAVES:
        return next((one for one in (_as_text(known.get(key)) for key in _LEAVES[kind]) if one), "")
    if kind == "hardBreak":
        return "\n"
    if kind == "rule":
        return "----"
    if kind == "date":
        return _date(known.get("timestamp"))
    content = node.get("content")
    parts = (
        [(child, _plain(child, depth + 1)) for child in content]
        if isinstance(content, list)
        else []
    )
    return _joined(kind, known, [part for _, part in parts], [child for child, _ in parts])


# Nodes that hold no others: which of their attributes says best what they show.
_LEAVES: Mapping[str, List[str]] = {
    "mention": ["text", "id"],
    "emoji": ["text", "shortName"],
    "status": ["text"],
    "placeholder": ["text"],
    "inlineCard": ["url"],
    "blockCard": ["url"],
    "embedCard": ["url"],
    "media": ["alt", "url"],
    "mediaInline": ["alt"],
    "extension": ["text"],
    "inlineExtension": ["text"],
}
_LINES = {
    "listItem",
    "taskList",
    "taskItem",
    "decisionList",
    "decisionItem",
    "bulletList",
    "orderedList",
    "tableRow",
}
_LINES |= {"table", "mediaSingle", "mediaGroup", "caption"}
_APART = {
    "doc",
    "blockquote",
    "panel",
    "expand",
    "nestedExpand",
    "tableCell",
    "tableHeader",
    "layoutSection",
}
_APART |= {"layoutColumn", "bodiedExtension", "bodiedSyncBlock"}


def _joined(kind: str, attrs: Mapping[str, Any], parts: List[str], children: List[Any]) -> str:
    if kind == "tableRow":
        return " | ".join(" ".join(part.split()) for part in parts)
    if kind in ("bulletList", "orderedList"):
        first = attrs.get("order") if isinstance(attrs.get("order"), int) else 1
        marks = [
            f"{int(first or 0) + number}. " if kind == "orderedList" else "- "
            for number in range(len(parts))
        ]
        return "\n".join(mark + part.replace("\n", "\n  ") for mark, part in zip(marks, parts))
    if kind == "taskItem":
        return ("[x] " if attrs.get("state") == "DONE" else "[ ] ") + "".join(parts)
    if kind == "decisionItem":
        return "- " + "".join(parts)
    if kind == "blockquote":
        return "\n".join(f"> {line}" for line in "\n".join(parts).split("\n"))
    if kind in ("expand", "nestedExpand") and _as_text(attrs.get("title")):
        parts = [_as_text(attrs.get("title")), *parts]
    if kind in _LINES:
        return "\n".join(part for part in parts if part)
    if kind in ("paragraph", "heading", "codeBlock"):
        return "".join(parts)
    # Of a node that nobody knows: whether it holds blocks is seen from what it holds.
    if kind in _APART or any(
        isinstance(child, Mapping) and "content" in child for child in children
    ):
        return "\n\n".join(part for part in parts if part.strip("\n"))
    return "".join(parts)


def _with_address(text: str, marks: Any) -> str:
    for mark in marks if isinstance(marks, list) else []:
        attrs = (
            mark.get("attrs") if isinstance(mark, Mapping) and mark.get("type") == "link" else None
        )
        address = _as_text(attrs.get("href")) if isinstance(attrs, Mapping) else ""
        if address.lower().startswith(("http://", "https://")) and address.rstrip(
            "/"
        ) != text.rstrip("/"):
            return f"{text} ({address})"
    return text


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _date(value: Any) -> str:
    """Milliseconds since 1970, in a text, as a date."""
    try:
        return datetime.fromtimestamp(int(value) / 1000, timezone.utc).strftime("%Y-%m-%d")
    except (TypeError, ValueError, OverflowError, OSError):
        return ""
