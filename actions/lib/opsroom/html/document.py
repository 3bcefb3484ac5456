"""A page from its templates: one file without anything from elsewhere.

Jinja2 escapes every text; it is loaded when a page is rendered. The page says in its own policy
what a browser may do with it: show its one style, run its one script if it has one, and nothing
else. Both are named by their hashes, so that text from outside can be neither.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

from ..text import span
from .escaping import anchor, is_address, visible

_HERE = Path(__file__).parent


def document(
    folder: Path,
    template: str,
    style: str = "",
    script: str = "",
    fetches: bool = False,
    filters: Optional[Mapping[str, Callable[..., Any]]] = None,
    **values: Any,
) -> str:
    """Render `template` of `folder`, which extends `frame.html.j2`.

    Its style is `base.css` of this folder, `page.css` of `folder`, and `style`, for what differs
    from page to page. `script` is one small script of ours, or nothing; it may ask the page's own
    server where `fetches` says so. Neither holds a text from outside. `filters` are the page's own,
    beside those that all have. `values` are what the template shows: every text among them is
    escaped, except what is Markup already.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: Any) -> Any:
        # Before it is escaped; what is markup already was made of such texts.
        if isinstance(value, Markup):
            return Markup(visible(value))  # noqa: S704
        return visible(value) if isinstance(value, str) else value

    environment = Environment(
        loader=FileSystemLoader([str(folder), str(_HERE)]),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(short=short, moment=moment, anchor=anchor, span=span)
    environment.filters.update(filters or {})
    environment.tests["address"] = is_address
    files = [
        (one / name).read_text("utf-8") for one, name in ((_HERE, "base.css"), (folder, "page.css"))
    ]
    whole = "".join([*files, style])
    return environment.get_template(template).render(
        policy=policy(whole, script, fetches),
        style=Markup(whole),  # noqa: S704
        script=Markup(script),  # noqa: S704
        **values,
    )


def policy(style: str, script: str = "", fetches: bool = False) -> str:
    """The Content-Security-Policy of a page with this style and script: nothing else is shown, run,
    fetched or sent; with `fetches`, the page's own server may be asked."""
    allowed = ["default-src 'none'", f"style-src {_hash(style)}"]
    if script:
        allowed.append(f"script-src {_hash(script)}")
    if fetches:
        allowed.append("connect-src 'self'")
    return "; ".join([*allowed, "base-uri 'none'", "form-action 'none'"])


def short(at: datetime) -> str:
    """A moment to the minute: `2026-11-23 14:02`."""
    return at.strftime("%Y-%m-%d %H:%M")


def moment(at: Optional[datetime]) -> str:
    """A moment to the second: `2026-11-23 14:02:45`."""
    return at.strftime("%Y-%m-%d %H:%M:%S") if at else "at an unknown time"


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode('utf-8')).digest()).decode('ascii')}'"
