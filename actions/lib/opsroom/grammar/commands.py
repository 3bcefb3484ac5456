"""Every command and its forms, in the order of the aliases."""

from __future__ import annotations

from typing import Tuple

from .cards import CARDS
from .deployments import DEPLOYMENTS
from .families import (
    ANYWHERE,
    APP,
    BEFORE_TO,
    ID_PLACE,
    NOT_EVERYTHING,
    NOT_ON,
    PAGE_WORD,
    PLACE,
    SINCE,
    WHO,
    alone,
    alone_or,
    by_id,
    deciding,
    figures_of,
    page,
    period,
    text_last,
    text_within,
)
from .forms import (
    CODE,
    END,
    ID,
    LAST,
    NAME,
    PAIRS,
    REST,
    Command,
    Form,
    gaps,
    plain,
    value,
    words,
)

_REASON = rf"(?:\s*:(?:\s*{value('reason', REST)})?)?{END}"
_PUT = words("put lock") + r"(?!\s+on\s)"
_ON_APP = gaps("", "on", APP, "on", PLACE) + END

_OTHERS: Tuple[Command, ...] = (
    by_id("ack_page", "ack page", "page"),
    Command(
        "add_responder",
        gaps(words("add"), r"(?!comment\s)" + BEFORE_TO + "{0,127}", "to", "page"),
        (
            Form(
                "add {{ who }} to page {{ page }}",
                gaps(
                    words("add"),
                    r"(?!comment\s)" + value("who", BEFORE_TO + "{0,127}"),
                    *("to", "page", value("page")),
                )
                + PAIRS,
            ),
        ),
    ),
    deciding("approve"),
    Command(
        "audit_report",
        words("audit"),
        (
            *period("audit report"),
            Form(
                "audit report on {{ environment }} for {{ since }}",
                gaps(words("audit report on"), PLACE, "for", value("since", REST)),
            ),
            Form(
                "audit report on {{ environment }} from {{ since }} to {{ until }}",
                gaps(*(words("audit report on"), PLACE, "from", SINCE, "to"), value("until", REST)),
            ),
        ),
    ),
    alone_or("audit_verify", "audit verify", "against", "head"),
    deciding("confirm"),
    Command(
        "end_incident",
        words("close incident"),
        (
            Form(
                "close incident {{ incident }}",
                gaps(words("close incident"), value("incident", ID) + r"(?!\s*:)") + PAIRS,
                typed=True,
            ),
            text_last(
                "close incident {{ incident }}: {{ text }}",
                gaps(words("close incident"), value("incident", ID)),
                "text",
            ),
            text_within(
                "close with {{ text }} incident {{ incident }}",
                words("close with"),
                "text",
                *("incident", value("incident", ID)),
            ),
        ),
    ),
    by_id("escalate_page", "escalate page", "page"),
    Command(
        "get_on_call",
        rf"(?:{words('on call')}|{words('who is on call')})",
        (
            Form("on call for {{ who }}", gaps(words("on call for"), value("who", REST))),
            Form("who is on call", words("who is on call") + r"\s*\??" + PAIRS, ending=r"\s*\??"),
            Form(
                "who is on call for {{ who }}",
                gaps(words("who is on call") + rf"(?!{PAIRS})", "for", value("who", REST)),
            ),
        ),
    ),
    Command(
        "help",
        words("opsroom"),
        (
            Form("opsroom help", words("opsroom help") + PAIRS),
            Form(
                "opsroom help {{ command }}",
                gaps(words("opsroom help") + rf"(?!{PAIRS})", value("command", REST)),
            ),
        ),
    ),
    alone_or("list_changes", "show changes", "on", "environment"),
    alone("list_incidents", "show incidents"),
    alone_or("list_locks", "show locks", "on", "environment"),
    alone_or("list_pages", "show pages", "for", "who"),
    Command(
        "lock",
        rf"(?:{words('lock')}|{words('put lock')})",
        (
            Form(
                "lock {{ environment }}: {{ reason }}",
                gaps(words("lock"), NOT_EVERYTHING + ID_PLACE) + _REASON,
                typed=True,
            ),
            text_within(
                "put lock {{ reason }} on {{ environment }}",
                _PUT + rf"(?!\s+{REST}{plain(_ON_APP)})",
                "reason",
                *("on", PLACE),
            ),
            Form(
                "put lock {{ reason }} on {{ app }} on {{ environment }}",
                gaps(_PUT, value("reason", REST)) + _ON_APP,
                typed=True,
                within=True,
            ),
            Form(
                "lock {{ app }} on {{ environment }}: {{ reason }}",
                gaps(words("lock"), value("app", ID), "on", ID_PLACE) + _REASON,
                typed=True,
            ),
        ),
    ),
    Command(
        "lock_everything",
        words("lock"),
        (
            Form(
                "lock everything: {{ reason }}",
                gaps(words("lock"), value("environment", "[Ee]verything")) + _REASON,
                typed=True,
            ),
        ),
    ),
    alone("loud", "loud announcements"),
    Command("metrics", words("metrics") + r"\s+o[fn]", figures_of("metrics")),
    Command(
        "open_incident",
        words("declare") + r"\s+(?:an\s+)?incident",
        (
            text_last(
                "declare incident for {{ who }}: {{ text }}",
                gaps(words("declare incident for"), value("who", NAME)),
                "text",
            ),
            text_within(
                "declare an incident {{ text }} for {{ who }}",
                words("declare an incident"),
                "text",
                *("for", value("who", LAST)),
            ),
        ),
    ),
    page("page", rf"(?:{words('page')}|{words('send page')})", "page", WHO, "send page", PAGE_WORD),
    page(
        "page_in_emergency",
        rf"(?:{words('emergency page')}|{words('send emergency page')})",
        *("emergency page", NAME, "send emergency page"),
    ),
    page("page_urgently", words("send urgent page"), "page", WHO, "send urgent page"),
    Command(
        "quiet",
        words("quiet announcements"),
        (
            Form(
                "quiet announcements for {{ length }}",
                gaps(words("quiet announcements for"), value("length", REST)),
            ),
            Form(
                "quiet announcements until {{ length }}",
                gaps(words("quiet announcements until"), value("length", REST)),
                with_word=True,
            ),
        ),
    ),
    Command("reconcile", words("audit reconcile"), period("audit reconcile")),
    Command(
        "reject_change",
        rf"(?:{words('reject change')}|{words('reject because')})",
        (
            text_last(
                "reject change {{ change }}: {{ reason }}",
                gaps(words("reject change"), value("change", ID)),
                "reason",
            ),
            text_within(
                "reject because {{ reason }} change {{ change }}",
                words("reject because"),
                "reason",
                *("change", value("change", ID)),
            ),
        ),
    ),
    alone("report", "morning report"),
    by_id("resolve_page", "resolve page", "page"),
    Command(
        "review_change",
        words("review change"),
        (
            text_last(
                "review change {{ change }}: {{ text }}",
                gaps(words("review change"), value("change", ID)),
                "text",
            ),
            text_last(
                "review change {{ change }} {{ code }}: {{ text }}",
                gaps(words("review change"), value("change", ID), value("code", CODE)),
                "text",
            ),
            text_within(
                "review with {{ text }} change {{ change }}",
                words("review with"),
                "text",
                *("change", value("change", ID)),
            ),
            text_within(
                "review with {{ text }} change {{ change }} {{ code }}",
                words("review with"),
                "text",
                *("change", r"(?!change\s)" + value("change", ID), value("code", CODE)),
            ),
        ),
    ),
    Command(
        "unlock",
        words("unlock"),
        (
            Form(
                "unlock {{ environment }}",
                gaps(words("unlock"), NOT_EVERYTHING + NOT_ON + ANYWHERE),
            ),
            Form(
                "unlock {{ app }} on {{ environment }}",
                gaps(words("unlock"), APP, "on", ANYWHERE),
            ),
        ),
    ),
    Command(
        "unlock_everything",
        words("unlock"),
        (
            Form("unlock everything", gaps(words("unlock"), "[Ee]verything") + PAIRS),
            Form(
                "unlock everything {{ code }}",
                gaps(words("unlock"), "[Ee]verything", value("code", CODE)) + PAIRS,
            ),
        ),
    ),
    Command(
        "doctor",
        words("opsroom"),
        (Form("opsroom doctor", words("opsroom doctor") + PAIRS, ending=""),),
    ),
    Command(
        "whoami",
        words("opsroom"),
        tuple(
            Form(text, words(text) + r"\s*\??" + PAIRS, ending=r"\s*\??")
            for text in ("opsroom whoami", "opsroom who am i")
        ),
    ),
)

COMMANDS: Tuple[Command, ...] = tuple(
    sorted((*_OTHERS, *CARDS, *DEPLOYMENTS), key=lambda command: command.alias)
)
