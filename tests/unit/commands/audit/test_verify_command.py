"""audit verify, and heads kept elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from opsroom.audit.heads import read_heads
from support.expectations import expect, says
from support.records.audits import tamper, verify
from support.worlds.world import World


def path_of(world: World) -> str:
    return world.database.partition(":///")[2]


class TestVerify:
    def test_it_tells_the_newest_hash(self, used: World) -> None:
        told = verify(used)
        newest = used.records()[-1]
        expect(told, ok=True, code="record_holds", head=newest.seq, head_hash=newest.hash)
        assert f"record {newest.seq}, {newest.hash}" in told["message"]

    def test_an_empty_record_holds_nothing(self, world: World) -> None:
        assert verify(world)["message"] == "The record is empty; there is nothing to verify."

    def test_a_changed_record_is_named(self, used: World) -> None:
        tamper(used, "UPDATE ledger SET requester = 'bob' WHERE seq = 3")
        told = verify(used)
        expect(told, ok=False, code="record_broken")
        says(told, begins="The record is BROKEN: Record 3 was changed or put in by hand")
        assert told["breaks"][0]["record"] == 3

    def test_an_end_that_was_cut_off_is_found_by_a_hash_that_was_kept(self, used: World) -> None:
        verify(used, keep=True)
        assert "1 noted hash with it" in verify(used)["message"]
        newest = used.records()[-1]
        tamper(used, f"DELETE FROM ledger WHERE seq = {newest.seq}")
        told = verify(used)
        assert told["code"] == "record_broken"
        says(told, f"Record {newest.seq}, whose hash was noted on ", "is gone")

    def test_a_chain_made_anew_is_found_by_a_hash_noted_elsewhere(self, used: World) -> None:
        noted = used.records()[2]
        assert verify(used, head=noted.hash.upper(), record=noted.seq)["ok"] is True
        assert verify(used, head=noted.hash)["ok"] is True
        assert verify(used, head=noted.hash, record=1)["ok"] is False
        assert "No record has the hash" in verify(used, head="0" * 64)["message"]

    @pytest.mark.parametrize("head", ["abc", "g" * 64, "f" * 63])
    def test_what_is_no_hash_is_refused(self, used: World, head: str) -> None:
        assert verify(used, head=head)["code"] == "invalid_name"

    def test_the_same_hash_is_kept_once_and_a_broken_record_never(self, used: World) -> None:
        file = Path(verify(used, keep=True)["heads_file"])
        assert file.parent == used.folder / "db" / "audit"
        verify(used, keep=True)
        assert file.read_text().splitlines()[0] == f"# hashes of the database file {path_of(used)}"
        assert len(read_heads(file)) == 1
        used.deploy("v1.2.0")
        verify(used, keep=True)
        assert len(read_heads(file)) == 2
        tamper(used, "UPDATE ledger SET requester = 'bob' WHERE seq = 3")
        used.deploy("v1.1.0")
        verify(used, keep=True)
        assert len(read_heads(file)) == 2

    def test_a_noted_hash_that_cannot_be_read_is_no_hash_that_fits(self, used: World) -> None:
        file = Path(verify(used, keep=True)["heads_file"])
        with file.open("a", encoding="utf-8") as lines:
            lines.write("2026-11-23T08:00:00Z 4 5e1f\n")
        told = verify(used)
        expect(told, ok=False, code="not_accepted")
        assert f"Line 3 of {file} is no noted hash." in told["message"]


class TestHeadsOfSeveralDatabases:
    def other(self, used: World) -> World:
        """The same world with another database in the same folder."""
        other = replace(used, database=used.database.replace("opsroom.db", "other.db"))
        other.ask("deploy", app="web", version="v1.2.0", environment="test")
        return other

    def test_each_has_its_own_and_neither_breaks_the_other(self, used: World) -> None:
        other = self.other(used)
        files = {verify(one, keep=True)["heads_file"] for one in (used, other)}
        assert len(files) == 2
        for one in (used, other):
            expect(verify(one), ok=True, heads_compared=1)

    def test_the_file_that_they_shared_is_divided(self, used: World) -> None:
        other = self.other(used)
        shared = used.folder / "db" / "audit" / "heads.txt"
        shared.parent.mkdir()
        noted = [used.records()[0], other.records()[0], used.records()[-1], other.records()[-1]]
        lines = [f"2026-11-23T08:00:00Z {one.seq} {one.hash}" for one in noted]
        shared.write_text("\n".join(lines) + "\n")
        # What is not in this record may be another's: it is told, not forgotten.
        told = verify(used)
        expect(told, ok=False, heads_compared=2, broken=2)
        assert "the hash is another database's" in told["message"]
        assert shared.read_text().splitlines() == [lines[1], lines[3]]
        assert verify(other)["ok"] is True
        assert not shared.exists()
        for one in (used, other):
            expect(verify(one), ok=True, heads_compared=2)
        assert [one.record for one in read_heads(Path(verify(used)["heads_file"]))] == [
            1,
            used.records()[-1].seq,
        ]

    def test_a_file_of_one_database_is_upgraded_and_finds_a_break(self, used: World) -> None:
        shared = used.folder / "db" / "audit" / "heads.txt"
        shared.parent.mkdir()
        newest = used.records()[-1]
        shared.write_text(f"2026-11-23T08:00:00Z {newest.seq} {newest.hash}\n")
        assert verify(used)["heads_compared"] == 1
        assert not shared.exists()
        tamper(used, f"DELETE FROM ledger WHERE seq = {newest.seq}")
        assert verify(used)["ok"] is False

    def test_a_record_that_was_changed_before_the_upgrade_is_still_found(self, used: World) -> None:
        shared = used.folder / "db" / "audit" / "heads.txt"
        shared.parent.mkdir()
        newest = used.records()[-1]
        shared.write_text(f"2026-11-23T08:00:00Z {newest.seq} {newest.hash}\n")
        tamper(used, f"DELETE FROM ledger WHERE seq = {newest.seq}")
        assert verify(used)["ok"] is False
        assert verify(used, keep=True)["ok"] is False
        assert shared.exists()


class TestAnnounce:
    def test_the_head_goes_into_the_announce_room_and_into_the_file(self, used: World) -> None:
        used.config["announce"] = "#deploys"
        told = used.ask("announce_head", "st2", "", "st2")
        assert told["ok"] is True
        assert used.room.said == [told["message"]]
        assert used.records()[-1].hash in used.room.said[0]
        assert len(read_heads(Path(told["heads_file"]))) == 1

    def test_a_broken_record_is_announced_too(self, used: World) -> None:
        used.config["announce"] = "#deploys"
        tamper(used, "UPDATE ledger SET requester = 'bob' WHERE seq = 3")
        assert used.ask("announce_head", "st2", "", "st2")["ok"] is False
        assert "BROKEN" in used.room.said[0]

    def test_without_a_room_it_says_what_is_missing(self, used: World) -> None:
        assert used.ask("announce_head", "st2", "", "st2")["code"] == "not_configured"
        assert used.room.said == []
