"""The commands that deploy, and those that show what runs and what changed."""

from __future__ import annotations

from typing import Tuple

from .families import (
    ANYWHERE,
    APP,
    ID_PLACE,
    NOT_ON,
    PLACE,
    SOURCE,
    VERSION,
    deploying,
    text_last,
    text_within,
    with_cards,
)
from .forms import CODE, REST, Command, Form, gaps, value, words

_DEPLOY = gaps("deploy", APP, VERSION, "to")
# Two applications or more, each with its version: "web 1.4.2 and api 2.0.0".
_ONE = r"(?!to(?!\S))[^\s,\x3d]+"
_ITEM = rf"{_ONE}\s+{_ONE}"
_ITEMS = rf"{_ITEM}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+){_ITEM}){{1,19}}"

DEPLOYMENTS: Tuple[Command, ...] = (
    Command(
        "cancel_deployment",
        words("cancel deploy"),
        (
            Form(
                "cancel deploy of {{ app }} on {{ environment }}",
                gaps(words("cancel deploy of"), APP, "on", ANYWHERE),
            ),
        ),
    ),
    Command(
        "compare_environments",
        words("what is on"),
        (
            Form(
                "what is on {{ source }} but not on {{ environment }}",
                gaps(words("what is on"), SOURCE, "but", "not", "on", ANYWHERE),
            ),
        ),
    ),
    Command(
        "compare_versions",
        words("changes between"),
        (
            Form(
                "changes between {{ before }} and {{ after }} of {{ app }}",
                gaps(
                    words("changes between"),
                    *(value("before"), "and", value("after"), "of"),
                    value("app", REST),
                ),
            ),
        ),
    ),
    deploying("deploy"),
    Command(
        "deploy_set",
        words("deploy"),
        with_cards(
            "deploy {{ apps }} to {{ environment }}",
            gaps(words("deploy"), value("apps", _ITEMS), "to"),
        ),
    ),
    deploying("redeploy"),
    Command(
        "emergency_deploy",
        words("emergency"),
        (
            text_last(
                "emergency deploy {{ app }} {{ version }} to {{ environment }}: {{ reason }}",
                gaps(words("emergency"), _DEPLOY, ID_PLACE),
                "reason",
            ),
            text_last(
                "emergency {{ code }} deploy {{ app }} {{ version }} to {{ environment }}: {{ "
                "reason }}",
                gaps(words("emergency"), value("code", CODE), _DEPLOY, ID_PLACE),
                "reason",
            ),
            text_within(
                "emergency because {{ reason }} deploy {{ app }} {{ version }} to {{ "
                "environment }}",
                words("emergency because"),
                "reason",
                *(_DEPLOY, PLACE),
            ),
            text_within(
                "emergency {{ code }} because {{ reason }} deploy {{ app }} {{ version }} to {{ "
                "environment }}",
                gaps(words("emergency"), value("code", CODE), "because"),
                "reason",
                *(_DEPLOY, PLACE),
            ),
        ),
    ),
    Command(
        "get_history",
        words("history"),
        (
            Form("history on {{ environment }}", gaps(words("history on"), ANYWHERE)),
            Form(
                "history of {{ app }}",
                gaps(words("history of"), NOT_ON + value("app", REST)),
            ),
            Form(
                "history of {{ app }} on {{ environment }}",
                gaps(words("history of"), APP, "on", ANYWHERE),
            ),
        ),
    ),
    Command(
        "get_version",
        "[Vv]ersions?",
        (
            Form(
                "version of {{ app }} on {{ environment }}",
                gaps("[Vv]ersions?", "of", APP, "on", ANYWHERE),
            ),
            Form(
                "versions of {{ app }}",
                gaps("[Vv]ersions?", "of", NOT_ON + value("app", REST)),
            ),
            Form("versions on {{ environment }}", gaps("[Vv]ersions?", "on", ANYWHERE)),
        ),
    ),
    Command(
        "plan",
        words("plan"),
        (
            Form(
                "plan {{ app }} {{ version }} to {{ environment }}",
                gaps(words("plan"), APP, VERSION, "to", ANYWHERE),
            ),
        ),
    ),
    Command(
        "promote",
        words("promote"),
        with_cards(
            "promote {{ app }} from {{ source }} to {{ environment }}",
            gaps(words("promote"), APP, "from", SOURCE, "to"),
        ),
    ),
    Command(
        "rollback",
        words("rollback"),
        with_cards("rollback {{ app }} on {{ environment }}", gaps(words("rollback"), APP, "on")),
    ),
)
