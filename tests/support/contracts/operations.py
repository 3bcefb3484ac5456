"""The operations of an OpenAPI description, each ready to check requests and answers with.

openapi-core resolves every `$ref` anew for each exchange: 2 ms of processor time, and 0.9 s to
import it. Our descriptions have no recursive schema, so a `$ref` is replaced by what it stands for
when a description is read, and each schema is one validator of jsonschema. What a description uses
and this module does not know is an error: nothing is passed over.

StackStorm 3.8 and 3.9 come with jsonschema 3.2, whose newest dialect is Draft 7. OpenAPI 3.1 means
Draft 2020-12, and of what that has on top our descriptions use one keyword.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple
from urllib.parse import parse_qsl, unquote

from jsonschema import Draft7Validator, FormatChecker
from jsonschema.validators import extend

METHODS = ("get", "put", "post", "patch", "delete")
_FORM = "application/x-www-form-urlencoded"
# What GitHub answers a commit's id in.
_SHA = "application/vnd.github.sha"
_PLAIN = ("description", "summary")
_FORMATS = FormatChecker(formats=())
_LONGEST = 500
# Keywords that say something of a schema and refuse nothing, and those that hold other schemas.
_ANNOTATIONS = ("contentMediaType", "contentSchema", "description", "title", "default", "example")
_BY_NAME = ("properties", "patternProperties", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = (
    *("items", "additionalProperties", "contains", "propertyNames", "contentSchema"),
    *("not", "if", "then", "else"),
)


def resolved(whole: Mapping[str, Any], node: Any) -> Any:
    """What a `$ref` of a description stands for; anything else as it is."""
    while isinstance(node, Mapping) and "$ref" in node:
        path = re.sub(r"%7[Bb]", "{", re.sub(r"%7[Dd]", "}", node["$ref"][2:]))
        node = whole
        for part in path.split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            node = node[int(key)] if isinstance(node, list) else node[key]
    return node


def inlined(whole: Mapping[str, Any], node: Any, within: Tuple[str, ...] = ()) -> Any:
    """A part of a description with everything that it refers to in place of each `$ref`.

    Raises ValueError where a `$ref` leads back to itself or stands beside something else.
    """
    if isinstance(node, list):
        return [inlined(whole, one, within) for one in node]
    if not isinstance(node, Mapping):
        return node
    ref = node.get("$ref")
    if not isinstance(ref, str):
        return {key: inlined(whole, one, within) for key, one in node.items()}
    if ref in within or set(node) - {"$ref", *_PLAIN}:
        raise ValueError(f"{ref} leads back to itself, or stands beside something else")
    return inlined(whole, resolved(whole, {"$ref": ref}), (*within, ref))


class Operation:
    """One operation: `refuses` a request, or does `not_answer` something."""

    def __init__(self, whole: Mapping[str, Any], path: str, method: str) -> None:
        item = inlined(whole, whole["paths"][path])
        known = item[method]
        parameters = {
            (one["in"], one["name"].casefold()): one
            for one in (*item.get("parameters", ()), *known.get("parameters", ()))
        }
        self._parameters = [_Parameter(one) for one in parameters.values()]
        self._query_names = {one.name for one in self._parameters if one.place == "query"}
        schemes = whole.get("components", {}).get("securitySchemes", {})
        security = known.get("security", whole.get("security", ()))
        self._security = [[resolved(whole, schemes[name]) for name in one] for one in security]
        body = known.get("requestBody", {})
        self._needs_body = body.get("required", False)
        self._body = _Content(body.get("content", {}))
        self._answers = {
            str(status): _Content(one.get("content", {}))
            for status, one in known["responses"].items()
        }

    def refuses(
        self,
        in_path: Mapping[str, str],
        query: Mapping[str, Sequence[str]],
        headers: Mapping[str, str],
        body: bytes,
    ) -> str:
        """Why a request is refused; empty when it is not. Names of `headers` are lower case."""
        if self._security and not any(
            all(_carries(scheme, query, headers) for scheme in every) for every in self._security
        ):
            return "the credentials are not where they belong"
        unknown = sorted(set(query) - self._query_names)
        if unknown:
            return f"no such query parameter: {', '.join(unknown)}"
        for one in self._parameters:
            given = {
                "path": in_path.get(one.name),
                "query": query.get(one.name),
                "header": headers.get(one.name.lower()),
            }[one.place]
            why = one.refuses(given)
            if why:
                return why
        if not body:
            return "there is no body" if self._needs_body else ""
        return self._body.refuses(headers.get("content-type", ""), body)

    def would_not_answer(self, status: int, kind: str, body: bytes) -> str:
        """Why an answer of this status, content type and body is none of this operation."""
        for known in (str(status), f"{status // 100}XX", "default"):
            if known in self._answers:
                content = self._answers[known]
                return content.refuses(kind, body) if content else ""
        return f"the status {status} is not described"


class _Parameter:
    """A parameter of a path, the query or the header."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        self.name, self.place = known["name"], known["in"]
        self._required = known.get("required", False)
        usual = {"query": ("form", True)}.get(self.place, ("simple", False))
        if (known.get("style", usual[0]), known.get("explode", usual[1])) != usual:
            raise ValueError(f"{self.name}: a style or explode that is not the usual one")
        self._schema = known["schema"]
        self._validator = validator_of(self._schema)

    def refuses(self, given: Any) -> str:
        """Why a value (several in a query) is refused; None where there is none."""
        if given is None:
            return f"{self.place} {self.name}: it is missing" if self._required else ""
        if self.place == "query" and "" in given:
            return f"query {self.name}: it is empty"
        if "array" in _types(self._schema):
            texts = list(given) if self.place == "query" else given.split(",")
            value: Any = [_read(self._schema.get("items", {}), one) for one in texts]
        elif self.place == "query" and len(given) > 1:
            return f"query {self.name}: it is given {len(given)} times"
        else:
            value = _read(self._schema, given[0] if self.place == "query" else given)
        return _wrong(self._validator, value, f"{self.place} {self.name}")


class _Content:
    """A body by its content types; false where no body is described."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._kinds = {kind.lower(): one.get("schema", {}) for kind, one in content.items()}
        self._validators = {
            kind: validator_of(_as_read(one) if kind == _FORM else one)
            for kind, one in self._kinds.items()
        }
        for kind in self._kinds:
            _reader(kind)

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def refuses(self, kind: str, body: bytes) -> str:
        """Why a body of this content type is refused."""
        kind = kind.partition(";")[0].strip().lower()
        if kind not in self._kinds:
            known = ", ".join(self._kinds) or "none"
            return f"a body of {kind or 'no type'} where there may be {known}"
        try:
            value = _reader(kind)(body, self._kinds[kind])
        except ValueError as error:
            return f"the body cannot be read: {error}"
        return _wrong(self._validators[kind], value, "body")


def _reader(kind: str) -> Callable[[bytes, Mapping[str, Any]], Any]:
    if kind.endswith(("/json", "+json")):
        return lambda body, schema: json.loads(body)
    if kind == _FORM:
        return _form
    if kind.startswith("text/") or kind == _SHA:
        return lambda body, schema: body.decode("utf-8")
    raise ValueError(f"bodies of {kind} cannot be checked")


def _form(body: bytes, schema: Mapping[str, Any]) -> Dict[str, Any]:
    fields = schema.get("properties", {})
    pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, strict_parsing=True)
    return {name: _read(fields.get(name, {}), text) for name, text in pairs}


def _as_read(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a form once its fields are read: one that holds JSON is what the JSON says."""
    fields = {
        name: one.get("contentSchema", one) for name, one in schema.get("properties", {}).items()
    }
    return {**schema, "properties": fields}


def _carries(
    scheme: Mapping[str, Any], query: Mapping[str, Any], headers: Mapping[str, str]
) -> bool:
    if scheme["type"] == "apiKey":
        if scheme["in"] == "query":
            return scheme["name"] in query
        return scheme["name"].lower() in headers
    if scheme["type"] != "http":
        raise ValueError(f"credentials of the type {scheme['type']} cannot be checked")
    name, _, rest = headers.get("authorization", "").partition(" ")
    return name.lower() == scheme["scheme"].lower() and bool(rest)


def _types(schema: Mapping[str, Any]) -> List[str]:
    """The types that a schema allows, as far as it says so at its top."""
    types = schema.get("type")
    if types is None:
        parts = [one for key in ("allOf", "oneOf", "anyOf") for one in schema.get(key, ())]
        return [name for one in parts for name in _types(one)]
    return [types] if isinstance(types, str) else list(types)


def _read(schema: Mapping[str, Any], text: str) -> Any:
    """A text as the type that a schema wants, or as the text that it is, which is then refused."""
    if "contentSchema" in schema:
        return json.loads(text)
    types = _types(schema)
    if "integer" in types and re.fullmatch(r"-?\d+", text, re.ASCII):
        return int(text)
    if "number" in types and re.fullmatch(r"-?\d+(\.\d+)?", text, re.ASCII):
        return float(text)
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    return text


def _dependent_schemas(
    validator: Any, schemas: Mapping[str, Any], value: Any, _schema: Any
) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, schema in schemas.items():
            if name in value:
                yield from validator.descend(value, schema, schema_path=name)


_Validator = extend(Draft7Validator, {"dependentSchemas": _dependent_schemas})
_KNOWN = {*_Validator.VALIDATORS, *_SINGLE, *_ANNOTATIONS}


def validator_of(schema: Mapping[str, Any]) -> Any:
    """A validator of jsonschema's for a schema without `$ref`.

    Raises ValueError where the schema has a keyword or a format that nothing here checks.
    """
    _check_known(schema)
    return _Validator(schema, format_checker=_FORMATS)


def _check_known(schema: Any) -> None:
    if not isinstance(schema, Mapping):
        return  # true or false
    unknown = sorted(set(schema) - _KNOWN)
    if unknown:
        raise ValueError(f"the keyword {unknown[0]} cannot be checked")
    if "format" in schema and schema["format"] not in _FORMATS.checkers:
        raise ValueError(f"the format {schema['format']} cannot be checked")
    for keyword, value in schema.items():
        if keyword in _BY_NAME:
            parts = list(value.values())
        elif keyword in _LISTS:
            parts = list(value)
        else:
            parts = [value] if keyword in _SINGLE else []
        for one in parts:
            _check_known(one)


def _wrong(validator: Any, value: Any, where: str) -> str:
    found = [f"{where} {_place(one)}: {one.message}" for one in validator.iter_errors(value)]
    return " / ".join(found)[:_LONGEST]


def _place(error: Any) -> str:
    """Where in a value an error is, as `$.cards[0].name`."""
    parts = (f"[{one}]" if isinstance(one, int) else f".{one}" for one in error.absolute_path)
    return "".join(["$", *parts])


@_FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: Any) -> bool:
    if isinstance(value, str):
        if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt][\d:]{8}(\.\d+)?([Zz]|[+-]\d\d:\d\d)", value):
            return False
        datetime.strptime(value[:19].upper(), "%Y-%m-%dT%H:%M:%S")
    return True


@_FORMATS.checks("date", raises=ValueError)
def _is_day(value: Any) -> bool:
    if isinstance(value, str):
        date.fromisoformat(value)
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value))
    return True


class Operations:
    """All operations of a description, found by method and path; each is read when it is first
    used."""

    def __init__(self, whole: Mapping[str, Any]) -> None:
        self._whole = whole
        # Paths without parts to fill in come first, as OpenAPI has it.
        paths = sorted(whole["paths"], key=lambda path: path.count("{"))
        self._patterns = {
            path: re.compile(re.sub(r"\\?\{[^}]*\\?\}", "([^/]+)", re.escape(path)))
            for path in paths
        }
        self._read: Dict[Tuple[str, str], Operation] = {}

    def find(self, method: str, path: str) -> Optional[Tuple[Operation, Dict[str, str]]]:
        """The operation at a path, and what the path fills in; None where there is none."""
        for known, pattern in self._patterns.items():
            found = pattern.fullmatch(path)
            if found and method.lower() in self._whole["paths"][known]:
                names = re.findall(r"\{([^}]*)\}", known)
                values = [unquote(one) for one in found.groups()]
                return self.operation(known, method.lower()), dict(zip(names, values))
        return None

    def operation(self, path: str, method: str) -> Operation:
        """The operation at a path as the description writes it, of a method in lower case."""
        if (path, method) not in self._read:
            self._read[path, method] = Operation(self._whole, path, method)
        return self._read[path, method]
