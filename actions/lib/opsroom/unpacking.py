"""Unpacking an archive of a git tree into an empty folder, without ever writing outside of it."""

from __future__ import annotations

import os
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Callable, List, Tuple

from .errors import Code, Failure

_LFS = b"version https://git-lfs.github.com/spec/"
_LFS_LARGEST = 1024
_PULSE = 0.5


@dataclass(frozen=True)
class Unpacked:
    """What came out: the number of files and links, and how many files are only Git LFS pointers."""

    files: int
    pointers: int


def unpack(archive: BinaryIO, folder: Path, check: Callable[[], None]) -> Unpacked:
    """Unpack folders, files (with their executable bit) and links. `check` is called about twice a second.

    Not `tarfile.extractall`: its safe filter is missing in older Pythons. Links are made last, so that nothing can be
    written through one, and each must lead to a place inside the folder.

    Raises Failure(deploy_failed) for an archive that is damaged or holds something that must not be unpacked.
    """
    links: List[Tuple[str, str]] = []
    files = pointers = 0
    beat = _Beat(check)
    try:
        with tarfile.open(fileobj=archive, mode="r:") as tar:
            for member in tar:
                beat()
                parts = [part for part in member.name.split("/") if part not in ("", ".")]
                if member.name.startswith("/") or ".." in parts:
                    raise _unfit(f"'{member.name}' lies outside of the release")
                path = folder.joinpath(*parts)
                if member.isdir():
                    path.mkdir(parents=True, exist_ok=True)
                    os.chmod(path, 0o755)  # noqa: S103  as below
                elif member.issym():
                    links.append((member.name, member.linkname))
                elif member.isreg():
                    content = tar.extractfile(member)
                    assert content is not None
                    files += 1
                    pointers += _write(path, content, member.size, bool(member.mode & 0o100), beat)
                else:
                    raise _unfit(f"'{member.name}' is neither a file, a folder nor a link")
    except (tarfile.TarError, EOFError) as error:
        raise _unfit("the archive is damaged") from error
    _link(folder, links)
    return Unpacked(files + len(links), pointers)


class _Beat:
    """Calls the check, but not for each of thousands of small files."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._next = 0.0

    def __call__(self) -> None:
        if time.monotonic() >= self._next:
            self._check()
            self._next = time.monotonic() + _PULSE


def _write(path: Path, content: IO[bytes], size: int, executable: bool, beat: _Beat) -> bool:
    """Write a file; True when it is a Git LFS pointer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    left, first = size, b""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o755 if executable else 0o644)
    with os.fdopen(handle, "wb") as file:
        while left > 0:
            data = content.read(min(left, 1 << 20))
            if not data:
                raise _unfit("the archive is damaged")
            first = first or data[:_LFS_LARGEST]
            file.write(data)
            left -= len(data)
            beat()
        # git knows one bit of a file's mode; what the umask of this process is must not decide who can read it.
        os.fchmod(file.fileno(), 0o755 if executable else 0o644)
    return size <= _LFS_LARGEST and first.startswith(_LFS)


def _link(folder: Path, links: List[Tuple[str, str]]) -> None:
    inside = os.path.realpath(folder)
    for name, target in links:
        if target.startswith("/"):
            raise _unfit(f"the link '{name}' leads to '{target}', outside of the release")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
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
