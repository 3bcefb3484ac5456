"""Where one of our descriptions says something else than the vendor's own description of its
API."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, Mapping, Optional, Set, Tuple

from support.contracts.descriptions import operations_of, parameters_of
from support.contracts.operations import resolved

_UPPER, _LOWER = ("maxLength", "maximum", "maxItems"), ("minLength", "minimum", "minItems")
Schema = Mapping[str, Any]


class Side:
    """A description, and what stands before its paths. `theirs` may be OpenAPI 3.0 or 3.1."""

    def __init__(self, whole: Mapping[str, Any], before: str = "") -> None:
        self.whole = whole
        self.operations = {
            (before + _nameless(path), method): (path, method)
            for path, method in operations_of(whole)
        }

    def parameters(self, key: Tuple[str, str]) -> Dict[Tuple[str, str], Schema]:
        """The parameters by place and name; those of a path by their number."""
        path, method = self.operations[key]
        numbers = {
            name: str(number) for number, name in enumerate(re.findall(r"\{([^}]*)\}", path))
        }
        found = {}
        for one in parameters_of(self.whole, path, method):
            in_path = one["in"] == "path"
            found[one["in"], numbers[one["name"]] if in_path else one["name"].casefold()] = one
        return found

    def operation(self, key: Tuple[str, str]) -> Schema:
        path, method = self.operations[key]
        found: Schema = self.whole["paths"][path][method]
        return found

    def headers_of_security(self, key: Tuple[str, str]) -> Set[str]:
        """The headers that carry the credentials."""
        wanted = self.operation(key).get("security", self.whole.get("security", []))
        schemes = self.whole.get("components", {}).get("securitySchemes", {})
        named = [schemes.get(name, {}) for one in wanted for name in one]
        return {
            one.get("name", "authorization").casefold()
            for one in named
            if one.get("in", "header") == "header"
        }

    def flat(self, schema: Any) -> Schema:
        """A schema with what it consists of (`allOf`) put together."""
        whole = dict(resolved(self.whole, schema) or {})
        for part in whole.pop("allOf", ()):
            part = self.flat(part)
            properties = {**part.get("properties", {}), **whole.get("properties", {})}
            required = [*part.get("required", ()), *whole.get("required", ())]
            whole = {**part, **whole}
            if properties:
                whole["properties"] = properties
            if required:
                whole["required"] = required
        return whole

    def kinds(self, schema: Schema) -> Optional[Set[str]]:
        """The types that a schema allows; None for any."""
        several = schema.get("oneOf") or schema.get("anyOf")
        if several:
            found = [self.kinds(self.flat(one)) for one in several]
            kinds = None if None in found else set().union(*[one or set() for one in found])
        elif "type" in schema:
            kinds = {schema["type"]} if isinstance(schema["type"], str) else set(schema["type"])
        elif "enum" in schema:
            kinds = {"string"} if all(isinstance(one, str) for one in schema["enum"]) else None
        else:
            kinds = {"object"} if "properties" in schema else None
        return kinds | {"null"} if kinds and schema.get("nullable") else kinds


def differences(ours: Side, theirs: Side) -> Dict[str, str]:
    """What differs, by where it is: "POST /cards query idList" and the like."""
    found: Dict[str, str] = {}
    for key in ours.operations:
        name = f"{key[1].upper()} {ours.operations[key][0]}"
        if key not in theirs.operations:
            found[name] = "no such operation"
            continue
        found.update(
            (f"{name} {where}".strip(), what) for where, what in _of_operation(ours, theirs, key)
        )
    return found


def _of_operation(ours: Side, theirs: Side, key: Tuple[str, str]) -> Iterator[Tuple[str, str]]:
    mine, other = ours.parameters(key), theirs.parameters(key)
    my_body, other_body = _body(ours, key), _body(theirs, key)
    # A vendor that has everything in the query takes it from the body as well; it is compared as
    # such.
    moved = set(my_body[1].get("properties", {})) if my_body and not other_body else set()
    secret = ours.headers_of_security(key)
    for (place, name), one in other.items():
        needed = one.get("required") and not (place == "header" and name in secret)
        there = mine.get((place, name), {})
        if needed and not there.get("required") and name not in {each.casefold() for each in moved}:
            yield f"{place} {name}", "theirs is required"
    for (place, name), one in mine.items():
        if (place, name) not in other:
            yield f"{place} {name}", "no such parameter"
        else:
            my_schema, schema = ours.flat(one["schema"]), theirs.flat(other[place, name]["schema"])
            several = "array" in (ours.kinds(my_schema) or ())
            for _, what in _of_sent(
                ours, theirs, my_schema, schema if several else _as_text(theirs, schema), ""
            ):
                yield f"{place} {name}", what
    if moved and my_body:
        known = {
            each["name"]: each["schema"] for (place, _), each in other.items() if place == "query"
        }
        yield from _of_sent(
            ours, theirs, my_body[1], {"type": "object", "properties": known}, "body"
        )
    elif my_body and other_body:
        if other_body[0] and not my_body[0]:
            yield "body", "theirs is required"
        yield from _of_sent(ours, theirs, my_body[1], other_body[1], "body")
    yield from _of_answers(ours, theirs, key)


def _of_sent(
    ours: Side, theirs: Side, mine: Schema, other: Schema, where: str
) -> Iterator[Tuple[str, str]]:
    """Where what ours lets through is not what theirs lets through."""
    if "oneOf" in mine:
        for one in mine["oneOf"]:
            yield from _of_sent(ours, theirs, ours.flat(one), other, where)
        return
    kinds, allowed = ours.kinds(mine), theirs.kinds(other)
    if (
        kinds
        and allowed
        and not {"integer" if kind == "number" else kind for kind in kinds} <= _widened(allowed)
    ):
        yield where, f"{_listed(kinds)} is not {_listed(allowed)}"
        return
    if "enum" in other and not set(mine.get("enum", ["(anything)"])) <= set(other["enum"]):
        yield (
            where,
            f"{_listed(mine.get('enum', ['anything']))} is not among {_listed(other['enum'])}",
        )
    for names, better in ((_UPPER, min), (_LOWER, max)):
        for name in names:
            if name in other and (
                name not in mine or better(mine[name], other[name]) != mine[name]
            ):
                yield where, f"{name} is {other[name]} in theirs"
    for name in other.get("required", ()):
        read_only = theirs.flat(other.get("properties", {}).get(name, {})).get("readOnly")
        if name not in mine.get("required", ()) and not read_only:
            yield f"{where} {name}", "theirs is required"
    for name, schema in mine.get("properties", {}).items():
        known = other.get("properties", {}).get(name)
        if known is not None:
            yield from _of_sent(
                ours, theirs, ours.flat(schema), theirs.flat(known), f"{where} {name}"
            )
        elif isinstance(other.get("additionalProperties"), Mapping):
            yield from _of_sent(
                ours,
                theirs,
                ours.flat(schema),
                theirs.flat(other["additionalProperties"]),
                f"{where} {name}",
            )
        elif "properties" in other or other.get("additionalProperties") is False:
            yield f"{where} {name}", "no such field"
    if "items" in mine and "items" in other:
        yield from _of_sent(
            ours, theirs, ours.flat(mine["items"]), theirs.flat(other["items"]), f"{where}[]"
        )


def _of_answers(ours: Side, theirs: Side, key: Tuple[str, str]) -> Iterator[Tuple[str, str]]:
    answers = theirs.operation(key)["responses"]
    for status, mine in ours.operation(key)["responses"].items():
        other = resolved(theirs.whole, answers.get(status))
        if other is None:
            yield f"answer {status}", f"they answer {_listed(answers)}"
            continue
        known = _json(other)
        if known is not None:
            yield from _of_answer(
                ours,
                theirs,
                ours.flat(_json(resolved(ours.whole, mine))),
                theirs.flat(known),
                f"answer {status}",
            )


def _of_answer(
    ours: Side, theirs: Side, mine: Schema, other: Schema, where: str
) -> Iterator[Tuple[str, str]]:
    """Where ours reads what theirs does not answer."""
    kinds, answered = ours.kinds(mine), theirs.kinds(other)
    if kinds and answered and not kinds & _widened(answered):
        yield where, f"{_listed(kinds)} is not {_listed(answered)}"
        return
    several = [theirs.flat(one) for one in other.get("oneOf") or other.get("anyOf") or ()]
    fields = {
        name: field
        for one in (*several, other)
        for name, field in one.get("properties", {}).items()
    }
    for name, schema in mine.get("properties", {}).items():
        if name in fields:
            yield from _of_answer(
                ours, theirs, ours.flat(schema), theirs.flat(fields[name]), f"{where} {name}"
            )
        elif fields:
            yield f"{where} {name}", "no such field"
    if "items" in mine and "items" in other:
        yield from _of_answer(
            ours, theirs, ours.flat(mine["items"]), theirs.flat(other["items"]), f"{where}[]"
        )


def _body(side: Side, key: Tuple[str, str]) -> Optional[Tuple[bool, Schema]]:
    body = resolved(side.whole, side.operation(key).get("requestBody"))
    schema = _json(body) if body else None
    return None if schema is None else (bool(body.get("required")), side.flat(schema))


def _json(described: Mapping[str, Any]) -> Any:
    return next(
        (one.get("schema") for kind, one in described.get("content", {}).items() if "json" in kind),
        None,
    )


def _as_text(side: Side, schema: Schema) -> Schema:
    """How a parameter reads that is written as text: a list is what one of it is, and any text is
    anything."""
    kinds = side.kinds(schema) or set()
    if kinds == {"array"}:
        one = side.flat(schema.get("items", {}))
        return {"oneOf": [schema, one], **({"enum": one["enum"]} if "enum" in one else {})}
    return {} if kinds == {"string"} and "enum" not in schema else schema


def _widened(kinds: Set[str]) -> Set[str]:
    return kinds | ({"integer"} if "number" in kinds else set())


def _nameless(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _listed(several: Any) -> str:
    return ", ".join(sorted(str(one) for one in several))


def without(found: Mapping[str, str], known: Mapping[str, str]) -> List[str]:
    """What is found and not among the exceptions, and the exceptions of which nothing is found."""
    new = [f"{where}: {what}" for where, what in found.items() if where not in known]
    return new + [
        f"{where}: nothing differs there any more" for where in known if where not in found
    ]
