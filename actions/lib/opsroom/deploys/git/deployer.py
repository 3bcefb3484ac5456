"""Deploying a tag, a branch or a commit: it is looked up in the mirror, exported, completed and
switched to."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple
from urllib.parse import quote

from ...errors import Code, Failure, Refusal
from ...names import VERSION, check_version, either, listed, nearest, shown
from ...structs.patterns import lazy_pattern
from ...templates import fill
from .. import Commit, Job, Resolved, Target
from ..reverts import referred_to
from .archive import must_be_complete
from .mirror import Mirror
from .options import Options, compare_template
from .precedence import newest_first
from .release_dir import ReleaseNote, Releases, disk_errors, now

if TYPE_CHECKING:
    from .archive import Unpacked

# Paths of which git is asked at once: a command line has an end.
_MAX_PATHS = 1000
_COMMIT = lazy_pattern(r"^[0-9a-fA-F]{7,64}$")
# The digits of a whole id, SHA-1 or SHA-256.
_WHOLE = (40, 64)
# Each of them is looked up separately.
_MAX_REVERTED = 20


class GitDeployer:
    """Deploys tags, branches and commits of one repository into one root."""

    def __init__(
        self, repository: str, releases: Releases, options: Options, target: Target
    ) -> None:
        self._releases = releases
        self._keep = options.keep
        self._time_limit = options.time_limit
        self._allowed = options.allow_incomplete
        self._target = target
        self._repository = repository
        self._compare = options.compare
        self._mirror = Mirror(releases.root / "mirror.git", repository, options.time_limit)

    def resolve(self, version: str) -> Resolved:
        """A tag stands for itself, a branch or a commit (7 digits or more) for the commit's first
        12 digits.

        A name that is both tag and branch means the tag, as it does to git. When the repository
        cannot be reached, a release that is still on the disk can be deployed again.
        """
        version = check_version(version)
        with disk_errors(str(self._releases.root)), self._releases.locked(self._time_limit):
            try:
                self._mirror.fetch()
            except Failure:
                kept = self._kept(version)
                if kept is None:
                    raise
                return kept
            return self._look_up(version)

    def commits(self, before: str, resolved: Resolved) -> Tuple[Commit, ...]:
        """The commits between the two, and the older ones that they revert."""
        if not before or not resolved.commit:
            return ()
        with disk_errors(str(self._releases.root)), self._releases.locked(self._time_limit):
            start = self._start(before)
            if not start or start == resolved.commit:
                return ()
            new = self._mirror.log(start, resolved.commit)
            return (*new, *self._reverted(start, new))

    def compare_link(self, before: str, after: str) -> str:
        """A page of the repository's host, or the one that the config names."""
        template = self._compare or compare_template(self._repository)
        values = {"app": self._target.app, "before": before, "after": after}
        return fill(template, values, partial(quote, safe="/")) if template else ""

    def deploy(self, resolved: Resolved, job: Job) -> None:
        """Export, unless this release is there already; then flip `current`, then remove what is
        not kept."""
        root = str(self._releases.root)
        if not resolved.commit:
            resolved = self.resolve(resolved.version)
        with disk_errors(root), self._releases.locked(self._time_limit, job.check):
            self._must_be_ours()
            with suppress(OSError):  # what cannot be removed is no reason not to deploy
                self._releases.sweep()
            release = self._releases.find(resolved.version, resolved.commit)
            if release is None:
                release = self._export(resolved, job)
            else:
                job.note(f"{resolved.version} is there already as {release.name}")
            job.check()
            self._releases.flip(release)
            job.note(f"current now points to {release.name}")
            try:
                removed = self._releases.tidy(self._keep)
            except OSError as error:
                job.note(f"old releases could not be removed: {error.strerror}")
            else:
                if removed:
                    job.note(f"removed {listed(removed)}")

    def _start(self, before: str) -> str:
        """The full commit that a version is; empty where the repository has none."""
        is_commit = bool(_COMMIT.match(before))
        if is_commit and len(before) in _WHOLE:
            # It means nothing else, and `log` finds nothing after one that git does not know.
            return before.lower()
        names = (f"refs/tags/{before}", *((before.lower(),) if is_commit else ()))
        return next((found for found in map(self._mirror.commit, names) if found), "")

    def _reverted(self, start: str, new: Sequence[Commit]) -> List[Commit]:
        """The commits of `start` that the new ones revert, those that these revert, and so on; then
        what the merges among them brought."""
        found: List[Commit] = []
        known = {one.id for one in new}
        messages = [one.message for one in new]
        while messages and len(found) < _MAX_REVERTED:
            wanted = [
                id
                for id in referred_to(messages)
                if not any(one.startswith(id.lower()) for one in known)
            ]
            older = self._mirror.older(start, wanted[:_MAX_REVERTED])
            found += older
            known.update(one.id for one in older)
            messages = [one.message for one in older]
        merges = [one for one in found if len(one.parents) > 1]
        found += [brought for one in merges for brought in self._mirror.brought(one)]
        return found

    def _look_up(self, version: str) -> Resolved:
        tag = self._mirror.commit(f"refs/tags/{version}")
        if tag:
            return Resolved(version, version, tag)
        commit = self._mirror.commit(f"refs/heads/{version}")
        if not commit and _COMMIT.match(version):
            commit = self._mirror.commit(version.lower())
            if not commit:
                kept = self._kept(version.lower(), by_name=False)
                if kept is not None:  # its branch was rewritten since
                    return kept
                if self._mirror.count(version.lower()) > 1:
                    message = (
                        f"{shown(version)} is the beginning of several things in the repository."
                    )
                    raise Refusal(Code.UNKNOWN_VERSION, message, "Type more digits of the commit.")
        if commit:
            return Resolved(commit[:12], version, commit)
        raise self._unknown(version)

    def _unknown(self, version: str) -> Refusal:
        tags, branches = (
            [name for name in newest_first(refs, version) if VERSION.match(name)]
            for refs in self._mirror.refs()
        )
        near = nearest(version, tags + branches)
        if near:
            hint = f"Did you mean {either(near)}?"
        elif tags or branches:
            hint = f"The newest are {listed((tags or branches)[:3])}."
        else:
            hint = "The repository has no tags and no branches that could be deployed."
        message = f"There is no tag, branch or commit {shown(version)} of {self._target.app}."
        return Refusal(
            Code.UNKNOWN_VERSION, message, hint, {"nearest": near or (tags or branches)[:3]}
        )

    def _kept(self, version: str, by_name: bool = True) -> Optional[Resolved]:
        """The last deployed release on the disk of that version or commit. A commit never means
        something else."""
        for note in self._releases.kept():
            same_commit = bool(_COMMIT.match(version)) and note.commit.startswith(version.lower())
            if same_commit or (by_name and note.version == version):
                return Resolved(note.version, version, note.commit)
        return None

    def _must_be_ours(self) -> None:
        """A root without placeholders in it would let a deployment to test replace what runs on
        production."""
        note = self._releases.current_note()
        if note is not None and (note.app, note.environment) != (
            self._target.app,
            self._target.environment,
        ):
            raise Failure(
                Code.DEPLOY_FAILED,
                f"{self._releases.root} already holds {note.app} on {note.environment}.",
                "Give each application and environment a root of its own, with {app} and "
                "{environment} in it.",
            )

    def _export(self, resolved: Resolved, job: Job) -> Path:
        from .archive import unpack

        note = ReleaseNote(
            resolved.version, resolved.commit, self._target.app, self._target.environment, now()
        )
        short = resolved.commit[:12]
        job.note(
            f"exporting {resolved.version}" + ("" if short == resolved.version else f" ({short})")
        )
        path = self._releases.half_file()
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb+") as archive:
                self._mirror.archive(resolved.commit, archive, job.check)
                archive.seek(0)
                with self._releases.making(note) as half:
                    unpacked = unpack(archive, half, job.check)
                    for line in self._missing(resolved, unpacked):
                        job.note(line)
                    job.note(f"unpacked {unpacked.files} files")
                    job.check()
        finally:
            path.unlink(missing_ok=True)
        release = self._releases.find(note.version, note.commit)
        assert release is not None
        return release

    def _missing(self, resolved: Resolved, unpacked: Unpacked) -> List[str]:
        """What is not in the release and need not be. Raises Failure(deploy_failed) for the
        rest."""
        findings = unpacked.findings
        if unpacked.empty:
            for path in self._mirror.submodules(resolved.commit, unpacked.empty[:_MAX_PATHS]):
                findings.add("submodules", path)
        if findings.suspects:
            for path in self._mirror.filtered(resolved.commit, findings.suspects):
                findings.add("filters", path)
        return must_be_complete(findings, self._allowed, self._target.app, resolved.version)
