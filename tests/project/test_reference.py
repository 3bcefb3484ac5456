"""The reference of the documents is what the metadata says today, and the metadata says enough for
one."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set, Tuple

import pytest

from console.aliases import Pack, load_pack
from console.reference import examples
from console.reference.codes import texts
from console.reference.commands import Command, read_all, who_may
from console.reference.configuration import GUIDES, declared, section_names
from console.reference.declarations import Key
from console.reference.kinds import SORTS, Sort, keys_of
from console.reference.pages import FOLDER, pages
from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.errors import Code
from support.cases import cases
from support.metadata import metadata, read
from support.worlds.configs import schema_keys

ROOT = Path(__file__).resolve().parents[2]
SCHEMA: Dict[str, Any] = read(ROOT / "config.schema.yaml")
EXAMPLE = (ROOT / "opsroom.yaml.example").read_text("utf-8")
ALIASES = [one for one in metadata("aliases").values() if one["name"] != "opsroom_unknown"]
KINDS: List[Tuple[Sort, str]] = [(sort, kind) for sort in SORTS for kind in sort.registry.kinds()]
# A key whose values are known needs no example: its type lists them, or its default is one.
_SELF_EVIDENT = re.compile(r"^true or false|`.*` or `|^mapping|^list of mappings")


@lru_cache(maxsize=1)
def pack() -> Pack:
    return load_pack(ROOT)


@lru_cache(maxsize=1)
def generated() -> Dict[str, str]:
    return pages()


def test_the_reference_is_what_would_be_written_today() -> None:
    committed = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    old = [name for name, text in generated().items() if committed.get(name) != text]
    old += [name for name in committed if name not in generated()]
    assert old == [], f"docs/reference is not up to date ({', '.join(old)}): run make reference"


def test_every_reason_code_is_explained_once_and_none_that_does_not_exist() -> None:
    explained = [code for sort in texts().values() for code in sort]
    assert sorted(explained) == sorted(code.value for code in Code)
    for sort in texts().values():
        assert all(text["means"] and text["do"] for text in sort.values())


def test_every_form_of_every_command_is_on_the_page_of_commands() -> None:
    shown = Counter(generated()["commands.md"].splitlines())
    for alias in ALIASES:
        for one in alias["formats"]:
            form = re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: found[1].upper(), one["display"])
            assert shown[form] == 1, form


@cases("command", read_all())
def test_the_example_of_each_form_is_that_command_and_no_other(command: Command) -> None:
    for form in command.forms:
        example = command.example(form)
        assert [one.alias.name for one in pack().matches(example)] == [command.alias], example


@cases("command", read_all())
def test_who_may_use_a_command_and_what_each_value_means_is_said(command: Command) -> None:
    assert who_may(command)
    assert all(one["description"].endswith(".") for one in command.parameters.values())


def test_the_readme_shows_a_dozen_commands_in_the_words_of_their_aliases() -> None:
    text = (ROOT / "README.md").read_text("utf-8").partition("\n## Commands\n")[2]
    rows = re.findall(r"^\| `([^`]+)` \| (.*) \|$", text.partition("\n## ")[0], re.MULTILINE)
    assert 10 <= len(rows) <= 14
    for say, what in rows:
        [alias] = [one for one in ALIASES if say in _shown(one)]
        # One alias for three questions: each is described on its own.
        assert alias["name"] in ("opsroom_version", "opsroom_history") or (
            what == alias["description"]
        ), say


def _shown(alias: Dict[str, Any]) -> List[str]:
    return [
        re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: found[1].upper(), one["display"])
        for one in alias["formats"]
    ]


def kind_keys(registry: Any, kind: str) -> Set[str]:
    """The keys that a kind reads: it complains of one that nobody knows, and names those it
    knows."""
    problems = Problems()
    fields = Fields({"zzzzzzzzzzzz": 1}, "it", problems)
    registry.read_options(kind, fields)
    fields.finish()
    return set(re.split(r", ", problems.lines[-1].rpartition("known here: ")[2]))


@cases(("sort", "kind"), KINDS)
def test_a_kind_documents_exactly_the_keys_that_it_reads(sort: Sort, kind: str) -> None:
    keys = keys_of(sort, kind)
    assert {one.path[0] for one in keys} == kind_keys(sort.registry, kind)
    assert [one.name for one in keys if not one.meaning or not one.type] == []


@cases(("sort", "kind"), KINDS)
def test_every_key_of_a_kind_has_an_example(sort: Sort, kind: str) -> None:
    places = examples.of_kind(sort.section, sort.part, kind)
    shown = "\n".join(examples.shown(place, ()) for place in places)
    assert [one.name for one in keys_of(sort, kind) if not _has_example(one, shown)] == []


def test_every_key_of_the_config_has_a_meaning_and_an_example() -> None:
    for key in schema_keys({"properties": SCHEMA}):
        assert re.search(rf"\b{key}:", EXAMPLE), key
    # What the schema cannot name is documented by its reader.
    for key in declared().values():
        if key.meaning:
            assert _has_example(key, EXAMPLE), key


def test_every_key_of_the_schema_is_in_the_reference() -> None:
    shown = {
        name
        for page in generated().values()
        for name in re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE)
    }
    assert set(schema_keys({"properties": SCHEMA})) - {"kind"} <= shown


def test_every_section_of_the_config_is_explained_in_a_guide() -> None:
    assert set(section_names()) <= set(GUIDES)


@pytest.mark.parametrize("name", sorted(SCHEMA))
def test_a_description_of_the_schema_is_a_sentence(name: str) -> None:
    for text in descriptions(SCHEMA[name]):
        assert text.endswith("."), text
        assert text[0].isupper() or text.split()[0].islower(), text


def _has_example(key: Key, shown: str) -> bool:
    return bool(
        re.search(rf"\b{key.name}:", shown)
        or "such as" in key.meaning
        or "`" in key.meaning
        or (key.default and not key.required)
        or _SELF_EVIDENT.search(key.type)
    )


def descriptions(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("description"), str):
            yield schema["description"]
        for one in schema.values():
            yield from descriptions(one)
