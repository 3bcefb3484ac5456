"""The folder that a deployment fills: `releases/`, the link `current`, and the note that records
what a release is."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, Iterator, List, Optional

from ...errors import Code, Failure
from ...structs import dataclass
from ...text import length
from ...text.charset import decoded

NOTE = ".opsroom-release.json"
CURRENT = "current"
_LOCK = ".opsroom.lock"
_HALF = ".half-"


@dataclass(frozen=True)
class ReleaseNote:
    """What a release is; it lies in the release as `.opsroom-release.json`. `exported_at` is ISO
    8601, UTC."""

    version: str
    commit: str
    app: str
    environment: str
    exported_at: str = ""


def read_note(folder: Path) -> Optional[ReleaseNote]:
    """The note of a release; None when the folder has none. Raises Failure(bad_answer) when it
    cannot be read."""
    path = folder / NOTE
    try:
        # A number is a version as it is written: 1.10 is not 1.1.
        values = json.loads(decoded(path.read_bytes()), parse_int=str, parse_float=str)
        return ReleaseNote(
            **{
                name: str(values.get(name) or "")
                for name in ("version", "commit", "app", "environment", "exported_at")
            }
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not the JSON it should be"
        raise Failure(Code.BAD_ANSWER, f"The note '{path}' cannot be read: {reason}.") from error


def folder_name(version: str, commit: str) -> str:
    """The name of a release's folder. Two versions never share one: `~` stands for `/` and no
    version contains it."""
    short = commit[:12]
    return short if version == short else f"{version.replace('/', '~')}-{short}"


@contextmanager
def disk_errors(what: str, code: Code = Code.DEPLOY_FAILED) -> Iterator[None]:
    """Turn what the file system says inside the block into a Failure: `what` is the place, as a
    sentence shows it."""
    try:
        yield
    except OSError as error:
        reasons = {
            errno.ENOSPC: "no space is left on the disk",
            errno.EDQUOT: "the disk quota is used up",
            errno.EACCES: "the right to write there is missing",
            errno.EPERM: "the right to write there is missing",
            errno.EROFS: "the file system is read-only",
            errno.ENOTDIR: "a part of the path is no folder",
        }
        where = (
            f" ({error.filename})"
            if isinstance(error.filename, str) and error.filename != what
            else ""
        )
        reason = reasons.get(error.errno or 0, error.strerror or type(error).__name__)
        raise Failure(
            code, f"{what} cannot be written: {reason}{where}.", facts={"errno": error.errno}
        ) from error


def make_folders(path: Path) -> None:
    """Make a folder and the missing ones above it, with the modes of a release whatever the umask:
    another user serves it and has to read it, and only this one may write. Existing ones stay as
    they are."""
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        try:
            folder.mkdir()
        except FileExistsError:  # by another process, in the meantime
            continue
        # A group that is handed down from the folder above (setgid) stays.
        os.chmod(folder, 0o755 | (folder.stat().st_mode & stat.S_ISGID))  # noqa: S103


class Releases:
    """The releases of one application on one environment, below `root`.

    Everything that writes happens under `locked()`: the lock ends with its process, so whatever
    looks half-made to the one who holds it was left by a dead one.
    """

    def __init__(self, root: str) -> None:
        self.root = Path(root)
        self.folder = self.root / "releases"

    @contextmanager
    def locked(
        self, time_limit: float, check: Optional[Callable[[], None]] = None
    ) -> Iterator[None]:
        """Hold the folder for this process alone. Makes it when it is not there.

        Raises Failure(timed_out) when another process keeps it for longer than `time_limit`
        seconds.
        """
        with disk_errors(str(self.root)):
            make_folders(self.folder)
            handle = os.open(self.root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            deadline = time.monotonic() + time_limit
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        message = (
                            f"Another process has been at work in {self.root} for more "
                            f"than {length(time_limit)}."
                        )
                        raise Failure(Code.TIMED_OUT, message) from None
                if check is not None:
                    check()
                time.sleep(0.05)
            yield
        finally:
            os.close(handle)

    def find(self, version: str, commit: str) -> Optional[Path]:
        """The complete release of exactly this version and commit."""
        folder = self.folder / folder_name(version, commit)
        note = _note_or_none(folder)
        return (
            folder
            if note is not None and (note.version, note.commit) == (version, commit)
            else None
        )

    def kept(self) -> List[ReleaseNote]:
        """The notes of all complete releases, the last deployed first."""
        return [note for note in map(_note_or_none, self._complete()) if note is not None]

    def current(self) -> Optional[Path]:
        """The release that `current` points to; None when there is no link."""
        link = self.root / CURRENT
        return Path(os.path.realpath(link)) if link.is_symlink() else None

    def current_note(self) -> Optional[ReleaseNote]:
        """The note of the release that `current` points to, if that is one of ours."""
        current = self.current()
        return _note_or_none(current) if current is not None else None

    @contextmanager
    def making(self, note: ReleaseNote) -> Iterator[Path]:
        """A folder to fill. It becomes the release when the block ends well, and is removed
        otherwise."""
        half = self.folder / f"{_HALF}{os.getpid()}-{os.urandom(4).hex()}"
        half.mkdir(0o700)
        try:
            yield half
            # The release is complete once it has its name, also after a power cut: contents first,
            # name last.
            _flush(half)
            _write_note(half / NOTE, note)
            # Whatever serves the release reads it as another user.
            os.chmod(half, 0o755)  # noqa: S103
            target = self.folder / folder_name(note.version, note.commit)
            aside = self._aside(target)  # one without a fitting note, or it would have been found
            os.rename(half, target)
            _flush_folder(self.folder)
            if aside is not None:
                shutil.rmtree(aside, ignore_errors=True)
        except BaseException:
            shutil.rmtree(half, ignore_errors=True)
            raise

    def flip(self, release: Path) -> None:
        """Point `current` to a release, in one step: nobody ever sees no link or half a link."""
        link = self.root / CURRENT
        if link.exists() and not link.is_symlink():
            raise Failure(
                Code.DEPLOY_FAILED,
                f"{link} is not a link, so it cannot be pointed to the new release.",
                "Move it out of the way once.",
            )
        fresh = self.root / f".{CURRENT}-{os.urandom(4).hex()}"
        # Relative, so that the root can be moved or seen under another path in a container.
        os.symlink(os.path.join(self.folder.name, release.name), fresh)
        try:
            os.replace(fresh, link)
        except BaseException:
            with suppress(OSError):
                os.unlink(fresh)
            raise
        _flush_folder(self.root)
        with suppress(OSError):
            os.utime(release / NOTE)  # the order in which releases are kept

    def sweep(self) -> int:
        """Remove what dead processes left half-made. Returns how many there were."""
        dead = [path for path in self.folder.iterdir() if path.name.startswith(_HALF)]
        dead += [
            path
            for path in self.root.iterdir()
            if path.name.startswith((f".{CURRENT}-", ".mirror-"))
        ]
        for path in dead:
            if path.is_symlink() or path.is_file():
                path.unlink()
            else:
                shutil.rmtree(path)
        return len(dead)

    def tidy(self, keep: int) -> List[str]:
        """Remove all but the `keep` last deployed releases, and never the current one. Folders
        without a release note are someone else's and stay. Returns the names of those removed."""
        current = self.current()
        surplus = [
            path for path in self._complete()[keep:] if Path(os.path.realpath(path)) != current
        ]
        for path in surplus:
            # Renamed first: a release that is half removed must never be taken for a complete one.
            aside = self._aside(path)
            if aside is not None:
                shutil.rmtree(aside)
        return [path.name for path in surplus]

    def half_file(self) -> Path:
        """A path for a temporary file that `sweep` removes when its process dies."""
        return self.folder / f"{_HALF}{os.getpid()}-{os.urandom(4).hex()}.tar"

    def _complete(self) -> List[Path]:
        """The complete releases, the last deployed first; `current` before all others."""
        found = []
        current = self.current()
        with suppress(FileNotFoundError):
            for path in self.folder.iterdir():
                if not path.name.startswith(".") and (path / NOTE).is_file():
                    stamp = (path / NOTE).stat().st_mtime_ns
                    found.append((Path(os.path.realpath(path)) == current, stamp, path.name, path))
        return [path for *_, path in sorted(found, reverse=True)]

    def _aside(self, path: Path) -> Optional[Path]:
        """Rename a folder to what `sweep` removes; None when it is not there."""
        aside = self.folder / f"{_HALF}{os.getpid()}-{os.urandom(4).hex()}"
        try:
            os.rename(path, aside)
        except FileNotFoundError:
            return None
        return aside


def now() -> str:
    """The time of a release note."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _note_or_none(folder: Path) -> Optional[ReleaseNote]:
    try:
        return read_note(folder)
    except Failure:
        return None


def _write_note(path: Path, note: ReleaseNote) -> None:
    fresh = path.with_name(f"{path.name}.{os.urandom(4).hex()}")
    with open(fresh, "x", encoding="utf-8") as file:
        json.dump(asdict(note), file, indent=2)
        file.write("\n")
        file.flush()
        os.fchmod(file.fileno(), 0o644)
        os.fsync(file.fileno())
    os.replace(fresh, path)  # the repository may hold a file, or a link, of that name


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _flush(folder: Path) -> None:
    """Have everything in a folder on the disk. One call for its file system: an fsync for each of
    thousands of files takes seconds."""
    import ctypes

    handle = os.open(folder, os.O_RDONLY)
    try:
        syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
        if syncfs is None:  # not Linux
            os.sync()
        elif syncfs(handle) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(handle)
