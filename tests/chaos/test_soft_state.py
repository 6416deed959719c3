"""Presence over a real Valkey that chance kills, freezes and flushes, and processes that come and go: at the end all agree.

A device has one connection at a time, at whichever process; its old one may be noticed dead only later.
"""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.bus_servers import OverValkey
from tests.support.presence_nodes import Node, until
from tests.support.valkey import ValkeyServer

SCENES = 100 if "SIDECHAIN_SOAK" in os.environ else 3
SEED = int(os.environ.get("SIDECHAIN_SEED", "20261129"))
NODES = 4
STEPS = 120
PEOPLE = [letter * 32 for letter in "abcdef"]
DEVICES = ["d1", "d2"]
STATUSES = ["recording", "producing", "idle", "away", "offline"]


class Scene:
    """places: where each device's connection is. dead: old ones that their process has not noticed."""

    def __init__(self, server: ValkeyServer, chance: random.Random) -> None:
        self._server = server
        self._chance = chance
        self._over = OverValkey(server)
        self.nodes: list[Node] = []
        self._places: dict[tuple[str, str], tuple[Node, str]] = {}
        self._dead: list[tuple[Node, str, str]] = []
        self._fault = ""

    async def run(self) -> None:
        for _ in range(NODES):
            await self._come()
        for _ in range(STEPS):
            await self._chance.choices(self._deeds(), [30, 6, 2, 1, 1])[0]()
            await asyncio.sleep(self._chance.random() * 0.03)
        self._heal()

    def _deeds(self) -> list[Callable[[], Awaitable[None]]]:
        return [self._say, self._notice, self._break, self._go, self._come]

    async def _say(self) -> None:
        key = (self._chance.choice(PEOPLE), self._chance.choice(DEVICES))
        node, status = self._chance.choice(self.nodes), self._chance.choice(STATUSES)
        old = self._places.get(key)
        if old is not None and old[0] is not node:
            self._dead.append((old[0], *key))
        self._dead = [each for each in self._dead if each != (node, *key)]
        self._places[key] = (node, status)
        node.say(key[0], status, key[1])

    async def _notice(self) -> None:
        if self._dead:
            node, user_id, device = self._dead.pop(0)
            node.leave(user_id, device)

    async def _break(self) -> None:
        if self._fault:
            self._heal()
            return
        self._fault = self._chance.choice(["kill", "freeze", "flush", "end connections"])
        match self._fault:
            case "kill":
                self._server.kill()
            case "freeze":
                self._server.freeze()
            case "flush":
                self._server.flush()
            case _:
                self._server.command("CLIENT KILL TYPE pubsub")

    def _heal(self) -> None:
        if self._fault == "kill":
            self._server.start()
        elif self._fault == "freeze":
            self._server.thaw()
        self._fault = ""

    async def _go(self) -> None:
        """Killed: nobody is told, and its devices connect elsewhere, or not."""
        if len(self.nodes) > 2:
            node = self.nodes.pop(self._chance.randrange(len(self.nodes)))
            self._places = {key: place for key, place in self._places.items() if place[0] is not node}
            self._dead = [each for each in self._dead if each[0] is not node]
            await node.kill()

    async def _come(self) -> None:
        if len(self.nodes) < NODES + 2:
            node = Node(self._over.bus())
            self.nodes.append(node)
            await node.start(wait=not self._fault)

    async def notice_all(self) -> None:
        while self._dead:
            await self._notice()

    def truth(self, user_id: str) -> str:
        said = {status for (person, _), (_, status) in self._places.items() if person == user_id}
        return next((status for status in STATUSES if status in said), "offline")


@pytest.mark.timeout(900 + 60 * SCENES)
@pytest.mark.parametrize("scene", range(SCENES))
async def test_at_the_end_all_see_what_is(tmp_path: Path, scene: int) -> None:
    server = ValkeyServer(tmp_path)
    server.start()
    chaos = Scene(server, random.Random(SEED + scene))
    try:
        await chaos.run()
        await chaos.notice_all()

        def agreed() -> bool:
            return all(
                node.sees(person) == node.told(person) == chaos.truth(person)
                for node in chaos.nodes
                for person in PEOPLE
            )

        try:
            await until(agreed)
        except TimeoutError:
            seen = {p[0]: ([n.sees(p) for n in chaos.nodes], chaos.truth(p)) for p in PEOPLE}
            raise AssertionError(f"seed {SEED + scene}: {seen}") from None
    finally:
        for node in chaos.nodes:
            await node.kill()
        server.stop()
