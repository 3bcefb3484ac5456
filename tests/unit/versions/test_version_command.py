"""The version kind command, with real commands."""

from __future__ import annotations

import pytest

from opsroom.deploys import Target
from opsroom.errors import Code, Failure
from opsroom.versions import REGISTRY, Running
from support.options import read_options

TARGET = Target("web", "uat")


def options_of(**raw):
    return read_options(REGISTRY, "command", raw, "apps.web.version")


def ask(script, *arguments, **raw):
    options, lines = options_of(command=["sh", "-c", script, *arguments], **raw)
    assert lines == []
    return REGISTRY.make("command", options, target=TARGET).ask()


def failure_of(*arguments, **raw) -> Failure:
    with pytest.raises(Failure) as caught:
        ask(*arguments, **raw)
    return caught.value


def test_the_first_line_that_is_not_blank_is_the_version():
    assert ask("echo; echo ' v1.2.0 '; echo more; echo noise >&2") == Running("v1.2.0")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_output_with_a_byte_order_mark_or_wide_characters_is_read(tmp_path, encoding):
    (tmp_path / "said").write_bytes("v1.2.0\r\nbuild 7\r\n".encode(encoding))
    assert ask(f"cat {tmp_path}/said") == Running("v1.2.0")
    assert ask(f"cat {tmp_path}/said", regex="^build ([0-9]+)") == Running("7")


def test_a_mark_after_a_blank_line_is_taken_off():
    assert ask("printf '\\n\\357\\273\\277v1.10\\n'") == Running("v1.10")


def test_an_expression_finds_it_anywhere():
    assert ask("echo web; echo version: v1.2.0", regex="^version: (.+)$") == Running("v1.2.0")
    assert ask("echo a 1 b 2", regex="a (?:.) b (?P<version>.)|(never)") == Running("2")


def test_a_command_that_prints_nothing_says_that_nothing_is_deployed():
    assert ask("echo; echo >&2 noise") == Running("")
    assert ask("true", regex="(x)") == Running("")


def test_the_placeholders_are_filled(tmp_path):
    (tmp_path / "uat").mkdir()
    (tmp_path / "uat" / "web").write_text("v7")
    assert ask(
        'cat "$0"; [ "$E" = uat ]',
        "{app}",
        cwd=f"{tmp_path}/{{environment}}",
        environ={"E": "{environment}"},
    ) == (Running("v7"))


@pytest.mark.parametrize("output", ["-v", "a b", "$(id)", "{{ x }}", "../x", "x" * 200])
def test_what_is_no_version_is_a_bad_answer(output):
    failure = failure_of('echo "$0"', output)
    assert failure.code is Code.BAD_ANSWER
    assert "is not a version" in failure.message


def test_an_expression_that_finds_nothing_is_a_bad_answer():
    failure = failure_of("echo something", regex="version (.)")
    assert failure.code is Code.BAD_ANSWER
    assert "'something'" in failure.message


def test_another_status_than_0_is_a_failure_with_what_it_complained_of():
    failure = failure_of("echo v1; echo no such host >&2; exit 2")
    assert failure.code is Code.BAD_ANSWER
    assert failure.message == "'sh' ended with status 2: no such host"


def test_the_time_limit_ends_it():
    assert failure_of("sleep 300", time_limit=0.5).code is Code.TIMED_OUT


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({"command": "cat version"}, "command: expected a list of arguments"),
        ({"command": ["x", "{version}"]}, "command: {version} is not filled in here"),
        (
            {"command": ["x"], "regex": "("},
            "regex: expected a regular expression, and this is none",
        ),
        ({"command": ["x"], "regex": "v1"}, "regex: expected brackets around the part"),
        ({"command": ["x"], "json": "a"}, "json: there is no such key"),
    ],
)
def test_wrong_options_are_told(raw, complaint):
    (line,) = options_of(**raw)[1]
    assert line.startswith(f"apps.web.version.{complaint}")


@pytest.mark.parametrize(
    "output",
    [
        r"\033[32mv1.2.0\033[0m\n",
        r"\033[?25l\033[2K\033[1Gv1.2.0\033[K\n\033[0m\n",
        r"\033]0;title\007v1.2.0\n",
        r"\033]8;;https://example.com\033\\v1.2.0\033]8;;\033\\\n",
        r"\033[0m\nv1.2.0\n",
        r"\23332mv1.2.0\233m\n",
        r"v\bv1.2\b2.0\n",
        r"\357\273\277v1.2.0\r\n",
    ],
)
def test_colours_and_the_like_are_no_part_of_a_version(output):
    assert ask(f"printf '{output}'") == Running("v1.2.0")
    assert ask(f"printf 'web {output}'", regex="^(?:web)? *(v.*)$") == Running("v1.2.0")


def test_a_version_in_utf_16_is_read():
    assert ask(r"printf '\377\376v\0001\000.\0000\000\n\000'") == Running("v1.0")


def test_only_colours_say_that_nothing_is_deployed():
    assert ask(r"printf '\033[0m\n\033[K'") == Running("")


def test_the_reason_of_a_failure_has_no_colours():
    failure = failure_of(r"printf '\033[31mno such host\033[0m\n\033[0m' >&2; exit 2")
    assert failure.message == "'sh' ended with status 2: no such host"
