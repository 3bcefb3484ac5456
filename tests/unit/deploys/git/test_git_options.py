"""Options of the deploy kind git, and which are refused."""

from __future__ import annotations

from support.cases import cases
from support.deploys.git import options_of


def test_the_options_have_defaults():
    options, lines = options_of(repository="/srv/git/{app}.git", root="/srv/{environment}/{app}")
    assert (options.keep, options.time_limit, lines) == (5, 600.0, [])


@cases(
    "repository",
    [
        "/srv/git/{app}.git",
        "file:///srv/git/x",
        "https://host/x.git",
        "https://user:pw@host/x.git",
        "ssh://git@host:22/x.git",
        "git@github.com:acme/{app}.git",
        "host:/srv/x.git",
        "git://host/x",
    ],
)
def test_common_addresses_are_taken(repository):
    assert options_of(repository=repository, root="/r")[1] == []


@cases(
    "repository",
    [
        "ext::sh -c id",
        "ext::/bin/true",
        "-u/tmp/x",
        "--upload-pack=touch /tmp/x",
        "fd::7",
        "ftp://host/x",
        "https://-oProxyCommand=x/y",
        "ssh://-oProxyCommand=x/y",
        "git@host:-x",
        "relative/path",
        "https://host/x y",
        "file://x",
        "",
    ],
)
def test_other_transports_and_options_are_refused(repository):
    (line,) = options_of(repository=repository, root="/r")[1]
    assert line.startswith("apps.web.deploy.repository: expected the address of a git repository")


def test_wrong_options_are_all_told():
    _, lines = options_of(
        repository="/g/{version}",
        root="/srv/{version}/{enviroment}",
        keep=0,
        time_limit="soon",
        kep=1,
    )
    assert [line.split(": ")[0].rpartition(".")[2] for line in lines] == [
        "keep",
        "time_limit",
        "repository",
        "root",
        "root",
        "kep",
    ]
    assert options_of(repository="/g", root="relative")[1][0].startswith(
        "apps.web.deploy.root: expected a full path"
    )
