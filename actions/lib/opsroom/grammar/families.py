"""What several commands share: values, and whole commands that differ in one word."""

from __future__ import annotations

from typing import Tuple

from .forms import CODE, COLON, END, ID, LAST, PAIRS, REST, Command, Form, gaps, value, words

APP, VERSION, SOURCE, PLACE = (value(name) for name in ("app", "version", "source", "environment"))
TEAM = value("team")
_NOT_TEAM = r"(?!team(?!\S))"
ANYWHERE = value("environment", REST)
# In front of a colon.
ID_PLACE = value("environment", ID)
# Not where "for" or "on" follows the first word: another form says what then.
NOT_FOR, NOT_ON = r"(?!\S+\s+for(?!\S))", r"(?!\S+\s+on(?!\S))"
NOT_EVERYTHING = r"(?![Ee]verything(?![^\s:]))"
BEFORE_TO = r"\S(?:(?!\s+to(?!\S))[\s\S])"
# Up to the colon, or to "urgently" in front of it.
WHO = r"(?!:(?!\S))\S(?:(?!\s+urgently\s*:(?!\S)|\s*:(?!\S))[\s\S]){0,255}"
# Without a blank behind the colon: one word, no other colon that could end a name, and no address.
PAGE_WORD = Form(
    "page {{ who }}: {{ message }}",
    gaps(words("page"), value("who", r"[^\s:]+"))
    + ":"
    + value("message", r"(?![/:])\S(?:(?!:(?!\S))[\s\S])*")
    + END,
    typed=True,
)
SINCE = value("since", BEFORE_TO + "{0,63}")


def with_cards(display: str, until_place: str) -> Tuple[Form, Form]:
    """A deployment, and the same for cards."""
    place = gaps(value("environment", r"\S+"), "for", value("cards", REST))
    return (
        Form(display, gaps(until_place, NOT_FOR + ANYWHERE)),
        Form(f"{display} for {{{{ cards }}}}", gaps(until_place, place)),
    )


def deploying(word: str) -> Command:
    display = f"{word} {{{{ app }}}} {{{{ version }}}} to {{{{ environment }}}}"
    return Command(word, words(word), with_cards(display, gaps(words(word), APP, VERSION, "to")))


def by_id(alias: str, text: str, name: str) -> Command:
    form = Form(f"{text} {{{{ {name} }}}}", gaps(words(text), value(name)) + PAIRS)
    return Command(alias, words(text), (form,))


def deciding(word: str) -> Command:
    text = f"{word} change"
    change, code = value("change"), value("code", CODE)
    return Command(
        f"{word}_change",
        words(text),
        (
            Form(f"{text} {{{{ change }}}}", gaps(words(text), change) + PAIRS),
            Form(
                f"{text} {{{{ change }}}} {{{{ code }}}}", gaps(words(text), change, code) + PAIRS
            ),
        ),
    )


def alone(alias: str, text: str) -> Command:
    return Command(alias, words(text), (Form(text, words(text) + PAIRS),))


def alone_or(alias: str, text: str, word: str, name: str, head: str = "") -> Command:
    """A command with or without a value at its end."""
    named = gaps(words(text) + rf"(?!{PAIRS})", word, value(name, REST))
    return Command(
        alias,
        words(head or text),
        (Form(text, words(text) + PAIRS), Form(f"{text} {word} {{{{ {name} }}}}", named)),
    )


def giving(alias: str, text: str, name: str) -> Command:
    display = f"{text} {{{{ card }}}} to {{{{ {name} }}}}"
    form = Form(display, gaps(words(text), value("card"), "to", value(name, REST)))
    return Command(alias, words(text), (form,))


def period(text: str) -> Tuple[Form, Form]:
    until = value("until", REST)
    return (
        Form(f"{text} for {{{{ since }}}}", gaps(words(f"{text} for"), value("since", REST))),
        Form(
            f"{text} from {{{{ since }}}} to {{{{ until }}}}",
            gaps(words(f"{text} from"), SINCE, "to", until),
        ),
    )


def figures_of(text: str) -> Tuple[Form, ...]:
    """Figures of an application, a team or an environment, for a period; for the usual one also
    without."""
    of_app = gaps(words(f"{text} of"), _NOT_TEAM + APP)
    of_team, since = gaps(words(f"{text} of team"), TEAM), value("since", REST)
    app, team, period = (
        f"{text} of {{{{ app }}}}",
        f"{text} of team {{{{ team }}}}",
        "for {{ since }}",
    )
    on = "on {{ environment }}"
    return (
        Form(app, of_app + PAIRS),
        Form(f"{app} {period}", gaps(of_app, "for", since)),
        Form(f"{app} {on} {period}", gaps(of_app, "on", PLACE, "for", since)),
        Form(f"{text} {on} {period}", gaps(words(f"{text} on"), PLACE, "for", since)),
        Form(f"{team} {period}", gaps(of_team, "for", since)),
        Form(f"{team} {on} {period}", gaps(of_team, "on", PLACE, "for", since)),
    )


def text_last(display: str, before: str, name: str, colon: str = COLON) -> Form:
    """Free text behind a colon."""
    return Form(display, before + colon + value(name, REST), typed=True)


def text_within(display: str, before: str, name: str, *after: str) -> Form:
    """Free text in the middle: it may end in anything."""
    return Form(display, gaps(before, value(name, REST), *after) + END, typed=True, within=True)


def page(alias: str, head: str, before: str, who: str, text: str, *more: Form) -> Command:
    """A page, with the text behind a colon or in the middle."""
    urgently = " urgently" if alias == "page_urgently" else ""
    colon = r"\s+urgently" + COLON if urgently else COLON
    return Command(
        alias,
        head,
        (
            text_last(
                f"{before} {{{{ who }}}}{urgently}: {{{{ message }}}}",
                gaps(words(before), value("who", who)),
                "message",
                colon,
            ),
            *more,
            text_within(
                f"{text} {{{{ message }}}} to {{{{ who }}}}",
                words(text),
                "message",
                *("to", value("who", LAST)),
            ),
        ),
    )
