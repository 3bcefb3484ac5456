"""Files of a git tree that stand for their content and are not it: pointers, ciphertext, empty submodules.

What is looked at are the first bytes of each file, which are read anyway. Files that are encrypted on purpose (sops,
ansible-vault, gpg) are content: it is for the application to decrypt them. They count only where git itself was to
do it, by a filter in `.gitattributes`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Sequence, Tuple

from .errors import Code, Failure
from .names import listed

# The longest beginning that is needed to tell.
HEAD = 1024
_LFS = tuple(
    b"version " + url
    for url in (b"https://git-lfs.github.com/spec/", b"https://hawser.github.com/spec/", b"http://git-media.io/v/")
)
_CRYPT = b"\0GITCRYPT\0"
_ANNEX = b"/annex/objects/"
_ANNEX_LINK = ".git/annex/objects/"
# What encrypting filters write: openssl (transcrypt), age (git-agecrypt), gpg.
_CIPHERTEXT = (
    b"U2FsdGVkX1",
    b"Salted__",
    b"age-encryption.org/v1",
    b"-----BEGIN AGE ENCRYPTED FILE",
    b"-----BEGIN PGP MESSAGE",
)
# Names that are kept of each kind; all are counted.
_MOST = 1000
_SHOWN = 3

# The values of the key `allow_incomplete`: what the repository holds, and what would complete it.
KINDS: Dict[str, Tuple[str, str]] = {
    "lfs": ("Git LFS pointers instead of files", "git lfs pull"),
    "git-crypt": ("files that git-crypt has encrypted", "git-crypt unlock"),
    "git-annex": ("git-annex pointers instead of files", "git annex get"),
    "filters": ("files that a filter of .gitattributes has encrypted", "git checkout with that filter"),
    "submodules": ("submodules, which are empty folders here", "git submodule update"),
}


@dataclass
class Findings:
    """What was found, by kind: the first paths, and how many there are. `suspects` are files that count if a filter of
    git was to decrypt them."""

    paths: Dict[str, List[str]] = field(default_factory=dict)
    counts: Dict[str, int] = field(default_factory=dict)
    suspects: List[str] = field(default_factory=list)

    def add(self, kind: str, path: str) -> None:
        """Note one."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        found = self.paths.setdefault(kind, [])
        if len(found) < _SHOWN:
            found.append(path)

    def file(self, path: str, head: bytes, size: int) -> None:
        """Look at a file: its first bytes (HEAD of them at least, or all) and its whole size."""
        if size <= HEAD and head.startswith(_LFS) and b"\noid " in head:
            self.add("lfs", path)
        elif head.startswith(_CRYPT):
            self.add("git-crypt", path)
        elif size <= 32768 and head.startswith(_ANNEX) and b"\0" not in head:
            self.add("git-annex", path)
        elif head.startswith(_CIPHERTEXT) and len(self.suspects) < _MOST:
            self.suspects.append(path)

    def link(self, path: str, target: str) -> None:
        """Look at a link."""
        if _ANNEX_LINK in f"/{target}":
            self.add("git-annex", path)


def must_be_complete(findings: Findings, allowed: Sequence[str], app: str, version: str) -> List[str]:
    """What was found and is allowed, as lines of the progress.

    Raises Failure(deploy_failed) for the rest, with what to do.
    """
    found = [kind for kind in KINDS if findings.counts.get(kind)]
    wrong = [kind for kind in found if kind not in allowed]
    if not wrong:
        return [f"the release holds {_told(kind, findings)}, which allow_incomplete permits" for kind in found]
    raise Failure(
        Code.DEPLOY_FAILED,
        f"{app} {version} is not complete: the repository holds {listed(_told(kind, findings) for kind in wrong)}.",
        f"Deploy it with a command that runs {listed(KINDS[kind][1] for kind in wrong)}; or, if the release works"
        f" without, set allow_incomplete: [{', '.join(wrong)}] in apps.{app}.deploy.",
        facts={"incomplete": {kind: findings.counts[kind] for kind in wrong}},
    )


def _told(kind: str, findings: Findings) -> str:
    more = findings.counts[kind] - len(findings.paths[kind])
    names = f"{', '.join(findings.paths[kind])} and {more} more" if more else listed(findings.paths[kind])
    return f"{KINDS[kind][0]} ({names})"
