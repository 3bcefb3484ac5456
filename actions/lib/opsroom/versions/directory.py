"""Read which version runs from a folder: the release that its link `current` points to."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..config.fields import Fields
from ..deploys import Target
from ..deploys.git.release_dir import CURRENT, read_note
from ..errors import Code, Failure
from ..names import VERSION, either, shown
from ..structs import dataclass
from ..templates import fill, unknown
from . import Running, VersionSource

_KNOWN = ("app", "environment")


@dataclass(frozen=True)
class Options:
    """`path` is the folder that holds `current`, with placeholders; the same as the root of the
    deploy kind git."""

    path: str


def read_options(fields: Fields) -> Options:
    """Reads what `current` points to: the release note that the deploy kind `git` leaves, or else
    the name of the folder.

    - `path` (full path): the folder that holds `current`; the `root` of kind `git`.
    """
    path = fields.text("path", pattern=re.compile(r"^/"), expected="a full path, beginning with /")
    for name in unknown(path, _KNOWN):
        known = either(f"{{{one}}}" for one in _KNOWN)
        fields.problem("path", f"{{{name}}} is not filled in here; known: {known}")
    return Options(path)


def make(options: Options, target: Target) -> VersionSource:
    """A source for one application and environment."""
    return DirectoryVersion(
        Path(fill(options.path, {"app": target.app, "environment": target.environment}))
    )


class DirectoryVersion:
    """Reads the release note, or takes the release folder's own name, as Capistrano leaves it."""

    def __init__(self, root: Path) -> None:
        self._link = root / CURRENT

    def ask(self) -> Running:
        """Nothing there means nothing is deployed. Raises Failure(bad_answer) for a link that leads
        nowhere, a note that cannot be read, and a folder whose name is not a version."""
        link = self._link
        try:
            os.lstat(link)
        except (FileNotFoundError, NotADirectoryError):
            return Running("")
        except OSError as error:
            raise Failure(Code.BAD_ANSWER, f"{link} cannot be read: {error.strerror}.") from error
        release = Path(os.path.realpath(link))
        if not release.is_dir():
            what = (
                "points to a release that does not exist"
                if link.is_symlink()
                else "is not a folder"
            )
            raise Failure(
                Code.BAD_ANSWER, f"{link} {what}: {release.name}.", "Deploy again to fix it."
            )
        note = read_note(release)
        version = note.version if note is not None else release.name
        if note is None and not link.is_symlink():
            raise Failure(
                Code.BAD_ANSWER,
                f"{link} is a folder without a release note, so its version is not known.",
            )
        if not VERSION.match(version):
            raise Failure(
                Code.BAD_ANSWER, f"{link} leads to {shown(version)}, which is not a version."
            )
        return Running(version, note.commit if note is not None else "")
