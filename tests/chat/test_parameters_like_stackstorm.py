"""What the console takes for a valid parameter beside what StackStorm's own code takes, where that
is at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional

import pytest

from console.aliases import Action
from console.parameters import RUNNER_PARAMETERS, Rejected, prepare

try:
    import jsonschema
    from st2common.util import casts
    from st2common.util import schema as theirs
    from st2common.util.deep_copy import fast_deepcopy_dict
    from st2common.util.misc import deep_update
except ImportError:
    pytest.skip("StackStorm's st2common is not installed here", allow_module_level=True)

TEMPLATE = "{{ action_context.user }}"
PARAMETERS: Dict[str, Dict[str, Any]] = {
    "a short name": {"x": {"type": "string", "maxLength": 3, "pattern": "^[a-z]+(?![\\s\\S])"}},
    "a required name": {"x": {"type": "string", "required": True}},
    "a required name with a default": {"x": {"type": "string", "required": True, "default": "a"}},
    "a number": {"x": {"type": "integer", "minimum": 2, "maximum": 4}},
    "a fraction": {"x": {"type": "number"}},
    "a choice": {"x": {"type": "string", "enum": ["a", "b"]}},
    "yes or no": {"x": {"type": "boolean", "default": False}},
    "a list": {"x": {"type": "array", "items": {"type": "string", "maxLength": 2}, "maxItems": 2}},
    "an object": {
        "x": {"type": "object", "properties": {"k": {"type": "integer", "required": True}}}
    },
    "anything": {"x": {}},
    "a template": {"x": {"type": "string", "default": TEMPLATE}},
    "a short template": {
        "x": {"type": "string", "default": TEMPLATE, "maxLength": 3, "immutable": True}
    },
    "an immutable": {"x": {"type": "string", "default": TEMPLATE, "immutable": True}},
    "a closed runner parameter": {
        "env": {"default": {}, "immutable": True},
        "timeout": {"default": 5},
    },
    "nothing": {},
}
GIVEN: Dict[str, Dict[str, Optional[str]]] = {
    "nothing": {},
    "a letter": {"x": "a"},
    "many letters": {"x": "abcdef"},
    "two lines": {"x": "a\n"},
    "a digit": {"x": "3"},
    "a large number": {"x": "99"},
    "half": {"x": "2.5"},
    "true": {"x": "true"},
    "an object": {"x": '{"k": 1}'},
    "an empty object": {"x": "{}"},
    "a list": {"x": "a, b"},
    "a long list": {"x": "a, b, c"},
    "an empty text": {"x": ""},
    "no value": {"x": None},
    "no value in words": {"x": "%*****__%NONE%__*****%"},
    "a stranger": {"y": "a"},
    "a runner parameter": {"timeout": "7"},
    "a wrong runner parameter": {"log_level": "LOUD"},
    "the environment": {"env": '{"PATH": "/tmp"}'},
}


def stackstorm_takes(parameters: Dict[str, Any], given: Dict[str, Any]) -> bool:
    """The steps of an alias execution in st2api and st2common, with their own functions."""
    merged: Dict[str, Any] = {}
    deep_update(merged, fast_deepcopy_dict(RUNNER_PARAMETERS))
    deep_update(merged, fast_deepcopy_dict(parameters))
    kinds = {**RUNNER_PARAMETERS, **parameters}
    try:
        values: Dict[str, Any] = {}
        for name, value in given.items():
            kind = kinds.get(name, {}).get("type")
            if kind == "array":
                values[name] = [item.strip() for item in value.split(",")]
            else:
                values[name] = casts.get_cast(kind)(value) if kind else value
        schema = theirs.get_schema_for_resource_parameters(merged)
        theirs.validate(
            values, schema, theirs.get_validator(), use_default=True, allow_default_none=True
        )
    except (jsonschema.ValidationError, ValueError, SyntaxError, TypeError, AttributeError):
        return False
    return not any(merged[name].get("immutable") for name in values)


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("parameters", PARAMETERS)
def test_the_console_takes_what_stackstorm_takes(parameters: str, given: str) -> None:
    action = Action("tiny.greet", "greet", Path("greet.py"), PARAMETERS[parameters])
    try:
        prepare(action, GIVEN[given], {}, {"user": "chatops_bot"}, {})
        taken = True
    except Rejected:
        taken = False
    assert taken is stackstorm_takes(PARAMETERS[parameters], dict(GIVEN[given]))
