"""The options of the deploy kind git. Every command reads them; few deploy."""

from __future__ import annotations

import re
from typing import Dict, Tuple

from ...config.fields import Fields
from ...names import either, shown
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from ...templates import unknown

# A path, file://, https://, http://, ssh://, git:// or host:path. Not `ext::` and the like, which
# run commands, and nothing that begins with a dash, which would be an option.
REPOSITORY = lazy_pattern(
    r"^(?:/|file:///|(?:https?|ssh|git)://(?!-)"
    r"|(?:[A-Za-z0-9_][\w.+~-]*@)?[A-Za-z0-9][\w.-]*:(?!:|-|//))"
    r"[^\s\0]*(?![\s\S])"
)

# Hosts whose addresses of comparisons are known: of github.com/acme/web.git and the like.
_HOSTED = lazy_pattern(
    r"^(?:(?:https?|ssh|git)://(?:[^/@\s]*@)?|(?:[\w.+~-]+@)?)(?P<host>github\.com|gitlab\.com)"
    r"(?::\d+)?[:/](?P<path>[\w./~-]+?)(?:\.git)?/?\Z"
)
_COMPARE = {
    "github.com": "https://github.com/{path}/compare/{before}...{after}",
    "gitlab.com": "https://gitlab.com/{path}/-/compare/{before}...{after}",
}

# The values of the key `allow_incomplete`: what the repository holds, and what would complete it.
KINDS: Dict[str, Tuple[str, str]] = {
    "lfs": ("Git LFS pointers instead of files", "git lfs pull"),
    "git-crypt": ("files that git-crypt has encrypted", "git-crypt unlock"),
    "git-annex": ("git-annex pointers instead of files", "git annex get"),
    "filters": (
        "files that a filter of .gitattributes has encrypted",
        "git checkout with that filter",
    ),
    "submodules": ("submodules, which are empty folders here", "git submodule update"),
}


@dataclass(frozen=True)
class Options:
    """`repository` and `root` with placeholders; `keep` releases; `time_limit` in seconds for each
    step; `allow_incomplete` names the sorts of content that may be missing. `compare` is the
    address of a page that compares two versions, empty where there is none."""

    repository: str
    root: str
    keep: int = 5
    time_limit: float = 600.0
    allow_incomplete: Tuple[str, ...] = ()
    compare: str = ""


def read_options(fields: Fields) -> Options:
    """A version is a tag, a branch or a commit (seven digits or more). It is exported into
    `releases/`, and the link `current` is pointed to it in one step.

    - `repository` (path, `file://`, `https://`, `http://`, `ssh://`, `git://` or `host:path`): the
      repository with the versions.
    - `root` (full path): the folder that holds `releases/`, `current` and `mirror.git`.
    - `keep`: how many releases stay; the current one always does.
    - `time_limit`: how long each step may take: fetching, exporting, waiting for another process.
    - `compare` (address with `{before}` and `{after}`; default that of github.com and gitlab.com):
      a page that compares two versions, for answers and reports.
    - `allow_incomplete` (list of `lfs`, `git-crypt`, `git-annex`, `filters`, `submodules`): what a
      release may lack; a version that lacks anything else is refused.
    """
    options = Options(
        repository=fields.text(
            "repository",
            pattern=REPOSITORY,
            expected="the address of a git repository: a full path, file://, https://, ssh:// or "
            "host:path",
        ),
        root=fields.text(
            "root", pattern=re.compile(r"^/"), expected="a full path, beginning with /"
        ),
        keep=fields.whole_number("keep", 5, minimum=1),
        time_limit=fields.seconds("time_limit", 600.0, minimum=1.0),
        allow_incomplete=fields.texts("allow_incomplete", ()),
        compare=fields.text(
            "compare",
            "",
            pattern=re.compile(r"^https?://[^\s@]+\Z"),
            expected="an http or https address with {before} and {after}",
        ),
    )
    for kind in options.allow_incomplete:
        if kind not in KINDS:
            fields.problem("allow_incomplete", f"expected {either(KINDS)}, found {shown(kind)}")
    for key, template, allowed in (
        ("repository", options.repository, ("app",)),
        ("root", options.root, ("app", "environment")),
        ("compare", options.compare, ("app", "before", "after")),
    ):
        for name in unknown(template, allowed):
            fields.problem(
                key,
                f"{{{name}}} is not filled in here; known: "
                f"{either(f'{{{one}}}' for one in allowed)}",
            )
    return options


def compare_template(repository: str) -> str:
    """The address of a comparison at the host of a repository, with {before} and {after}; empty
    where the host is not one whose addresses are known."""
    found = _HOSTED.match(repository)
    if found is None:
        return ""
    return _COMPARE[found["host"]].replace("{path}", found["path"])
