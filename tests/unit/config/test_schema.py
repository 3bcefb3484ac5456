"""The schema by which StackStorm checks, fills and decrypts the config before opsroom sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

from opsroom.secrets import SECRET_FIELDS
from support.metadata import read

ROOT = Path(__file__).resolve().parents[3]
SCHEMA: Dict[str, Any] = read(ROOT / "config.schema.yaml")
INNER = ("properties", "patternProperties")


def objects(schema: Dict[str, Any], path: str = "") -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Every object of the schema below `schema`, with where it is; `*` stands for any name."""
    inner = {name: one for key in INNER for name, one in (schema.get(key) or {}).items()}
    if isinstance(schema.get("additionalProperties"), dict):
        inner["*"] = schema["additionalProperties"]
    for name, one in inner.items():
        if one.get("type") == "object":
            yield f"{path}.{name}".lstrip("."), one
            yield from objects(one, f"{path}.{name}")


def test_stackstorm_fills_in_no_object_that_an_application_was_not_given() -> None:
    # Where `properties` names an object with keys of its own, StackStorm puts an empty one into
    # configs that have none.
    for path, one in objects({"properties": SCHEMA}):
        for name, inner in (one.get("properties") or {}).items():
            filled = inner.get("type") == "object" and any(
                inner.get(key) for key in (*INNER, "additionalProperties")
            )
            assert not filled, f"{path}.{name}"


def test_every_header_and_variable_is_a_secret_by_itself_since_stackstorm_decrypts_no_other() -> (
    None
):
    found = [
        one
        for path, one in objects({"properties": SCHEMA})
        if "headers" in path or "secret_environ" in path
    ]
    assert len(found) == 4
    for one in found:
        assert one["secret"] is True
        assert one["additionalProperties"] == {"type": "string", "secret": True}
    assert SCHEMA["database"]["secret"] is True
    assert SCHEMA["people"]["additionalProperties"]["properties"]["totp"]["secret"] is True


def test_nothing_is_filled_in_where_a_rule_of_an_environment_is_left_out() -> None:
    # StackStorm fills in defaults, and an empty list where `properties` names an array with
    # `items`: an application's `approvers: []` would then take the place of its environment's
    # approvers.
    environment = SCHEMA["environments"]["additionalProperties"]
    application = environment["patternProperties"]["^apps$"]["additionalProperties"]
    for rules in (environment, application):
        assert "approvers" in rules["properties"]
        for name, one in rules["properties"].items():
            assert one["type"] != "object", name
            assert not {"default", "items", "additionalItems"} & set(one), name
    assert application["properties"] == environment["properties"]
    assert application["patternProperties"] == {
        "^freezes$": environment["patternProperties"]["^freezes$"]
    }


def test_every_key_has_one_type_and_a_description_since_stackstorm_takes_no_lists_of_types() -> (
    None
):
    for path, one in objects({"properties": SCHEMA}):
        for key in INNER:
            for name, inner in (one.get(key) or {}).items():
                # A template is a mapping or a list.
                assert (
                    isinstance(inner["type"], str) if name != "^template$" else "type" not in inner
                ), f"{path}.{name}"
                assert inner["description"].endswith("."), f"{path}.{name}"


def secret_texts(schema: Dict[str, Any], path: Tuple[str, ...] = ()) -> Iterator[Tuple[str, ...]]:
    """The place of every text that the schema calls secret; `*` stands for any name."""
    inner = {
        name.strip("^$"): one for key in INNER for name, one in (schema.get(key) or {}).items()
    }
    if isinstance(schema.get("additionalProperties"), dict):
        inner["*"] = schema["additionalProperties"]
    for name, one in inner.items():
        if one.get("secret") and one.get("type") == "string":
            yield (*path, name)
        yield from secret_texts(one, (*path, name))


def test_what_is_masked_is_what_the_schema_calls_secret() -> None:
    assert sorted(SECRET_FIELDS) == sorted(secret_texts({"properties": SCHEMA}))


def test_the_schema_has_no_defaults_which_stackstorm_puts_in_place_of_null_before_it_looks() -> (
    None
):
    for path, one in objects({"properties": {"config": {"type": "object", "properties": SCHEMA}}}):
        for name, inner in (one.get("properties") or {}).items():
            assert "default" not in inner, f"{path}.{name}"
            assert inner.get("type") != "array" or "items" not in inner, f"{path}.{name}"
