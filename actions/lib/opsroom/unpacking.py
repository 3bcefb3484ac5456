"""Unpacking an archive of a git tree into an empty folder, without ever writing outside of it."""

from __future__ import annotations

import os
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Callable, List, Set, Tuple

from .errors import Code, Failure
from .missing_content import HEAD, Findings
from .releases import make_folders

_PULSE = 0.5


@dataclass(frozen=True)
class Unpacked:
    """What came out: the number of files and links, the folders with nothing in them (git keeps none, so they stand for
    something that is not there), and what is not the content that it should be."""

    files: int
    empty: Tuple[str, ...]
    findings: Findings


def unpack(archive: BinaryIO, folder: Path, check: Callable[[], None]) -> Unpacked:
    """Unpack folders, files (with their executable bit) and links. `check` is called about twice a second.

    Not `tarfile.extractall`: its safe filter is missing in older Pythons. Links are made last, so that nothing can be
    written through one, and each must lead to a place inside the folder.

    Raises Failure(deploy_failed) for an archive that is damaged or holds something that must not be unpacked.
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
        raise _unfit("it holds no files" if _is_empty(archive) else "the archive is damaged") from error
    _link(folder, links)
    return Unpacked(files + len(links), folders.empty(), findings)


def _is_empty(archive: BinaryIO) -> bool:
    """Whether nothing follows the two blocks of git's comment, which Python takes for a damaged archive."""
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
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o755 if executable else 0o644)
    with os.fdopen(handle, "wb") as file:
        while left > 0:
            data = content.read(min(left, 1 << 20))
            if not data:
                raise _unfit("the archive is damaged")
            first = first or data[:HEAD]
            file.write(data)
            left -= len(data)
            beat()
        # git knows one bit of a file's mode; what the umask of this process is must not decide who can read it.
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
