"""Reading a pack's files: what is wrong with them is told, all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.aliases import PackError, load_pack
from support.worlds.packs import add_command


def test_every_fault_of_a_pack_is_told_at_once(tmp_path: Path) -> None:
    add_command(tmp_path, "good", ["good"])
    add_command(tmp_path, "broken", ["broken ("])
    add_command(tmp_path, "lost", ["lost"], action_ref="tiny.nowhere")
    (tmp_path / "aliases" / "nameless.yaml").write_text(
        "formats: [x]\naction_ref: tiny.good\n", encoding="utf-8"
    )
    (tmp_path / "aliases" / "torn.yaml").write_text("a: [", encoding="utf-8")
    (tmp_path / "actions" / "flow.yaml").write_text(
        "{name: flow, runner_type: orquesta, entry_point: x}", encoding="utf-8"
    )
    add_command(tmp_path, "flowing", ["flowing"], action_ref="tiny.flow")
    with pytest.raises(PackError) as raised:
        load_pack(tmp_path)
    told = "\n".join(raised.value.problems)
    for part in (
        "aliases/broken.yaml: ",
        "alias tiny_lost: there is no action tiny.nowhere",
        "nameless.yaml: there is no key 'name'",
        "torn.yaml",
        "tiny.flow is orquesta",
    ):
        assert part in told
    assert len(raised.value.problems) == 5


def test_a_workflow_that_no_alias_leads_to_is_left_out(tmp_path: Path) -> None:
    add_command(tmp_path, "good", ["good"])
    flow = "{name: flow, runner_type: orquesta, entry_point: workflows/flow.yaml}"
    (tmp_path / "actions" / "flow.yaml").write_text(flow, encoding="utf-8")
    assert list(load_pack(tmp_path).actions) == ["tiny.good"]


def test_a_disabled_alias_is_left_out(tmp_path: Path) -> None:
    add_command(tmp_path, "good", ["good"])
    add_command(tmp_path, "off", ["off"], enabled=False)
    assert [alias.name for alias in load_pack(tmp_path).aliases] == ["tiny_good"]


def test_the_display_is_shown_with_its_placeholders_in_capitals(tmp_path: Path) -> None:
    add_command(
        tmp_path,
        "go",
        [{"display": "go {{ place = home }} now", "representation": "[Gg]o( {{place}})? now"}],
    )
    assert load_pack(tmp_path).aliases[0].formats[0].shown() == "go PLACE now"
