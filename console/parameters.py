"""From the texts of a message to the parameters of an action: cast, checked, completed, as
StackStorm does it."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional

from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError, best_match

from .aliases import Action
from .expressions import NONE_TEXT, CannotRender, is_expression, render, render_values

Schema = Dict[str, Any]

# Every python-script action takes these too, from chat as well, unless its metadata makes them
# immutable.
RUNNER_PARAMETERS: Dict[str, Schema] = {
    "debug": {"type": "boolean", "required": False, "default": False},
    "content_version": {"type": "string", "required": False},
    "env": {"type": "object"},
    "timeout": {"type": "integer", "default": 600},
    "log_level": {
        "type": "string",
        "default": "DEBUG",
        "enum": ["AUDIT", "CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"],
    },
}


class Rejected(Exception):
    """What StackStorm would answer with HTTP 400: nothing ran. `code` is for machines."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Prepared:
    """The parameters of an execution: as requested, and as `run` gets them."""

    requested: Dict[str, Any]
    passed: Dict[str, Any]


def prepare(
    action: Action,
    extracted: Mapping[str, Optional[str]],
    immutable: Mapping[str, Any],
    context: Mapping[str, Any],
    config: Mapping[str, Any],
) -> Prepared:
    """The parameters for one run, in StackStorm's order of doing things.

    `extracted` is what the message said, `immutable` the alias's own parameters, `context` the
    action context with `user`, `api_user` and `source_channel`. Raises Rejected.
    """
    given: Dict[str, Any] = dict(extracted)
    _inject(given, immutable, context)
    schemas = _merged(action)
    _cast_all(given, {**RUNNER_PARAMETERS, **action.parameters})
    _validate(given, schemas)
    overridden = [name for name in given if schemas[name].get("immutable")]
    if overridden:
        raise Rejected(
            "immutable_parameter",
            f"Override of immutable parameter(s) {overridden} is unsupported.",
        )
    return Prepared(given, _complete(action, given, context, config))


def schema_of(action: Action) -> Schema:
    """The JSON schema, of draft 4, that the parameters of an action are checked against."""
    return _object_schema(_merged(action), nullable=True)


def _inject(
    given: Dict[str, Any], immutable: Mapping[str, Any], context: Mapping[str, Any]
) -> None:
    overridden = [name for name in immutable if name in given]
    if overridden:
        raise Rejected(
            "immutable_parameter",
            f"Immutable arguments cannot be overriden: {','.join(overridden)}",
        )
    try:
        given.update(render_values(immutable, context))
    except CannotRender as error:
        raise Rejected(
            "invalid_parameter",
            f"The immutable parameters of the alias cannot be rendered. {error}",
        ) from None


def _merged(action: Action) -> Dict[str, Schema]:
    merged = {name: dict(schema) for name, schema in RUNNER_PARAMETERS.items()}
    for name, schema in action.parameters.items():
        merged[name] = {**merged.get(name, {}), **schema}
    return merged


def _cast_all(given: Dict[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> None:
    for name, value in given.items():
        kind = str(schemas.get(name, {}).get("type"))
        cast = _from_chat_array if kind == "array" else _CASTS.get(kind)
        if cast is None:
            continue
        try:
            given[name] = cast(value)
        except (ValueError, SyntaxError, TypeError, AttributeError):
            raise Rejected(
                "invalid_parameter", f"{name}: {_short(repr(value))} is not of type '{kind}'"
            ) from None


def _from_chat_array(value: Any) -> Any:
    return value if isinstance(value, list) else [item.strip() for item in value.split(",")]


def _object(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return ast.literal_eval(value)


def _string(value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _unless_none(cast: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: cast(None if value == NONE_TEXT else value)


_CASTS: Dict[str, Callable[[Any], Any]] = {
    "array": _unless_none(_object),
    "boolean": _unless_none(
        lambda value: ast.literal_eval(value.capitalize()) if isinstance(value, str) else value
    ),
    "integer": _unless_none(int),
    "number": _unless_none(float),
    "object": _unless_none(_object),
    "string": _unless_none(_string),
}


def _validate(given: Mapping[str, Any], schemas: Mapping[str, Schema]) -> None:
    """Check what was given, and also the defaults: StackStorm checks a default before it is
    rendered."""
    instance = {
        **given,
        **{
            name: schema["default"]
            for name, schema in schemas.items()
            if "default" in schema and given.get(name) is None
        },
    }
    validator = Draft4Validator(_object_schema(schemas, nullable=True))
    error = best_match(validator.iter_errors(instance))
    if error is not None:
        raise Rejected("invalid_parameter", _sentence(error))


def _object_schema(properties: Mapping[str, Schema], nullable: bool = False) -> Schema:
    """A standard schema from StackStorm's, where `required: true` is inside a property."""
    plain: Dict[str, Schema] = {}
    required: List[str] = []
    for name, schema in properties.items():
        one = {
            key: value
            for key, value in schema.items()
            if key not in ("required", "immutable", "secret", "position")
        }
        if isinstance(one.get("properties"), dict):
            inner = _object_schema(one["properties"])
            inner["additionalProperties"] = one.get("additionalProperties", True)
            one = {**one, **inner}
        if schema.get("required") is True:
            required.append(name)
        elif nullable and schema.get("default") is None and isinstance(one.get("type"), str):
            one["type"] = [one["type"], "null"]
        plain[name] = one
    made: Schema = {"type": "object", "properties": plain, "additionalProperties": False}
    # An empty list of required properties is no valid schema.
    return {**made, "required": required} if required else made


def _sentence(error: ValidationError) -> str:
    name = ".".join(str(step) for step in error.absolute_path)
    line = str(error.message).split("\n")[0]
    if isinstance(error.instance, str) and error.validator in (
        "pattern",
        "maxLength",
        "minLength",
        "enum",
        "type",
    ):
        line = line.replace(repr(error.instance), _short(repr(error.instance)))
    return f"{name}: {line}" if name else line


def _short(text: str, characters: int = 60) -> str:
    return text if len(text) <= characters else text[: characters - 2] + "…'"


def _complete(
    action: Action, given: Mapping[str, Any], context: Mapping[str, Any], config: Mapping[str, Any]
) -> Dict[str, Any]:
    """Every parameter of the action, defaults rendered. What was given is never rendered."""
    names: Dict[str, Any] = {
        "action_context": dict(context),
        "config_context": dict(config),
        **given,
    }
    for name, schema in action.parameters.items():
        if given.get(name) is None and not is_expression(schema.get("default")):
            names[name] = schema.get("default")
    for name, schema in action.parameters.items():
        if given.get(name) is None and is_expression(schema.get("default")):
            try:
                names[name] = render(schema["default"], names)
            except CannotRender as error:
                raise Rejected(
                    "invalid_parameter", f"Failed to render parameter '{name}': {error}"
                ) from None
    passed = {name: names[name] for name in action.parameters if name not in RUNNER_PARAMETERS}
    for name, value in passed.items():
        cast = _CASTS.get(str(action.parameters[name].get("type")))
        if value is not None and cast is not None:
            passed[name] = cast(value)
    return passed
