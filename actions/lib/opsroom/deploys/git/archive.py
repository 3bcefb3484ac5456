"""Files of a git tree that stand for their content and are not it: pointers, ciphertext, empty
submodules.

What is looked at are the first bytes of each file, which are read anyway. Files that are encrypted
on purpose (sops, ansible-vault, gpg) are content: it is for the application to decrypt them. They
count only where git itself was to do it, by a filter in `.gitattributes`.

Unpacking an archive of a git tree into an empty folder, without ever writing outside of it.
"""

from __future__ import annotations

import os
import tarfile
import time
from dataclasses import field
from pathlib import Path
from typing import IO, BinaryIO, Callable, Dict, List, Sequence, Set, Tuple

from ...errors import Code, Failure
from ...names import listed
from ...structs import dataclass
from .options import KINDS
from .release_dir import make_folders

# The longest beginning that is needed to decide.
HEAD = 1024
_LFS = tuple(
    b"version " + url
    for url in (
        b"https://git-lfs.github.com/spec/",
        b"https://hawser.github.com/spec/",
        b"http://git-media.io/v/",
    )
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
_MAX_SUSPECTS = 1000
_SHOWN = 3


@dataclass
class Findings:
    """What was found, by kind: the first paths, and how many there are. `suspects` are files that
    count if a filter of git was to decrypt them."""

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
        elif head.startswith(_CIPHERTEXT) and len(self.suspects) < _MAX_SUSPECTS:
            self.suspects.append(path)

    def link(self, path: str, target: str) -> None:
        """Look at a link."""
        if _ANNEX_LINK in f"/{target}":
            self.add("git-annex", path)


def must_be_complete(
    findings: Findings, allowed: Sequence[str], app: str, version: str
) -> List[str]:
    """What was found and is allowed, as lines of the progress.

    Raises Failure(deploy_failed) for the rest, with what to do.
    """
    found = [kind for kind in KINDS if findings.counts.get(kind)]
    wrong = [kind for kind in found if kind not in allowed]
    if not wrong:
        return [
            f"the release holds {_described(kind, findings)}, which allow_incomplete permits"
            for kind in found
        ]
    raise Failure(
        Code.DEPLOY_FAILED,
        f"{app} {version} is not complete: the repository holds "
        f"{listed(_described(kind, findings) for kind in wrong)}.",
        f"Deploy it with a command that runs {listed(KINDS[kind][1] for kind in wrong)}; or, if "
        "the release works"
        f" without, set allow_incomplete: [{', '.join(wrong)}] in apps.{app}.deploy.",
        facts={"incomplete": {kind: findings.counts[kind] for kind in wrong}},
    )


def _described(kind: str, findings: Findings) -> str:
    more = findings.counts[kind] - len(findings.paths[kind])
    names = (
        f"{', '.join(findings.paths[kind])} and {more} more"
        if more
        else listed(findings.paths[kind])
    )
    return f"{KINDS[kind][0]} ({names})"


_PULSE = 0.5


@dataclass(frozen=True)
class Unpacked:
    """What came out: the number of files and links, the folders with nothing in them (git keeps
    none, so they stand for something that is not there), and what is not the content that it should
    be."""

    files: int
    empty: Tuple[str, ...]
    findings: Findings


def unpack(archive: BinaryIO, folder: Path, check: Callable[[], None]) -> Unpacked:
    """Unpack folders, files (with their executable bit) and links. `check` is called about twice a
    second.

    Not `tarfile.extractall`: its safe filter is missing in older Pythons. Links are made last, so
    that nothing can be written through one, and each must lead to a place inside the folder.

    Raises Failure(deploy_failed) for an archive that is damaged or holds something that must not be
    unpacked.
    """
    links: List[Tuple[str, str]] = []
    findings, folders, files = Findings(), _Folders(), 0
    beat = _Beat(check)
    try:
        with tarfile.open(fileobj=archive, mode="r:") as tar:
            for member in tar:
                beat()
                parts = [part for part in member.name.split("/") if part not in ("", ".")]
                if member.name.startswith("/") or ".." in parts:
                    raise _unfit(f"'{member.name}' lies outside of the release")
                path = folder.joinpath(*parts)
                folders.see(parts, member.isdir())
                if member.isdir():
                    path.mkdir(parents=True, exist_ok=True)
                    os.chmod(path, 0o755)  # noqa: S103  as below
                elif member.issym():
                    links.append((member.name, member.linkname))
                    findings.link(member.name, member.linkname)
                elif member.isreg():
                    content = tar.extractfile(member)
                    assert content is not None
                    files += 1
                    head = _write(path, content, member.size, bool(member.mode & 0o100), beat)
                    findings.file(member.name, head, member.size)
                else:
                    raise _unfit(f"'{member.name}' is neither a file, a folder nor a link")
    except (tarfile.TarError, EOFError) as error:
        raise _unfit(
            "it holds no files" if _is_empty(archive) else "the archive is damaged"
        ) from error
    _link(folder, links)
    return Unpacked(files + len(links), folders.empty(), findings)


def _is_empty(archive: BinaryIO) -> bool:
    """Whether nothing follows the two blocks of git's comment, which Python takes for a damaged
    archive."""
    archive.seek(1024)
    return not archive.read(1 << 16).strip(b"\0")


class _Folders:
    """Which folders of the archive have nothing in them."""

    def __init__(self) -> None:
        self._seen: Set[Tuple[str, ...]] = set()
        self._filled: Set[Tuple[str, ...]] = set()

    def see(self, parts: List[str], folder: bool) -> None:
        self._filled.add(tuple(parts[:-1]))
        if folder:
            self._seen.add(tuple(parts))

    def empty(self) -> Tuple[str, ...]:
        return tuple(sorted("/".join(parts) for parts in self._seen - self._filled if parts))


class _Beat:
    """Calls the check, but not for each of thousands of small files."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._next = 0.0

    def __call__(self) -> None:
        if time.monotonic() >= self._next:
            self._check()
            self._next = time.monotonic() + _PULSE


def _write(path: Path, content: IO[bytes], size: int, executable: bool, beat: _Beat) -> bytes:
    """Write a file; returns how it begins."""
    make_folders(path.parent)
    left, first = size, b""
    handle = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o755 if executable else 0o644
    )
    with os.fdopen(handle, "wb") as file:
        while left > 0:
            data = content.read(min(left, 1 << 20))
            if not data:
                raise _unfit("the archive is damaged")
            first = first or data[:HEAD]
            file.write(data)
            left -= len(data)
            beat()
        # git knows one bit of a file's mode; what the umask of this process is must not decide who
        # can read it.
        os.fchmod(file.fileno(), 0o755 if executable else 0o644)
    return first


def _link(folder: Path, links: List[Tuple[str, str]]) -> None:
    inside = os.path.realpath(folder)
    for name, target in links:
        if target.startswith("/"):
            raise _unfit(f"the link '{name}' leads to '{target}', outside of the release")
        path = folder / name
        make_folders(path.parent)
        os.symlink(target, path)
    # Checked when all are there: a link may lead on over another.
    for name, target in links:
        end = os.path.realpath(folder / name)
        if end != inside and not end.startswith(inside + os.sep):
            raise _unfit(f"the link '{name}' leads to '{target}', outside of the release")


def _unfit(reason: str) -> Failure:
    return Failure(
        Code.DEPLOY_FAILED,
        f"The version cannot be unpacked: {reason}.",
        "Only files, folders and links that stay inside the release can be deployed.",
    )
