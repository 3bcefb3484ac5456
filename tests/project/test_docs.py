"""The documents say what the code, the metadata and the config schema say, and lead to places that
exist."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any, Dict, List, Set, Tuple

import pytest
import yaml

from opsroom import deploys, pagers, trackers, versions
from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.config.problems import Problems, references_in
from opsroom.config.registration import complaints
from opsroom.errors import OpsroomError
from support.cases import cases
from support.metadata import read
from support.worlds.configs import schema_keys

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SCHEMA: Dict[str, Any] = read(ROOT / "config.schema.yaml")
FOR_DEVELOPERS = (
    "architecture.md", "deployments.md", "exactly-once.md", "tables.md", "metadata.md",
    "dependencies.md", "extending.md", "extending-integrations.md", "CONTRIBUTING.md",
)  # fmt: skip
EXAMPLE = ROOT / "opsroom.yaml.example"
REFERENCE = ROOT / "docs" / "reference"

# Hosts that are not made up: those of standards and tools, and those where trackers and pagers
# live.
EVERYBODYS = (
    "jmespath.org",
    "docs.stackstorm.com",
    "dora.dev",
    "www.rfc-editor.org",
    "www.standardwebhooks.com",
    "{host}",  # a placeholder
)
VENDORS = (
    "acme.atlassian.net", "api.atlassian.com", "api.github.com",
    "gitlab.com", "github.com", "trello.com",
    "api.trello.com",
    "3.basecamp.com", "3.basecampapi.com", "launchpad.37signals.com", "id.atlassian.com",
    "api.pagerduty.com", "api.eu.pagerduty.com", "events.pagerduty.com", "events.eu.pagerduty.com",
    "api.opsgenie.com", "api.eu.opsgenie.com", "api.victorops.com", "alert.victorops.com",
)  # fmt: skip

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# What an example that shows one application's keys, or none of the environments, is completed with.
_BASE: Dict[str, Any] = {"environments": {"test": {}, "uat": {}, "production": {}}}


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def prose(text: str) -> str:
    """The text without what stands in code blocks."""
    return _FENCE.sub("", text)


def blocks(text: str, language: str) -> List[str]:
    return [body for _, kind, body in _FENCE.findall(text) if kind == language]


def anchors(text: str) -> Set[str]:
    """The headings as GitHub makes addresses of them."""
    headings = re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


KINDS_OF_CONFIG: List[Tuple[str, str]] = [("deploy", kind) for kind in deploys.REGISTRY.kinds()]
KINDS_OF_CONFIG += [("version", kind) for kind in versions.REGISTRY.kinds()]

NAMED = [("trackers", kind) for kind in trackers.REGISTRY.kinds()]
NAMED += [("pagers", kind) for kind in pagers.REGISTRY.kinds()]


def test_the_example_config_shows_every_key_of_the_schema_and_every_kind() -> None:
    text = EXAMPLE.read_text("utf-8")
    for key in set(schema_keys({"properties": SCHEMA})):
        assert re.search(rf"\b{key}:", text), key
    config = yaml.safe_load(text)
    shown = {
        (what, app[what]["kind"])
        for app in config["apps"].values()
        for what in ("deploy", "version")
    }
    assert shown == set(KINDS_OF_CONFIG)
    named = {
        (what, one["kind"]) for what in ("trackers", "pagers") for one in config[what].values()
    }
    assert named == set(NAMED)
    load(config, KINDS)


def config_examples() -> List[Tuple[str, Any]]:
    """Every YAML block that is (a part of) a config, with its page and number. Roles and
    assignments of StackStorm and roles of Kubernetes are none. Those of the reference of the config
    are parts of the example, which is checked as a whole."""
    found = []
    for path in (one for one in PAGES if one != REFERENCE / "configuration.md"):
        for number, text in enumerate(blocks(path.read_text("utf-8"), "yaml"), start=1):
            block = yaml.safe_load(text)
            if not {"enabled", "apiVersion"} & set(block):
                found.append((f"{path.stem}-{number}", block))
    return found


@cases(("example", "block"), config_examples())
def test_every_example_of_a_config_is_valid(example: str, block: Dict[str, Any]) -> None:
    config = {"apps": {"web": block}} if set(block) <= {"deploy", "version"} else block
    try:
        whole = {**_BASE, **config}
        load(whole, KINDS, Problems(list(references_in(whole))))
    except OpsroomError as error:
        problems = error.facts.get("problems", [error.message])
        pytest.fail("\n".join([example, *problems]))
    # What StackStorm's own check says, with its schema.
    assert complaints(whole) == [], example


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(path.read_text("utf-8"))):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        assert there.exists(), f"{path.name}: {target}"
        assert not anchor or anchor in anchors(there.read_text("utf-8")), f"{path.name}: {target}"


@cases("path", [*PAGES, EXAMPLE])
def test_addresses_and_paths_are_made_up_or_everybodys(path: Path) -> None:
    # A name of the machine or network on which a page was written helps nobody else.
    text = path.read_text("utf-8")
    for host in re.findall(r"[a-z]+://(?:[^\s/@]*@)?([\w.{}-]+)", text):
        assert re.search(r"(^|\.)example\.com$", host) or host in EVERYBODYS or host in VENDORS, (
            host
        )
    for first in re.findall(r"(?<![\w.)}>*:/~-])/(\w+)/", re.sub(r"\w+:/+\S*", "", text)):
        assert first in ("dev", "etc", "opt", "path", "srv", "tmp", "usr", "var"), first


@cases("path", PAGES)
def test_every_page_has_one_title_and_says_more_than_that(path: Path) -> None:
    text = prose(path.read_text("utf-8"))
    assert text.startswith("# ")
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1


@cases("path", PAGES)
def test_no_two_headings_of_a_page_have_one_address(path: Path) -> None:
    headings = re.findall(r"^#+ (.*)$", prose(path.read_text("utf-8")), re.MULTILINE)
    assert len(anchors("\n".join(f"# {one}" for one in headings))) == len(headings)


# Words of translations that no native reader uses, and what stands for them in the house.
STILTED = {
    "somebody": "someone",
    "anybody": "anyone",
    "everybody": "everyone",
    "whoever": "anyone who, the requester",
    "for instance": "for example",
    "hence": "so",
    "what became of": "the outcome of",
    "mend": "fix",
}


@cases("path", [*PAGES, ROOT / "CHANGES.md"])
def test_a_page_is_in_plain_words(path: Path) -> None:
    # Answers of the program are quoted as they are.
    text = re.sub(r"`[^`]*`|\"[^\"\n]*\"", "", prose(path.read_text("utf-8"))).lower()
    found = [word for word in STILTED if re.search(rf"\b{word}\b", text)]
    assert found == [], {word: STILTED[word] for word in found}


def test_every_make_target_and_module_that_the_pages_name_exists() -> None:
    text = "\n".join(path.read_text("utf-8") for path in PAGES)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"(?:^ *|`)make ([a-z]+)\b", text, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for module in set(re.findall(r"python -m ([\w.]+)", text)):
        found = importlib.util.find_spec(module)
        assert found, module
        assert not found.submodule_search_locations or importlib.util.find_spec(
            f"{module}.__main__"
        ), module


@cases("path", PAGES)
def test_every_module_that_a_page_names_exists(path: Path) -> None:
    # Pages for others also name files of StackStorm, of relays and of whoever is deployed.
    wanted = "" if path.parent.name == "adr" or path.name in FOR_DEVELOPERS else "actions/"
    text = re.sub(r"^New file .*$", "", prose(path.read_text("utf-8")), flags=re.MULTILINE)
    library = ROOT / "actions" / "lib" / "opsroom"
    for name in re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.\w+)?)`", text):
        if name.startswith(wanted):
            assert any((place / name).exists() for place in (ROOT, library)), name


def test_every_part_of_the_library_is_on_the_map_and_no_other() -> None:
    [tree] = [one for one in blocks(page("docs/architecture.md"), "") if "lib/opsroom/" in one]
    library = ROOT / "actions" / "lib" / "opsroom"
    mapped = set(re.findall(r"^    ([a-z_]+)(?:/|\.py)", tree, re.MULTILINE))
    parts = {path.stem for path in library.iterdir() if not path.name.startswith("__")}
    assert mapped == parts


def test_every_dependency_has_a_reason() -> None:
    reasons = page("docs/dependencies.md").lower()
    names = ("requirements.txt", "requirements-tests.txt", "console/requirements.txt")
    for name in (*names, "console/requirements-stackstorm.txt"):
        for line in page(name).splitlines():
            found = re.match(r"[A-Za-z][\w-]*", line)
            if found and not found.group(0).startswith("types-"):
                assert found.group(0).lower() in reasons, found.group(0)
