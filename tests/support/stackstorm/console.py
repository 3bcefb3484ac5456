"""A StackStorm that is the console: a relay talks to it as to the real one, and the pack's own
aliases and actions answer, in this process."""

from __future__ import annotations

import threading
from typing import Any, Dict, List, Mapping

from console.aliases import load_pack
from console.rendering import render_ack
from console.session import Session
from support.metadata import metadata
from support.stackstorm.chatops import KEY, ChatOps
from support.stackstorm.client import wait_for
from support.worlds.world import ROOT, World

RELAY = "chatops_bot"
Json = Dict[str, Any]


class ConsoleStorm(ChatOps):
    """`with ConsoleStorm(world) as storm:`; it has as much of `support.stackstorm.client` as the
    story of chats needs."""

    def __init__(self, world: World) -> None:
        listed = [{**alias, "pack": "opsroom"} for alias in metadata("aliases").values()]
        super().__init__(listed)
        self.relay = {"St2-Api-Key": KEY}
        self._made: List[Json] = []
        self._answers: Dict[str, Json] = {}
        self._one = threading.Lock()
        self._session = Session(load_pack(ROOT), world.config, world.database)

    def configure(self, config: Mapping[str, Any]) -> None:
        """Put another config in place."""
        self._session.config = config

    def take(self, body: Json) -> Json:
        number = f"{len(self._made) + 1:024x}"
        context = {
            "user": RELAY,
            "api_user": body["user"],
            "source_channel": body["source_channel"],
            "action_alias_ref": {"name": body["name"]},
        }
        execution: Json = {"id": number, "status": "running", "context": context}
        self._made.append(execution)
        super().take(body)
        threading.Thread(target=self._run, args=(execution, self.asked[-1]), daemon=True).start()
        (alias,) = [one for one in self.aliases if one["name"] == body["name"]]
        (rendered,) = [
            render_ack(one, {"id": number, "web_url": ""})
            for one in self._session.pack.aliases
            if one.name == body["name"]
        ]
        return {
            "message": rendered.message,
            "execution": {
                "id": number,
                "web_url": f"https://st2.example.com/#/history/{number}/general",
            },
            "actionalias": alias,
            "extra": alias["ack"].get("extra", {}),
        }

    def _run(self, execution: Json, asked: Any) -> None:
        with self._one:
            self._session.new_id = lambda: execution["id"]
            reply = self._session.say(asked.command, asked.user, asked.source_channel)
        execution.update(status=reply.status, result={"result": reply.result})
        self._answers[execution["id"]] = {"message": reply.message}
        self.answer(asked, reply.message, **reply.rendered.extra.get("slack", {}))

    # What the story asks.

    def get(self, path: str) -> List[Json]:
        """The executions, newest first."""
        assert path.startswith("/executions?"), path
        return [dict(one) for one in reversed(self._made)]

    def ended(self, execution_id: str) -> Json:
        """Wait for the end of an execution."""
        wait_for(lambda: execution_id in self._answers, f"the end of {execution_id}")
        (found,) = [one for one in self._made if one["id"] == execution_id]
        return found

    def answer_to(self, execution_id: str) -> Json:
        """What was posted as the answer to an execution."""
        return self._answers[execution_id]
