"""Real git repositories, made without any configuration of the machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Mapping, Optional, Union

Content = Union[str, bytes]

_ALONE = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
}


class Repository:
    """`Repository(path).commit({"a.txt": "1"}, tag="v1")`. The branch is `main`; `object_format`
    may be `sha256`."""

    def __init__(self, path: Path, object_format: str = "sha1") -> None:
        self.path = path
        self._clock = 1_700_000_000
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", f"--object-format={object_format}")
        self.git("symbolic-ref", "HEAD", "refs/heads/main")

    def git(self, *arguments: str) -> str:
        # A second between two commits, so that "the newest" is well defined.
        date = f"{self._clock} +0000" if hasattr(self, "_clock") else ""
        environ = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        environ.update(_ALONE, GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
        done = subprocess.run(
            ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com", *arguments],
            cwd=self.path,
            env=environ,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(
        self,
        files: Optional[Mapping[str, Content]] = None,
        tag: str = "",
        links: Optional[Mapping[str, str]] = None,
        executable: str = "",
        message: str = "",
    ) -> str:
        """Write the files and links, commit, tag. Returns the full commit."""
        self._clock += 1
        for name, content in (files or {}).items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            if name == executable:
                path.chmod(0o755)
        for name, target in (links or {}).items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(target)
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "-m", message or f"commit {self._clock}")
        if tag:
            self.git("tag", tag)
        return self.git("rev-parse", "HEAD")
