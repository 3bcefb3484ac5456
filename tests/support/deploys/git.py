"""A repository with three tags and a deployer of the kind git into an empty root."""

from __future__ import annotations

from pathlib import Path

from opsroom.deploys import REGISTRY, Target
from support.deploys.jobs import Notes
from support.options import read_options
from support.worlds.repositories import Repository

TARGET = Target("web", "uat")


def options_of(**raw):
    return read_options(REGISTRY, "git", raw, "apps.web.deploy")


class World:
    """A repository with three tags, and a deployer into an empty root."""

    def __init__(self, folder: Path, object_format: str = "sha1") -> None:
        self.root = folder / "srv" / "uat" / "web"
        self.repository = Repository(folder / "source", object_format)
        self.commits = {
            tag: self.repository.commit(
                {"version.txt": tag, "bin/run": "#!/bin/sh\n"}, tag, executable="bin/run"
            )
            for tag in ("v1.0.0", "v1.1.0", "v1.2.0")
        }
        self.raw = {
            "repository": str(self.repository.path),
            "root": f"{folder}/srv/{{environment}}/{{app}}",
        }

    def deployer(self, target=TARGET, **more):
        options, lines = options_of(**{**self.raw, **more})
        assert lines == []
        return REGISTRY.make("git", options, target=target)

    def deploy(self, version, job=None, **more):
        deployer = self.deployer(**more)
        job = job or Notes()
        deployer.deploy(deployer.resolve(version), job)
        return job

    @property
    def current(self) -> str:
        return (self.root / "current" / "version.txt").read_text()

    def releases(self):
        return sorted(path.name for path in (self.root / "releases").iterdir())
