"""Running programs: their output, their end, and that nothing of them is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from opsroom import subprocesses
from opsroom.errors import Code, Failure
from opsroom.subprocesses import capture, group, run
from opsroom.subprocesses import output as program_output
from support.errors import failure_of
from support.waiting import alive, until

LIB = Path(__file__).resolve().parents[3] / "actions" / "lib"
# A shell that starts a grandchild, tells both pids and waits.
FAMILY = ["sh", "-c", 'sleep 300 & echo $$ $! > "$0"; wait']


def pids_in(path: Path):
    until(lambda: path.exists() and len(path.read_text().split()) == 2, "the pids of the family")
    return [int(word) for word in path.read_text().split()]


def test_both_streams_arrive_line_by_line_and_the_status_is_returned():
    lines = []
    ended = run(
        ["sh", "-c", "echo one; echo two >&2; printf three; exit 3"], 20, on_line=lines.append
    )
    assert lines == ["one", "two", "three"]
    assert (ended.status, ended.lines) == (3, ("one", "two", "three"))
    assert ended.sentence() == "'sh' ended with status 3: three"


def test_a_line_arrives_while_the_program_still_runs(tmp_path):
    go = tmp_path / "go"
    script = 'echo ready; while [ ! -e "$0" ]; do sleep 0.02; done; echo done'
    lines = []

    def on_line(line):
        lines.append(line)
        go.touch()

    assert run(["sh", "-c", script, str(go)], 20, on_line=on_line).status == 0
    assert lines == ["ready", "done"]


def test_odd_bytes_long_lines_and_progress_bars_do_no_harm():
    script = (
        "import sys; o=sys.stdout.buffer; o.write(b'\\xff\\xfe\\n' + b'x'*100000 + "
        "b'\\n\\n10%\\r20%\\r\\nend')"
    )
    lines = []
    run([sys.executable, "-c", script], 20, on_line=lines.append)
    assert lines[0] == "\ufffd\ufffd"
    assert lines[1] == "x" * program_output.MAX_LINE
    assert lines[2:] == ["10%", "20%", "end"]


def test_of_a_flood_the_last_lines_are_looked_at_and_blank_ones_hide_nothing():
    lines = []
    output = program_output.Lines(lines.append)
    output.feed(b"".join(b"%d\n" % number for number in range(30_000)))
    assert lines == [str(number) for number in range(29_800, 30_000)]
    output.feed(b"no space left\n" + b"\x1b[0m\n" * 1000 + b"\r\n" * 1000)
    assert output.close()[-2:] == ("29999", "no space left")


def test_only_the_last_lines_are_kept():
    ended = run(["sh", "-c", "i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo $i; done"], 20)
    assert ended.lines == tuple(str(number) for number in range(81, 101))


def test_capture_keeps_output_and_complaints_apart(tmp_path):
    ended = capture(["sh", "-c", "echo out; echo err >&2"], 20)
    assert (ended.output, ended.lines) == ("out\n", ("err",))
    with open(tmp_path / "file", "wb+") as file:
        assert capture(["sh", "-c", "echo out"], 20, into=file).output == ""
    assert (tmp_path / "file").read_bytes() == b"out\n"
    assert capture(["sh", "-c", "yes | head -c 100000"], 20, most_bytes=10).output == "y\n" * 5


def test_standard_input_is_empty():
    assert run(["cat"], 20).status == 0


def test_no_shell_reads_the_arguments():
    ended = capture(["printf", "%s|", "$(id)", "; id", "`id`", "a b", "*"], 20)
    assert ended.output == "$(id)|; id|`id`|a b|*|"


def test_the_environment_is_inherited_without_what_is_for_the_action_alone(monkeypatch):
    monkeypatch.setenv("ST2_ACTION_AUTH_TOKEN", "t")
    monkeypatch.setenv("ST2_ACTION_API_URL", "u")
    monkeypatch.setenv("PYTHONPATH", "/st2")
    monkeypatch.setenv("KEPT", "yes")
    monkeypatch.setenv("TAKEN", "no")
    output = capture(["env"], 20, environ={"ADDED": "1", "TAKEN": None}).output.splitlines()
    assert "KEPT=yes" in output
    assert "ADDED=1" in output
    assert not [line for line in output if line.startswith(("ST2_ACTION_", "PYTHONPATH", "TAKEN"))]
    assert "PYTHONPATH=/mine" in capture(["env"], 20, environ={"PYTHONPATH": "/mine"}).output


def test_a_program_runs_in_its_folder_and_is_found_from_there(tmp_path):
    (tmp_path / "mine.sh").write_text("#!/bin/sh\npwd\n")
    (tmp_path / "mine.sh").chmod(0o755)
    assert capture(["./mine.sh"], 20, cwd=str(tmp_path)).output.strip() == os.path.realpath(
        tmp_path
    )


def test_what_cannot_be_started_gets_a_clear_sentence(tmp_path):
    (tmp_path / "plain").write_text("text")
    cases = {
        "not installed": (["no-such-program-at-all"], ""),
        "does not exist": (["/no/such/program"], ""),
        "may be run": ([str(tmp_path / "plain")], ""),
        "not a program": ([str(tmp_path)], ""),
        "The folder '/no/such/folder' does not exist": (["true"], "/no/such/folder"),
        "could not be started": (["true", "a\0b"], ""),
    }
    for words, (arguments, cwd) in cases.items():
        failure = failure_of(run, arguments, 20, cwd=cwd, code=Code.BAD_ANSWER)
        assert failure.code is Code.BAD_ANSWER
        assert words in failure.message


def test_the_time_limit_ends_the_whole_family(tmp_path):
    begun = time.monotonic()
    failure = failure_of(run, [*FAMILY, str(tmp_path / "pids")], 1.0)
    assert failure.code is Code.TIMED_OUT
    assert "within 1 s" in failure.message
    assert time.monotonic() - begun < 15
    for pid in pids_in(tmp_path / "pids"):
        until(lambda pid=pid: not alive(pid), "the end of the family")


def test_a_program_that_ignores_term_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(subprocesses, "GRACE", 0.3)
    script = 'trap "" TERM; (trap "" TERM; sleep 300) & echo $$ $! > "$0"; wait; wait; sleep 300'
    failure_of(run, ["sh", "-c", script, str(tmp_path / "pids")], 1.0)
    for pid in pids_in(tmp_path / "pids"):
        until(lambda pid=pid: not alive(pid), "the end of the family")


def test_the_family_gets_a_moment_to_clean_up(tmp_path):
    script = 'trap "sleep 0.2; echo clean > $0; exit" TERM; echo ready; sleep 300 & wait'
    failure_of(run, ["sh", "-c", script, str(tmp_path / "left")], 1.0)
    assert (tmp_path / "left").read_text() == "clean\n"


def test_a_check_that_raises_ends_the_whole_family(tmp_path):
    path = tmp_path / "pids"

    def check():
        if path.exists() and len(path.read_text().split()) == 2:
            raise Failure(Code.CLAIM_LOST, "Lost.")

    assert failure_of(run, [*FAMILY, str(path)], 60, check=check).code is Code.CLAIM_LOST
    for pid in pids_in(path):
        until(lambda pid=pid: not alive(pid), "the end of the family")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_whatever_is_raised_in_between_ends_the_whole_family(tmp_path, error):
    path = tmp_path / "pids"

    def on_line(_):
        raise error

    with pytest.raises(error):
        run(
            ["sh", "-c", 'sleep 300 & echo $$ $! > "$0"; echo go; wait', str(path)],
            60,
            on_line=on_line,
        )
    for pid in pids_in(path):
        until(lambda pid=pid: not alive(pid), "the end of the family")


def test_the_check_is_called_while_the_program_is_silent(tmp_path):
    go, times = tmp_path / "go", []

    def check():
        times.append(time.monotonic())
        if len(times) == 4:
            go.touch()

    run(["sh", "-c", 'while [ ! -e "$0" ]; do sleep 0.02; done', str(go)], 60, check=check)
    assert len(times) >= 4


def test_a_grandchild_that_holds_the_pipe_does_not_hold_us(tmp_path):
    script = 'sleep 300 & echo $$ $! > "$0"; echo started'
    begun = time.monotonic()
    ended = run(["sh", "-c", script, str(tmp_path / "pids")], 60)
    assert time.monotonic() - begun < 20
    assert (ended.status, ended.lines) == (0, ("started",))
    service = pids_in(tmp_path / "pids")[1]
    try:
        assert alive(service), "a service that a successful command started goes on"
    finally:
        os.kill(service, signal.SIGKILL)


def test_a_grandchild_of_a_failed_program_is_ended(tmp_path):
    assert (
        run(
            ["sh", "-c", 'sleep 300 & echo $$ $! > "$0"; exit 1', str(tmp_path / "pids")], 60
        ).status
        == 1
    )
    until(lambda: not alive(pids_in(tmp_path / "pids")[1]), "the end of the grandchild")


def test_a_grandchild_that_never_stops_talking_does_not_hold_us(tmp_path):
    # It ends in time also where this test is killed before it can end it.
    script = (
        'timeout 120 yes & echo $$ $! > "$0"; until grep -q "^timeout" /proc/$!/comm; do :; done'
    )
    try:
        ended = run(["sh", "-c", script, str(tmp_path / "pids")], 60)
        assert ended.status == 0
        assert "timeout" in [left.name for left in ended.left]
    finally:
        os.kill(pids_in(tmp_path / "pids")[1], signal.SIGTERM)


def test_a_program_that_closes_its_output_early_is_waited_for():
    assert run(["sh", "-c", "exec >&- 2>&-; sleep 0.3; exit 4"], 20).status == 4


def test_a_program_ended_by_a_signal_is_told_so():
    ended = run(["sh", "-c", "kill -9 $$"], 20)
    assert ended.sentence() == "'sh' was ended by signal SIGKILL."


def test_many_threads_run_programs_at_once():
    outputs = []

    def work(number):
        outputs.append(capture(["sh", "-c", f"echo {number}"], 60).output)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outputs) == sorted(f"{number}\n" for number in range(12))


@pytest.mark.parametrize("kind", ["run", "capture", "grouped"])
def test_the_program_ends_when_this_process_is_killed(tmp_path, kind):
    code = textwrap.dedent(
        """
        import sys
        from opsroom import subprocesses as processes
        path, kind = sys.argv[1:]
        if kind == "grouped":
            processes.capture(["sh", "-c", 'echo $$ $$ > "$0"; exec sleep 300', path], 60, supervised=False)
        else:
            call = getattr(processes, kind)
            call(["sh", "-c", 'env -i setsid sleep 300 & echo $$ $! > "$0"; wait', path], 60)
        """  # noqa: E501
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "pids"), kind],
        env={**os.environ, "PYTHONPATH": str(LIB)},
    )
    try:
        family = pids_in(tmp_path / "pids")
        assert all(alive(pid) for pid in family)
    finally:
        process.kill()
        process.wait()
    for pid in family:
        until(lambda pid=pid: not alive(pid), "the end of the family")


def test_a_setpriv_that_cannot_do_it_is_not_used(tmp_path, monkeypatch):
    (tmp_path / "setpriv").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "setpriv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    group._dying_with_us.cache_clear()
    try:
        assert group._dying_with_us() == []
        assert capture(["true"], 20, supervised=False).status == 0
    finally:
        group._dying_with_us.cache_clear()
