"""A bare mirror of a git repository: brought up to date, asked for commits, exported from, made
anew when damaged."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import BinaryIO, Dict, List, Mapping, Optional, Sequence, Tuple

from ...errors import Code, Failure
from ...secrets import redact
from ...structs.patterns import lazy_pattern
from ...subprocesses import Check, Ended, capture
from .. import Commit
from .errors import Fault, fault_of, is_web, nothing_served, reason_of
from .precedence import Ref

# git asks nobody, runs no hooks, starts no housekeeping that outlives the command, changes no line
# ends, and fills in no Git LFS files (their server may not be reachable from here).
_QUIET = (
    "core.hooksPath=/dev/null",
    "protocol.ext.allow=never",
    "gc.autoDetach=false",
    "maintenance.autoDetach=false",
    "core.autocrlf=false",
    # what a repository has that says nothing else; git 3 begins with another
    "init.defaultObjectFormat=sha1",
    "filter.lfs.smudge=",
    "filter.lfs.process=",
    "filter.lfs.required=false",
)
_ENVIRON = {
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "GIT_TERMINAL_PROMPT": "0",
    # No window that asks for a password or a passphrase, for git and ssh alike.
    "SSH_ASKPASS": None,
    "SSH_ASKPASS_REQUIRE": "never",
    "LC_ALL": "C",  # the reasons are looked for in English
    # Set while git runs a hook; they would point our commands at that repository.
    "GIT_DIR": None,
    "GIT_WORK_TREE": None,
    "GIT_INDEX_FILE": None,
    "GIT_COMMON_DIR": None,
    "GIT_NAMESPACE": None,
    "GIT_OBJECT_DIRECTORY": None,
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": None,
    "GIT_DEFAULT_HASH": None,
}
_REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_DISK = lazy_pattern(r"No space left on device|Disk quota exceeded|Read-only file system")
# Said when the mirror has another sort of ids than the repository.
_OTHER_IDS = lazy_pattern(r"mismatched algorithms: client \w+; server (\w+)")
_NO_OTHER_IDS = lazy_pattern(r"unknown option [`']object-format|unknown hash algorithm")

# A commit as `_commits` reads it; what the user of the machine has configured must not come in
# between.
_FORM = ("--no-color", "--no-show-signature", "--format=%H%x1f%P%x1f%aN%x1f%ct%x1f%B%x00")


class Mirror:
    """The mirror at `path` of the repository at `address`. The caller holds the lock of the
    folder around it."""

    def __init__(self, path: Path, address: str, time_limit: float) -> None:
        self._path = path
        self._address = address
        self._time_limit = time_limit

    def fetch(self, check: Optional[Check] = None) -> None:
        """Bring it up to date: all branches and tags, and no others.

        A mirror that cannot be brought up to date is made again; when that fails as well, the
        source is to blame. Raises Failure: unreachable, unauthorized, bad_answer, timed_out,
        deploy_failed (no room for it)."""
        deadline = time.monotonic() + self._time_limit
        if self._path.is_dir():
            done = self._fetch_into(self._path, deadline, check)
            if done.status == 0:
                return
            fault = self._fault(done)
            if fault.elsewhere:
                raise fault.failure
        self._clone(deadline, check)

    def commit(self, name: str) -> str:
        """The full commit that a full ref name or the beginning of a commit stands for; empty when
        there is none."""
        # No `--end-of-options`: older gits print it. What is asked for begins with "refs/" or is
        # hexadecimal.
        found = self._git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        return found.output.strip() if found.status == 0 else ""

    def count(self, digits: str) -> int:
        """How many things have an id that begins with these digits."""
        return len(self._git("rev-parse", f"--disambiguate={digits}").output.split())

    def refs(self) -> Tuple[List[Ref], List[Ref]]:
        """All tags and all branches, each with the moment at which it was made."""
        form = "--format=%(creatordate:unix) %(refname)"
        tags: List[Ref] = []
        branches: List[Ref] = []
        for line in self._git("for-each-ref", form, "refs/tags", "refs/heads").output.splitlines():
            made_at, _, name = line.partition(" ")
            for kind, into in (("refs/tags/", tags), ("refs/heads/", branches)):
                if name.startswith(kind):
                    into.append(Ref(name[len(kind) :], int(made_at) if made_at.isdigit() else 0))
        return tags, branches

    def log(self, before: str, after: str, most: int = 500) -> List[Commit]:
        """The commits that `after` has and `before` has not, newest first, children before parents;
        none when git does not know. Both are full commits."""
        result = self._git(
            "log", f"--max-count={most}", "--topo-order", *_FORM, f"{before}..{after}", "--"
        )
        return _commits(result.output, new=True) if result.status == 0 else []

    def older(self, start: str, ids: Sequence[str]) -> List[Commit]:
        """Those of the commits, named by at least 7 digits, that `start` (a full commit) has."""
        found: List[Commit] = []
        for id in dict.fromkeys(filter(None, (self.commit(id.lower()) for id in ids))):
            if self._git("merge-base", "--is-ancestor", id, start).status == 0:
                result = self._git("log", "--no-walk", *_FORM, id, "--")
                found += _commits(result.output, new=False) if result.status == 0 else []
        return found

    def brought(self, merge: Commit, most: int = 200) -> List[Commit]:
        """The commits that a merge brought into its first parent, newest first."""
        mainline, *others = merge.parents
        result = self._git(
            "log", f"--max-count={most}", "--topo-order", *_FORM, *others, f"^{mainline}", "--"
        )
        return _commits(result.output, new=False) if result.status == 0 else []

    def archive(self, commit: str, into: BinaryIO, check: Check) -> None:
        """Write the tree of a commit as a tar archive. A mirror that turns out to be damaged is
        made anew, once."""
        deadline = time.monotonic() + self._time_limit
        done = self._git(
            "archive", "--format=tar", commit, deadline=deadline, check=check, into=into
        )
        if done.status != 0:
            into.seek(0)
            into.truncate()
            self._clone(deadline, check)
            done = self._git(
                "archive", "--format=tar", commit, deadline=deadline, check=check, into=into
            )
        if done.status != 0:
            raise Failure(
                Code.DEPLOY_FAILED,
                f"Commit {commit[:12]} cannot be exported: {reason_of(done.lines, done.status)}",
            )

    def filtered(self, commit: str, paths: Sequence[str]) -> Dict[str, str]:
        """Those of the paths that a filter of `.gitattributes` is for, with its name. Empty when
        git does not know."""
        index = {
            "GIT_INDEX_FILE": str(
                self._path.with_name(f".mirror-{os.getpid()}-{os.urandom(4).hex()}")
            )
        }
        try:
            if self._git("read-tree", commit, environ=index).status != 0:
                return {}
            result = self._git(
                "check-attr", "--cached", "-z", "filter", "--", *paths, environ=index
            )
        finally:
            Path(index["GIT_INDEX_FILE"]).unlink(missing_ok=True)
        words = result.output.split("\0")
        found = dict(zip(words[0::3], words[2::3])) if result.status == 0 else {}
        return {path: name for path, name in found.items() if name not in ("unspecified", "unset")}

    def submodules(self, commit: str, paths: Sequence[str]) -> List[str]:
        """Those of the paths that are submodules."""
        result = self._git(
            "ls-tree", "-z", commit, "--", *paths, environ={"GIT_LITERAL_PATHSPECS": "1"}
        )
        entries = [entry.split("\t", 1) for entry in result.output.split("\0") if "\t" in entry]
        return [path for mode, path in entries if mode.startswith("160000 ")]

    def _clone(self, deadline: float, check: Optional[Check]) -> None:
        """Make it under another name first: nobody ever sees half a mirror. `Releases.sweep`
        removes what is left."""
        fresh = self._path.with_name(f".mirror-{os.getpid()}-{os.urandom(4).hex()}")
        try:
            done = self._make(fresh, "", deadline, check)
            other = _OTHER_IDS.search("\n".join(done.lines))
            if done.status != 0 and other:
                shutil.rmtree(fresh)
                done = self._make(fresh, other.group(1), deadline, check)
            if done.status != 0:
                raise self._fault(done).failure
            if self._path.exists():
                os.rename(self._path, f"{fresh}-old")
            os.rename(fresh, self._path)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.rmtree(f"{fresh}-old", ignore_errors=True)

    def _make(
        self, path: Path, object_format: str, deadline: float, check: Optional[Check]
    ) -> Ended:
        """An up-to-date mirror at a new path. Which ids a repository has is known only when it is
        asked."""
        options = (f"--object-format={object_format}",) if object_format else ()
        done = self._run(
            ("init", "--quiet", "--bare", "--template=", *options, str(path)), deadline, check
        )
        if done.status != 0:
            return done
        # Everything that a release may show is in the release; others need not see, or with an odd
        # umask write, this.
        os.chmod(path, path.stat().st_mode & 0o770)
        return self._fetch_into(path, deadline, check)

    def _fetch_into(self, path: Path, deadline: float, check: Optional[Check]) -> Ended:
        options = ("--quiet", "--force", "--prune", "--no-tags", "--no-recurse-submodules")
        arguments = (f"--git-dir={path}", "fetch", *options, "--", self._address, *_REFSPECS)
        task = f"Fetching the repository {redact(self._address)}"
        done = self._run(arguments, deadline, check, task=task)
        if done.status == 0 and is_web(self._address):
            any_ref = (f"--git-dir={path}", "for-each-ref", "--count=1")
            if not self._run(any_ref, deadline, check).raw:
                raise nothing_served(self._address)
        return done

    def _git(
        self,
        *arguments: str,
        deadline: Optional[float] = None,
        check: Optional[Check] = None,
        into: Optional[BinaryIO] = None,
        environ: Optional[Mapping[str, str]] = None,
    ) -> Ended:
        until = time.monotonic() + self._time_limit if deadline is None else deadline
        return self._run(
            (f"--git-dir={self._path}", *arguments), until, check, into, environ=environ
        )

    def _run(
        self,
        arguments: Tuple[str, ...],
        deadline: float,
        check: Optional[Check],
        into: Optional[BinaryIO] = None,
        task: str = "",
        environ: Optional[Mapping[str, str]] = None,
    ) -> Ended:
        settings = [word for setting in _QUIET for word in ("-c", setting)]
        verb = next(word for word in arguments if not word.startswith("-"))
        return capture(
            ["git", *settings, *arguments],
            max(deadline - time.monotonic(), 0.01),
            environ={**_ENVIRON, **(environ or {})},
            check=check,
            into=into,
            most_bytes=64_000_000,
            task=task or f"'git {verb}' in the mirror of {redact(self._address)}",
            stated_limit=self._time_limit,
            # git's helpers stay in its process group, and many short commands are run
            supervised=False,
        )

    def _fault(self, done: Ended) -> Fault:
        words = "\n".join(done.lines)
        if _DISK.search(words):
            message = (
                f"{self._path.parent} cannot hold the repository: "
                f"{reason_of(done.lines, done.status)}"
            )
            return Fault(Failure(Code.DEPLOY_FAILED, message), elsewhere=True)
        if _NO_OTHER_IDS.search(words):
            message = (
                f"The repository {redact(self._address)} has SHA-256 ids, which the git of this "
                "machine cannot read."
            )
            hint = "Install git 2.29 or later."
            return Fault(Failure(Code.DEPLOY_FAILED, message, hint), elsewhere=True)
        return fault_of(self._address, done.lines, done.status)


def _commits(output: str, new: bool) -> List[Commit]:
    rows = (one.lstrip("\n").split("\x1f", 4) for one in output.split("\0"))
    return [
        Commit(id, message.strip(), tuple(parents.split()), new, author, _seconds(at))
        for id, parents, author, at, message in (row for row in rows if len(row) == 5)
    ]


def _seconds(at: str) -> int:
    """When it was committed; 0 where that is before 1970, or nonsense that someone wrote there."""
    return int(at) if at.isdigit() else 0
