"""Every command and its forms, in the order of the aliases."""

from __future__ import annotations

from typing import Tuple

from .forms import CODE, COLON, END, ID, LAST, NAME, PAIRS, REST, WORD, Command, Form, gaps, plain, value, words

_APP, _VERSION, _SOURCE, _PLACE = (value(name) for name in ("app", "version", "source", "environment"))
_ANYWHERE = value("environment", REST)
# Not where "for" or "on" follows the first word: another form says what then.
_NOT_FOR, _NOT_ON = r"(?!\S+\s+for(?!\S))", r"(?!\S+\s+on(?!\S))"
_NOT_EVERYTHING = r"(?![Ee]verything(?![^\s:]))"
_BEFORE_TO = r"\S(?:(?!\s+to(?!\S))[\s\S])"
_SINCE = value("since", _BEFORE_TO + "{0,63}")


def _with_cards(display: str, until_place: str) -> Tuple[Form, Form]:
    """A deployment, and the same for cards."""
    place = gaps(value("environment", r"\S+"), "for", value("cards", REST))
    return (
        Form(display, gaps(until_place, _NOT_FOR + _ANYWHERE)),
        Form(f"{display} for {{{{ cards }}}}", gaps(until_place, place)),
    )


def _deploying(word: str) -> Command:
    display = f"{word} {{{{ app }}}} {{{{ version }}}} to {{{{ environment }}}}"
    return Command(word, words(word), _with_cards(display, gaps(words(word), _APP, _VERSION, "to")))


def _by_id(alias: str, said: str, name: str) -> Command:
    form = Form(f"{said} {{{{ {name} }}}}", gaps(words(said), value(name)) + PAIRS)
    return Command(alias, words(said), (form,))


def _deciding(word: str) -> Command:
    said = f"{word} change"
    change, code = value("change"), value("code", CODE)
    return Command(
        f"{word}_change",
        words(said),
        (
            Form(f"{said} {{{{ change }}}}", gaps(words(said), change) + PAIRS),
            Form(f"{said} {{{{ change }}}} {{{{ code }}}}", gaps(words(said), change, code) + PAIRS),
        ),
    )


def _alone(alias: str, said: str) -> Command:
    return Command(alias, words(said), (Form(said, words(said) + PAIRS),))


def _alone_or(alias: str, said: str, word: str, name: str, head: str = "") -> Command:
    """A command with or without a value at its end."""
    named = gaps(words(said) + rf"(?!{PAIRS})", word, value(name, REST))
    return Command(
        alias,
        words(head or said),
        (Form(said, words(said) + PAIRS), Form(f"{said} {word} {{{{ {name} }}}}", named)),
    )


def _giving(alias: str, said: str, name: str) -> Command:
    display = f"{said} {{{{ card }}}} to {{{{ {name} }}}}"
    form = Form(display, gaps(words(said), value("card"), "to", value(name, REST)))
    return Command(alias, words(said), (form,))


def _period(said: str) -> Tuple[Form, Form]:
    until = value("until", REST)
    return (
        Form(f"{said} for {{{{ since }}}}", gaps(words(f"{said} for"), value("since", REST))),
        Form(
            f"{said} from {{{{ since }}}} to {{{{ until }}}}",
            gaps(words(f"{said} from"), _SINCE, "to", until),
        ),
    )


def _text_last(display: str, before: str, name: str, colon: str = COLON) -> Form:
    """Free text behind a colon."""
    return Form(display, before + colon + value(name, REST), typed=True)


def _text_within(display: str, before: str, name: str, *after: str) -> Form:
    """Free text in the middle: it may end in anything."""
    return Form(display, gaps(before, value(name, REST), *after) + END, typed=True, within=True)


def _page(alias: str, head: str, before: str, who: str, said: str, *more: Form) -> Command:
    """A page, with the text behind a colon or in the middle."""
    urgently = " urgently" if alias == "page_urgently" else ""
    colon = r"\s+urgently" + COLON if urgently else COLON
    return Command(
        alias,
        head,
        (
            _text_last(
                f"{before} {{{{ who }}}}{urgently}: {{{{ message }}}}",
                gaps(words(before), value("who", who)),
                "message",
                colon,
            ),
            *more,
            _text_within(
                f"{said} {{{{ message }}}} to {{{{ who }}}}",
                words(said),
                "message",
                *("to", value("who", LAST)),
            ),
        ),
    )


# Up to the colon, or to "urgently" in front of it.
_WHO = r"(?!:(?!\S))\S(?:(?!\s+urgently\s*:(?!\S)|\s*:(?!\S))[\s\S]){0,255}"
# Without a blank behind the colon: one word, no other colon that could end a name, and no address.
_PAGE_WORD = Form(
    "page {{ who }}: {{ message }}",
    gaps(words("page"), value("who", r"[^\s:]+")) + ":" + value("message", r"(?![/:])\S(?:(?!:(?!\S))[\s\S])*") + END,
    typed=True,
)
_CARD = words("create") + r"\s+(?:a\s+)?card"
_PROJECT = r"(?!:)\S(?:(?!\s*:(?!\S))[^\n]){0,255}"
_IN_PROJECT = gaps(_CARD, "in", value("project", _PROJECT))
_ABOUT = words("cards about") + r"\s+"
_ONE_PROJECT = rf"(?!(?!{WORD}{PAIRS}))"
_IN_ONE = rf"\s+in\s+{_ONE_PROJECT}{value('project')}{PAIRS}"
_DEPLOY = gaps("deploy", _APP, _VERSION, "to")
_ID_PLACE = value("environment", ID)
_REASON = rf"(?:\s*:(?:\s*{value('reason', REST)})?)?{END}"
_PUT = words("put lock") + r"(?!\s+on\s)"
_ON_APP = gaps("", "on", _APP, "on", _PLACE) + END

COMMANDS: Tuple[Command, ...] = (
    _by_id("ack_page", "ack page", "page"),
    Command(
        "add_responder",
        gaps(words("add"), r"(?!comment\s)" + _BEFORE_TO + "{0,127}", "to", "page"),
        (
            Form(
                "add {{ who }} to page {{ page }}",
                gaps(
                    words("add"),
                    r"(?!comment\s)" + value("who", _BEFORE_TO + "{0,127}"),
                    *("to", "page", value("page")),
                )
                + PAIRS,
            ),
        ),
    ),
    _deciding("approve"),
    _giving("assign_card", "assign card", "assignee"),
    Command(
        "audit_report",
        words("audit"),
        (
            *_period("audit report"),
            Form(
                "audit report on {{ environment }} for {{ since }}",
                gaps(words("audit report on"), _PLACE, "for", value("since", REST)),
            ),
            Form(
                "audit report on {{ environment }} from {{ since }} to {{ until }}",
                gaps(*(words("audit report on"), _PLACE, "from", _SINCE, "to"), value("until", REST)),
            ),
        ),
    ),
    _alone_or("audit_verify", "audit verify", "against", "head"),
    Command(
        "comment_card",
        rf"(?:{words('comment on card')}|{words('add comment')})",
        (
            _text_last(
                "comment on card {{ card }}: {{ text }}",
                gaps(words("comment on card"), value("card", r"(?!:)\S+?")),
                "text",
            ),
            _text_within(
                "add comment {{ text }} to card {{ card }}",
                words("add comment"),
                "text",
                *("to", "card", value("card", r"\S+")),
            ),
        ),
    ),
    _deciding("confirm"),
    Command(
        "create_card",
        _CARD,
        (
            _text_last("create card: {{ text }}", _CARD, "text", r"\s*:\s*"),
            _text_last("create card in {{ project }}: {{ text }}", _IN_PROJECT, "text"),
            _text_within(
                "create a card {{ text }} in project {{ project }}",
                words("create a card") + rf"(?!\s*:)(?!\s+in\s+{_PROJECT}{COLON}\S)",
                "text",
                *("in", "project", value("project", LAST)),
            ),
        ),
    ),
    _deploying("deploy"),
    Command(
        "emergency_deploy",
        words("emergency"),
        (
            _text_last(
                "emergency deploy {{ app }} {{ version }} to {{ environment }}: {{ reason }}",
                gaps(words("emergency"), _DEPLOY, _ID_PLACE),
                "reason",
            ),
            _text_last(
                "emergency {{ code }} deploy {{ app }} {{ version }} to {{ environment }}: {{ reason }}",
                gaps(words("emergency"), value("code", CODE), _DEPLOY, _ID_PLACE),
                "reason",
            ),
            _text_within(
                "emergency because {{ reason }} deploy {{ app }} {{ version }} to {{ environment }}",
                words("emergency because"),
                "reason",
                *(_DEPLOY, _PLACE),
            ),
            _text_within(
                "emergency {{ code }} because {{ reason }} deploy {{ app }} {{ version }} to {{ environment }}",
                gaps(words("emergency"), value("code", CODE), "because"),
                "reason",
                *(_DEPLOY, _PLACE),
            ),
        ),
    ),
    Command(
        "end_incident",
        words("close incident"),
        (
            Form(
                "close incident {{ incident }}",
                gaps(words("close incident"), value("incident", ID) + r"(?!\s*:)") + PAIRS,
                typed=True,
            ),
            _text_last(
                "close incident {{ incident }}: {{ text }}",
                gaps(words("close incident"), value("incident", ID)),
                "text",
            ),
            _text_within(
                "close with {{ text }} incident {{ incident }}",
                words("close with"),
                "text",
                *("incident", value("incident", ID)),
            ),
        ),
    ),
    _by_id("escalate_page", "escalate page", "page"),
    Command(
        "find_cards",
        words("cards"),
        (
            Form(
                "cards about {{ text }}",
                _ABOUT + rf"(?!{REST}{plain(_IN_ONE)})" + value("text", REST),
            ),
            Form(
                "cards about {{ text }} in {{ project }}",
                _ABOUT + value("text", REST) + _IN_ONE,
                before={"project": _ONE_PROJECT},
            ),
        ),
    ),
    _by_id("get_card", "show card", "card"),
    Command(
        "get_history",
        words("history"),
        (
            Form("history on {{ environment }}", gaps(words("history on"), _ANYWHERE)),
            Form(
                "history of {{ app }}",
                gaps(words("history of"), _NOT_ON + value("app", REST)),
            ),
            Form(
                "history of {{ app }} on {{ environment }}",
                gaps(words("history of"), _APP, "on", _ANYWHERE),
            ),
        ),
    ),
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
        "get_version",
        "[Vv]ersions?",
        (
            Form(
                "version of {{ app }} on {{ environment }}",
                gaps("[Vv]ersions?", "of", _APP, "on", _ANYWHERE),
            ),
            Form(
                "versions of {{ app }}",
                gaps("[Vv]ersions?", "of", _NOT_ON + value("app", REST)),
            ),
            Form("versions on {{ environment }}", gaps("[Vv]ersions?", "on", _ANYWHERE)),
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
    _alone_or("list_changes", "show changes", "on", "environment"),
    _alone("list_incidents", "show incidents"),
    _alone_or("list_locks", "show locks", "on", "environment"),
    _alone_or("list_pages", "show pages", "for", "who"),
    Command(
        "lock",
        rf"(?:{words('lock')}|{words('put lock')})",
        (
            Form(
                "lock {{ environment }}: {{ reason }}",
                gaps(words("lock"), _NOT_EVERYTHING + _ID_PLACE) + _REASON,
                typed=True,
            ),
            _text_within(
                "put lock {{ reason }} on {{ environment }}",
                _PUT + rf"(?!\s+{REST}{plain(_ON_APP)})",
                "reason",
                *("on", _PLACE),
            ),
            Form(
                "put lock {{ reason }} on {{ app }} on {{ environment }}",
                gaps(_PUT, value("reason", REST)) + _ON_APP,
                typed=True,
                within=True,
            ),
            Form(
                "lock {{ app }} on {{ environment }}: {{ reason }}",
                gaps(words("lock"), value("app", ID), "on", _ID_PLACE) + _REASON,
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
    _alone("loud", "loud announcements"),
    _giving("move_card", "move card", "column"),
    _alone("my_cards", "my cards"),
    Command(
        "open_incident",
        words("declare") + r"\s+(?:an\s+)?incident",
        (
            _text_last(
                "declare incident for {{ who }}: {{ text }}",
                gaps(words("declare incident for"), value("who", NAME)),
                "text",
            ),
            _text_within(
                "declare an incident {{ text }} for {{ who }}",
                words("declare an incident"),
                "text",
                *("for", value("who", LAST)),
            ),
        ),
    ),
    _page("page", rf"(?:{words('page')}|{words('send page')})", "page", _WHO, "send page", _PAGE_WORD),
    _page(
        "page_in_emergency",
        rf"(?:{words('emergency page')}|{words('send emergency page')})",
        *("emergency page", NAME, "send emergency page"),
    ),
    _page("page_urgently", words("send urgent page"), "page", _WHO, "send urgent page"),
    Command(
        "plan",
        words("plan"),
        (
            Form(
                "plan {{ app }} {{ version }} to {{ environment }}",
                gaps(words("plan"), _APP, _VERSION, "to", _ANYWHERE),
            ),
        ),
    ),
    Command(
        "promote",
        words("promote"),
        _with_cards(
            "promote {{ app }} from {{ source }} to {{ environment }}",
            gaps(words("promote"), _APP, "from", _SOURCE, "to"),
        ),
    ),
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
    Command("reconcile", words("audit reconcile"), _period("audit reconcile")),
    _deploying("redeploy"),
    Command(
        "reject_change",
        rf"(?:{words('reject change')}|{words('reject because')})",
        (
            _text_last(
                "reject change {{ change }}: {{ reason }}",
                gaps(words("reject change"), value("change", ID)),
                "reason",
            ),
            _text_within(
                "reject because {{ reason }} change {{ change }}",
                words("reject because"),
                "reason",
                *("change", value("change", ID)),
            ),
        ),
    ),
    _alone("report", "morning report"),
    _by_id("resolve_page", "resolve page", "page"),
    Command(
        "review_change",
        words("review change"),
        (
            _text_last(
                "review change {{ change }}: {{ text }}",
                gaps(words("review change"), value("change", ID)),
                "text",
            ),
            _text_last(
                "review change {{ change }} {{ code }}: {{ text }}",
                gaps(words("review change"), value("change", ID), value("code", CODE)),
                "text",
            ),
            _text_within(
                "review with {{ text }} change {{ change }}",
                words("review with"),
                "text",
                *("change", value("change", ID)),
            ),
            _text_within(
                "review with {{ text }} change {{ change }} {{ code }}",
                words("review with"),
                "text",
                *("change", r"(?!change\s)" + value("change", ID), value("code", CODE)),
            ),
        ),
    ),
    Command(
        "rollback",
        words("rollback"),
        _with_cards("rollback {{ app }} on {{ environment }}", gaps(words("rollback"), _APP, "on")),
    ),
    Command(
        "unlock",
        words("unlock"),
        (
            Form(
                "unlock {{ environment }}",
                gaps(words("unlock"), _NOT_EVERYTHING + _NOT_ON + _ANYWHERE),
            ),
            Form(
                "unlock {{ app }} on {{ environment }}",
                gaps(words("unlock"), _APP, "on", _ANYWHERE),
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
)
