"""python -m opsroom.audit"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from typing import Optional

import pytest

from support.expectations import expect
from support.records.audits import EXECUTION, SLUG, TITLE, tamper
from support.worlds.world import ROOT, World


class TestCommandLine:
    def call(
        self, world: World, arguments: str, database: Optional[str] = None
    ) -> subprocess.CompletedProcess[str]:
        """Run it with these arguments, on the world's database where there is no other."""
        environ = {**os.environ, "PYTHONPATH": str(ROOT / "actions" / "lib")}
        command = [sys.executable, "-m", "opsroom.audit", *shlex.split(arguments)]
        command += ["--database", world.database if database is None else database]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=world.folder, env=environ, timeout=60
        )

    def test_a_report_is_written_and_ends_with_nought(self, used: World) -> None:
        period = "--since 2000 --until 2099"
        done = self.call(
            used,
            f"report {period} --format json --folder out --web https://st2.example.com/",
            f"{used.database}?mode=ro",
        )
        expect(done, returncode=0, stderr="")
        assert (
            done.stdout
            == f"{TITLE}, all environments: 2 changes, 2 succeeded. Complete.\nout/{SLUG}.json\n"
        )
        found = json.loads((used.folder / "out" / f"{SLUG}.json").read_text("utf-8"))
        assert found["changes"][0]["execution_links"] == [
            f"https://st2.example.com/#/history/{EXECUTION}/general"
        ]

    def test_a_broken_record_ends_with_one(self, used: World) -> None:
        tamper(used, "UPDATE ledger SET requester = 'bob' WHERE seq = 2")
        done = self.call(used, "report --since 2000 --until 2099 --folder -")
        assert done.returncode == 1
        assert "NOT complete: Record 2" in done.stderr
        assert done.stdout.startswith("<!doctype html>")
        done = self.call(used, "verify")
        assert done.returncode == 1
        assert "Record 2 was changed" in done.stdout

    def test_heads_are_kept_in_a_file_and_verified_against(self, used: World) -> None:
        newest = used.records()[-1]
        for _ in range(2):
            done = self.call(used, "verify --heads heads.txt --keep")
            expect(done, returncode=0, stderr="")
        assert "1 noted hashes compared" in done.stdout
        other = used.database.replace("opsroom.db", "other.db")
        replace(used, database=other).ask("deploy", app="web", version="v1.2.0", environment="test")
        own = self.call(used, "verify --keep --heads empty.txt", other)
        assert own.returncode == 0
        refused = self.call(used, "verify --heads empty.txt --keep")
        assert refused.returncode != 0
        tamper(used, f"DELETE FROM ledger WHERE seq = {newest.seq}")
        done = self.call(used, "verify --heads heads.txt")
        assert done.returncode == 1
        assert f"Record {newest.seq}, whose hash was noted" in done.stdout
        done = self.call(used, f"verify --head {newest.hash}")
        assert done.returncode == 1

    def test_a_file_of_heads_that_has_none_proves_nothing(self, used: World) -> None:
        done = self.call(used, "verify --heads heads.txt")
        expect(done, returncode=2, stdout="")
        assert done.stderr.startswith("heads.txt does not exist.")
        (used.folder / "heads.txt").write_text("")
        assert self.call(used, "verify --heads heads.txt").stderr.startswith(
            "heads.txt has no noted hash."
        )

    @pytest.mark.parametrize(
        ("arguments", "database"),
        [
            ("verify", "mysql://db.example.com/x"),
            ("verify", "sqlite:////nowhere/at/all.db?mode=ro"),
            ("report --since soon", "sqlite:///x.db"),
            ("report", None),
        ],
    )
    def test_what_cannot_be_found_ends_with_two(
        self, world: World, arguments: str, database: Optional[str]
    ) -> None:
        done = self.call(world, arguments, database)
        assert done.returncode == 2
        assert done.stderr
        assert "Traceback" not in done.stderr
