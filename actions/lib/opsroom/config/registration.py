"""What StackStorm does with a config file before opsroom sees it.

It checks the file against `config.schema.yaml` when it is registered, stores it as JSON in its
database, and evaluates what looks like an expression at every command. Only `python -m
opsroom.check` and the console use this.
"""

from __future__ import annotations

import copy
import datetime
import math
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

import yaml

from ..secrets import is_decrypted, is_secret
from .problems import found, found_text, is_reference, without_references

SCHEMA = Path(__file__).resolve().parents[4] / "config.schema.yaml"

# What StackStorm evaluates begins with one of these.
_EXPRESSIONS = ("{{", "{%")
_SORTS: Mapping[str, str] = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}

Step = Any
Place = Tuple[Step, ...]


def complaints(config: Mapping[str, Any]) -> List[Tuple[str, str]]:
    """What StackStorm refuses or cannot use in a config: pairs of the place and what is wrong with
    it.

    Raises ImportError without the package jsonschema, which comes with StackStorm.
    """
    return [(_shown(place), what) for place, what in (*_by_schema(config), *_by_value(config, ()))]


def as_checked(schema: Mapping[str, Any]) -> Dict[str, Any]:
    """The JSON schema, of draft 4, that StackStorm makes of a config schema before it checks a
    config against it.

    Everything below `properties` that is optional and has no default may also be null; so may what
    is below the `properties` of an object there, and nothing below patterns and
    additionalProperties.
    """
    whole = {
        "type": "object",
        "properties": copy.deepcopy(dict(schema)),
        "additionalProperties": True,
    }
    checked: Dict[str, Any] = _draft_4(_nullable(whole))
    return checked


def _nullable(schema: Dict[str, Any]) -> Dict[str, Any]:
    for one in schema.get("properties", {}).values():
        sort = one.get("type")
        if not one.get("required") and one.get("default") is None and isinstance(sort, str):
            one["type"] = [sort, "null"]
        if sort == "object" and one.get("properties"):
            _nullable(one)
    return schema


def _draft_4(schema: Any) -> Any:
    """The schema with the `required: true` of a key, as draft 3 has it, in the list of the mapping
    around it."""
    if isinstance(schema, list):
        return [_draft_4(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {
        key: _draft_4(one)
        for key, one in schema.items()
        if not (key == "required" and isinstance(one, bool))
    }
    properties = schema.get("properties")
    if isinstance(properties, dict):
        needed = [
            key
            for key, one in properties.items()
            if isinstance(one, dict) and one.get("required") is True
        ]
        if needed:
            changed["required"] = needed
    return changed


def _by_schema(config: Mapping[str, Any]) -> Iterator[Tuple[Place, str]]:
    for error in _validator().iter_errors(_with_texts_as_keys(config)):
        place = tuple(error.absolute_path)
        yield place, _what_is_wrong(error, is_secret(_names(place)))


@lru_cache(maxsize=1)
def _validator() -> Any:
    from jsonschema import Draft4Validator

    return Draft4Validator(as_checked(yaml.safe_load(SCHEMA.read_text("utf-8"))))


def _what_is_wrong(error: Any, hidden: bool) -> str:
    """A sentence for an error of jsonschema, whose own quotes the value."""
    value, rule = error.instance, error.validator_value
    if error.validator == "type":
        sort = next(
            (_SORTS.get(one, one) for one in ([rule] if isinstance(rule, str) else rule)),
            "another value",
        )
        if sort == "a text":
            return f"expected a text, found {found_text(value, hidden)}"
        shown = "a value that is not shown" if hidden else found(value)
        alone = (
            "; StackStorm takes no text alone for a list of one"
            if sort == "a list" and value
            else ""
        )
        return f"expected {sort}, found {shown}{alone}"
    if error.validator in ("minimum", "maximum"):
        return (
            f"expected {rule} or {'more' if error.validator == 'minimum' else 'less'}, found "
            f"{found(value)}"
        )
    if error.validator == "required":
        return (
            f"expected {' and '.join(one for one in rule if one not in value)}, which must be given"
        )
    if error.validator == "not":
        return f"found {found(None)}"
    if error.validator == "additionalProperties":
        return "found a key that does not exist"
    return "found what StackStorm refuses"


def _by_value(value: Any, place: Place) -> Iterator[Tuple[Place, str]]:
    """What StackStorm's database cannot keep, and what it evaluates and fails on."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str) and ("\0" in key or not _is_kept(key)):
                yield (*place, key), "found a key with characters that StackStorm cannot keep"
            yield from _by_value(item, (*place, key))
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _by_value(item, (*place, number))
    elif isinstance(value, str):
        what = _of_text(value, is_decrypted(_names(place)))
        if what:
            yield place, what
    elif isinstance(value, datetime.date):
        yield place, "found a date, which JSON does not have; put quotes around it"
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield place, "found a number that JSON does not have; put quotes around a text"
    elif value is not None and not isinstance(value, (bool, int)):
        yield place, "found a value that JSON does not have (`!!binary`, `!!set`)"


def _of_text(text: str, secret: bool) -> str:
    if not _is_kept(text):
        return "found characters that StackStorm cannot keep"
    if not any(one in text for one in _EXPRESSIONS):
        return ""
    if secret and not is_reference(text):
        return (
            'expected "{{ st2kv.system.NAME }}" alone: StackStorm decrypts the whole value of a '
            "secret, and with "
            "anything around it every command fails"
        )
    if secret and "decrypt_kv" in text:
        return (
            'expected "{{ st2kv.system.NAME }}" without decrypt_kv: StackStorm decrypts the '
            "value of a secret itself"
        )
    if any(one in without_references(text) for one in _EXPRESSIONS):
        return (
            "found an expression, which StackStorm evaluates at every command, and fails; of "
            "expressions only "
            '"{{ st2kv.system.NAME }}" works here, and a placeholder has one brace: {version}'
        )
    return ""


def _is_kept(text: str) -> bool:
    """Whether a text can be written in UTF-8; libyaml does not even read what cannot."""
    return not any("\ud800" <= one <= "\udfff" for one in text)


def _with_texts_as_keys(value: Any) -> Any:
    """What jsonschema can compare with the patterns of the schema. Of other keys than texts the
    readers complain."""
    if isinstance(value, Mapping):
        return {str(key): _with_texts_as_keys(item) for key, item in value.items()}
    return (
        [_with_texts_as_keys(item) for item in value] if isinstance(value, (list, tuple)) else value
    )


def _names(place: Sequence[Step]) -> Tuple[str, ...]:
    return tuple(str(step) for step in place if not isinstance(step, int))


def _shown(place: Sequence[Step]) -> str:
    """A place as complaints show it. All keys are texts, so a number is an index of a list."""
    return "".join(f"[{step}]" if type(step) is int else f".{step}" for step in place).lstrip(".")
