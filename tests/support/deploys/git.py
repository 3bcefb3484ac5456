"""A repository with three tags and a deployer of the kind git into an empty root."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.deploys import REGISTRY, Target
from opsroom.errors import Failure, Refusal
from support.deploys.jobs import Notes
from support.worlds.repositories import Repository

TARGET = Target("web", "uat")


def options_of(**raw):
    problems = Problems()
    fields = Fields(raw, "apps.web.deploy", problems)
    options = REGISTRY.read_options("git", fields)
    fields.finish()
    return options, problems.lines


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


def failure_of(call, *arguments, **options) -> Failure:
    with pytest.raises(Failure) as caught:
        call(*arguments, **options)
    return caught.value


def refusal_of(call, *arguments, **options) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(*arguments, **options)
    return caught.value
