"""How to ask which version runs somewhere: one module a kind.

To add a kind: one file in this folder with `read_options` and `make`, one line in REGISTRY, one
test.
"""

from __future__ import annotations

from dataclasses import field
from typing import Protocol, Tuple

from ..registry import Registry
from ..structs import dataclass
from ..structs.patterns import lazy_pattern

_HASH = lazy_pattern(r"^[0-9a-f]{7,64}$")


@dataclass(frozen=True)
class Running:
    """What runs: `version` is empty when nothing has been deployed there; `commit` where the source
    knows it.

    `cached` has the headers by which an answer shows that it came from a cache, such as `Age: 120`.
    `mixed`: parts of the place run other versions, so that this is not what runs everywhere. A
    source whose parts differ raises Failure(bad_answer) with the facts `mixed` and `versions`: what
    runs where, by version; the version of a part on which nothing runs is empty.
    """

    version: str
    commit: str = ""
    cached: str = field(default="", compare=False)
    mixed: bool = field(default=False, compare=False)


class VersionSource(Protocol):
    """One way to ask, for one application and environment."""

    def ask(self) -> Running:
        """What runs now. Raises Failure when that is unknown; ends within the source's own time
        limit."""


class Version(Protocol):
    """A version by its name, and by its commit where that is known."""

    @property
    def version(self) -> str:
        """Its name."""

    @property
    def commit(self) -> str:
        """Its commit; empty where it is not known."""


def same(one: Version, other: Version) -> bool:
    """Whether two versions are one: by their commits where both are known, since a tag can be
    moved; else by their names, of which one may be the other's commit. Nothing is the same as
    nothing else."""
    if one.commit and other.commit:
        return _same_commit(one.commit, other.commit)
    if same_version(one.version, other.version):
        return True
    return _is_commit_of(one.version, other.commit) or _is_commit_of(other.version, one.commit)


def same_version(one: str, other: str) -> bool:
    """Whether two names mean one version: equal, apart from a leading v before a digit, or one
    commit abbreviated."""
    if not one or not other:
        return False
    first, second = _bare(one), _bare(other)
    return first == second or _same_commit(first, second)


def distinct_names(one: Version, other: Version) -> Tuple[str, str]:
    """The names of two versions for one sentence, with their commits where one name was moved from
    one to the other."""
    if same_version(one.version, other.version) and not same(one, other):
        return f"{one.version} ({one.commit[:12]})", f"{other.version} ({other.commit[:12]})"
    return one.version, other.version


def _is_commit_of(name: str, commit: str) -> bool:
    return bool(commit) and _same_commit(name, commit)


def _same_commit(one: str, other: str) -> bool:
    """Whether both are commits, of which one may be abbreviated. The number of a build is none:
    1234567 is not the beginning of 12345678, while all but a few commits have letters in them."""
    one, other = one.lower(), other.lower()
    if len(one) == len(other) and one != other:
        return False
    short, long = sorted((one, other), key=len)
    if not (_HASH.match(short) and _HASH.match(long)):
        return False
    return short == long or (long.startswith(short) and not long.isdigit())


def _bare(version: str) -> str:
    return (
        version[1:] if len(version) > 1 and version[0] in "vV" and version[1].isdigit() else version
    )


REGISTRY: Registry[VersionSource] = Registry(
    "version kind",
    {
        "argocd": "opsroom.versions.argocd",
        "command": "opsroom.versions.command",
        "directory": "opsroom.versions.directory",
        "github": "opsroom.versions.github",
        "gitlab": "opsroom.versions.gitlab",
        "http": "opsroom.versions.http",
        "kubernetes": "opsroom.versions.kubernetes",
        "jenkins": "opsroom.versions.jenkins",
        "ssh": "opsroom.versions.ssh",
        "stackstorm": "opsroom.versions.stackstorm",
    },
)
