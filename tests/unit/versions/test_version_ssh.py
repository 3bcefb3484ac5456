"""Asking hosts which version runs, through SSH."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator, List, Tuple

import pytest

from opsroom import versions
from opsroom.deploys import Target
from opsroom.errors import Code, Failure
from opsroom.versions import Running
from support.cases import cases
from support.errors import failure_of
from support.options import read_options
from support.servers.sshd import Hosts


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    with Hosts(tmp_path_factory.mktemp("hosts"), 2) as made:
        yield made


@pytest.fixture
def hosts(running: Hosts) -> Hosts:
    running.restore()
    return running


def read(raw: Any) -> Tuple[Any, List[str]]:
    return read_options(versions.REGISTRY, "ssh", raw, "apps.web.version")


def ask(hosts: Hosts, **raw: Any) -> Running:
    options, lines = read(hosts.access(**raw))
    assert lines == []
    return versions.REGISTRY.make("ssh", options, target=Target("web", "uat")).ask()


def written(folder: Path, *names: str) -> str:
    for number, name in enumerate(names):
        (folder / f"web{number + 1}").write_text(name)
    return str(folder / "{host}")


def test_hosts_that_agree_have_one_version(hosts: Hosts, tmp_path: Path) -> None:
    path = written(tmp_path, "v1.2.0\n", "1.2.0")
    assert ask(hosts, file=path) == Running("v1.2.0")
    assert ask(hosts, command=["cat", path]) == Running("v1.2.0")
    found = ask(hosts, command=["echo", "{app} on {environment}: v3"], regex=": (.*)")
    assert found == Running("v3")


def test_a_file_that_is_not_there_means_that_nothing_runs(hosts: Hosts, tmp_path: Path) -> None:
    assert ask(hosts, file=f"{tmp_path}/none") == Running("")


def test_hosts_that_differ_are_named_one_by_one(hosts: Hosts, tmp_path: Path) -> None:
    caught = failure_of(ask, hosts, file=written(tmp_path, "v1", "v2"))
    assert caught.code is Code.BAD_ANSWER
    assert caught.message == "Hosts of web on uat differ: v1 on web1 and v2 on web2."
    assert caught.facts["versions"] == {"v1": ["web1"], "v2": ["web2"]}
    (tmp_path / "web2").unlink()
    with pytest.raises(Failure, match="v1 on web1 and nothing on web2"):
        ask(hosts, file=str(tmp_path / "{host}"))


def test_a_command_that_fails_is_named_with_its_host(hosts: Hosts) -> None:
    with pytest.raises(Failure, match=r"'sh' on web1 ended with status 255: broken\."):
        ask(hosts, command=["sh", "-c", "echo broken >&2; exit 255"])


@pytest.mark.parametrize("text", ["two words", "<% x %>", "-v"])
def test_what_is_no_version_is_a_bad_answer(hosts: Hosts, text: str) -> None:
    with pytest.raises(Failure, match="which is not a version"):
        ask(hosts, command=["echo", text])


def test_a_host_that_is_down_leaves_the_version_unknown(hosts: Hosts, tmp_path: Path) -> None:
    hosts.stop("web2")
    with pytest.raises(Failure, match="web2 is unreachable"):
        ask(hosts, file=written(tmp_path, "v1", "v1"))


def test_a_host_that_hangs_is_given_up(hosts: Hosts) -> None:
    with pytest.raises(Failure, match=r"web1 did not answer within 1\.1 s"):
        ask(hosts, command=["sleep", "60"], time_limit=0.1, connect_timeout=1)


@cases(
    ("raw", "complaint"),
    [
        ({}, "command: expected either this or file"),
        ({"file": "/x", "command": ["x"]}, "command: expected either this or file"),
        ({"file": "/{version}"}, "file: {version} is not filled in here"),
        ({"file": "/x", "regex": "v"}, "regex: expected brackets"),
    ],
)
def test_wrong_options_are_named(raw: Any, complaint: str) -> None:
    assert read({"hosts": ["web1"], **raw})[1][0].startswith(f"apps.web.version.{complaint}")
