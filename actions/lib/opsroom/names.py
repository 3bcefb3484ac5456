"""Names that people type: what they may be made of, and which known one was meant."""

from __future__ import annotations

import unicodedata
from typing import Iterable, List

from .errors import Code, Refusal
from .structs.patterns import lazy_pattern

# What the metadata of the actions lets through (a test keeps the two the same): nothing that an
# expression, a shell, a path or an option could be made of, but more than a name, in any alphabet,
# with the quotes and dashes that phones put in. A slip of the tongue ("uat now, please") then gets
# a clear sentence from here, where StackStorm would answer with a page of JSON schema. The end is a
# lookahead and not `$`, which in Python also matches before a closing line break. It is said what
# is left out (controls, lone surrogates, marks) since Python and JavaScript write letters beyond
# U+FFFF differently.
_NEVER = r"\x00-\x1f$(-*<>\[-^`{-\x9f\u2028\u2029\ud800-\udfff"
_FIRST = r"[^\x00-!$-&(-/:-?\[-`{-\x9f\u2028\u2029\ud800-\udfff]"
TYPED = lazy_pattern(rf"^{_FIRST}[^%&;={_NEVER}]{{0,127}}(?![\s\S])")
# What a sensor saw, or nothing.
TYPED_OR_NOTHING = lazy_pattern(r"^(?:[A-Za-z0-9][A-Za-z0-9 ._+/,!?@#:'-]{0,127})?(?![\s\S])")
# Reasons and other free text: no control characters but tab and line breaks, nothing that opens an
# expression, since StackStorm's own workflows would evaluate it wherever the text ends up.
TEXT = lazy_pattern(r"^(?![\s\S]*(?:\{\{|\{%|\{#|<%))[^\x00-\x08\x0b-\x1f\x7f]{1,500}(?![\s\S])")
# The same, whole: what becomes the text of a card. Pasted lines may end in a carriage return.
LONG_TEXT = lazy_pattern(
    r"^(?![\s\S]*(?:\{\{|\{%|\{#|<%))[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]{1,30000}(?![\s\S])"
)
# In a page: shorter, since its reader was just woken.
PAGE_TEXT = lazy_pattern(
    r"^(?![\s\S]*(?:\{\{|\{%|\{#|<%))[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]{1,4000}(?![\s\S])"
)
# A whole command with such a text in it.
COMMAND = lazy_pattern(
    r"^(?![\s\S]*(?:\{\{|\{%|\{#|<%))[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]{1,31000}(?![\s\S])"
)
# A name in someone else's system: a column, a person. Their alphabets are not ours to choose.
WORDS = lazy_pattern(r"^(?![\s\S]*(?:\{\{|\{%|\{#|<%))[^\x00-\x08\x0b-\x1f\x7f]{1,128}(?![\s\S])")
# A card or a project: OPS-12, acme/web#17, an address with all that belongs to one.
CARD = lazy_pattern(rf"^{_FIRST}[^;{_NEVER}]{{0,255}}(?![\s\S])")
# Several cards, as people name them: `OPS-12, OPS-13 and acme/web#17`.
CARDS = lazy_pattern(rf"^{_FIRST}[^%&;={_NEVER}]{{0,299}}(?![\s\S])")
IDENTIFIER = lazy_pattern(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?![\s\S])")
# What git, file names, URLs and command lines all take: no leading dash, no "..", "//", "/.", no
# "." or "/" at the end. An `@` may only be inside, as in `web@1.1.0`: at the beginning, programs
# take it for the name of a file of arguments, and before a brace, which no version holds, git takes
# it for a moment in the past.
VERSION = lazy_pattern(
    r"^(?![\s\S]*(?:\.\.|//|/\.|\.lock(?:/|(?![\s\S]))|[./](?![\s\S])))"
    r"[A-Za-z0-9][A-Za-z0-9._+/@-]{0,127}(?![\s\S])"
)


# What phones and chats make of quotes and dashes while someone types.
_QUOTES = {ord(one): "'" for one in "\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u02bc\u00b4\uff07"}
_QUOTES.update({ord(one): '"' for one in "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02"})
_MINUS = "\u2212"
# So many letters at the beginning of a name stand for it where no other begins so.
_BEGINNING = 3
# How chats mark people and rooms, and trackers the numbers of cards.
_SIGILS = ("@", "#", "\uff20", "\uff03")
# Blanks that nobody sees, and marks of the direction of writing, which come along with what is
# copied.
_UNSEEN = {
    ord(one): " "
    for one in "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"  # noqa: E501
}
_VARIATIONS = ("\u00ad", "\ufe0e", "\ufe0f")


def tidied(text: str) -> str:
    """The text with plain quotes, dashes and blanks, and with composed letters (NFC).

    A letter of another alphabet that only looks the same stays another letter.
    """
    if text.isascii():
        return " ".join(text.split())
    composed = unicodedata.normalize("NFC", text).translate(_QUOTES).translate(_UNSEEN)
    return " ".join("".join(_tidied(one) for one in composed).split())


def _tidied(character: str) -> str:
    if character in _VARIATIONS:
        return ""
    return "-" if character == _MINUS or unicodedata.category(character) == "Pd" else character


def comparable(name: str) -> str:
    """What two spellings of one name have in common: case, quotes, dashes and blanks count for
    nothing.

    For names of the config and of vendors only; who is speaking is compared letter by letter.
    """
    return unicodedata.normalize("NFC", tidied(name).casefold())


def unquoted(text: str) -> str:
    """What someone typed, tidied, without quotes around the whole."""
    name = tidied(text)
    while len(name) > 2 and name[0] in "'\"" and name[-1] == name[0]:
        name = name[1:-1].strip()
    return name


def bare(text: str) -> str:
    """The name in what someone typed: `@bob`, `#12` and `'bob'` without the marks around it."""
    name, before = unquoted(text), ""
    while name != before:
        before = name
        name = unquoted(name[1:]) or name if name.startswith(_SIGILS) else name
    return name


def check_identifier(value: str, what: str) -> str:
    """Return the trimmed name, or refuse it with a sentence that says what a name is made of."""
    name = bare(value)
    if not IDENTIFIER.match(name):
        raise Refusal(
            Code.INVALID_NAME,
            f"{shown(value)} is not a name of {what}.",
            "Names are letters, digits, dots, dashes and underscores, up to 64 of them.",
        )
    return name


def check_version(value: str) -> str:
    """Return the trimmed version, or refuse it before it can reach a path, a command line or a
    URL."""
    version = unquoted(value)
    if not VERSION.match(version):
        raise Refusal(
            Code.INVALID_NAME,
            f"{shown(value)} is not the name of a version.",
            "Versions are letters, digits and . _ + - / @, begin with a letter or digit, up to "
            "128 characters.",
        )
    return version


def shown(value: str, limit: int = 40) -> str:
    """A typed value as it may appear in a sentence: quoted, on one line, short."""
    line = " ".join(value.split())
    return "'" + (line if len(line) <= limit else line[: limit - 1] + "…") + "'"


def nearest(name: str, known: Iterable[str], most: int = 3) -> List[str]:
    """The known names that `name` was most likely meant to be, best first."""
    from difflib import get_close_matches  # for a name that is wrong, which few are

    by_fold = {comparable(candidate): candidate for candidate in known}
    typed = comparable(name)
    near = get_close_matches(typed, list(by_fold), n=most, cutoff=0.6)
    begun = [fold for fold in by_fold if fold.startswith(typed)] if len(typed) >= _BEGINNING else []
    if len(begun) == 1:
        # "prod" is short for production, however much of it was left out.
        near = [*begun, *(fold for fold in near if fold not in begun)][:most]
    return [by_fold[fold] for fold in near]


def same_as(name: str, known: Iterable[str]) -> List[str]:
    """The known names that are spelt as `name` is: the very one, else those that differ in nothing
    that counts, first with its marks (`@bob`, `'Done'`), then without them."""
    candidates = list(known)
    if name in candidates:
        return [name]
    for wanted in (comparable(name), comparable(bare(name))):
        same = [one for one in candidates if comparable(one) == wanted]
        if same:
            return same
    return []


def pick(name: str, known: Iterable[str], code: Code, what: str) -> str:
    """The known name that equals `name` (see `same_as`), else a refusal that offers the nearest.
    Never a guess."""
    candidates = list(known)
    same = same_as(name, candidates)
    if len(same) == 1:
        return same[0]
    near = nearest(name, candidates)
    if near:
        hint = f"Did you mean {either(near)}?"
    elif candidates:
        hint = available_text(candidates)
    else:
        hint = "None is configured."
    raise Refusal(code, f"There is no {what} {shown(name)}.", hint, {"nearest": near})


def available_text(names: Iterable[str]) -> str:
    """ "There is only web.", "There are test and uat."."""
    every = list(names)
    return f"There is only {every[0]}." if len(every) == 1 else f"There are {listed(every)}."


def either(names: Iterable[str]) -> str:
    """'a', 'a or b', 'a, b or c'."""
    return _joined(list(names), "or")


def listed(names: Iterable[str], most: int = 8) -> str:
    """'a', 'a and b', 'a, b and c'; a long list is cut and counted."""
    every = list(names)
    if len(every) > most:
        return ", ".join(every[:most]) + f" and {len(every) - most} more"
    return _joined(every, "and")


def _joined(names: List[str], word: str) -> str:
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + f" {word} {names[-1]}"
