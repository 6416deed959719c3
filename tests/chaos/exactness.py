"""Counting events: several relay processes on PostgreSQL, S3 and Valkey, people who like posts, followers who reconnect all
the time, and a nemesis. Each like is one event in its owner's inbox; each follower has to apply each event exactly once.

`python -m tests.chaos.exactness --events 50000 --seed 1` prints the figures; `make soak` runs the same.
"""

import argparse
import asyncio
import itertools
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
import psycopg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from relay.wire import events
from relay.wire.identity import TokenPair
from relay.wire.rest import InboxPage
from tests.support.engines import ClusterServers, Engines, cluster_servers
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, start_relay

PROCESSES = 3
FOLLOWERS = 6
LIKERS_AT_ONCE = 32
SILENCE_S = 5.0
"""A follower that hears nothing for so long goes to another process: this one may be frozen."""
STAYS_S = (0.3, 2.0)
"""How long a follower stays with a process."""
FROZEN_S = 2.5
CALL_S = 20.0
QUIET_LIMIT_S = 120.0
"""After the last like, until every follower has all."""
BETWEEN_FAULTS_S = (2.0, 5.0)
FAULT_KINDS = 4
Event = tuple[str, str]
"""Who liked which post."""


@dataclass
class Figures:
    """What a run counted. doubled: events told twice to one follower. gaps: times a follower was told that more is missing
    than is replayed, and to fetch pages; needless_gaps: of these, where less was missing.
    """

    events: int = 0
    lost: int = 0
    doubled: int = 0
    connects: int = 0
    gaps: int = 0
    needless_gaps: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def __str__(self) -> str:
        faults = ", ".join(f"{name} ×{count}" for name, count in sorted(self.faults.items()))
        return (
            f"{self.events} events to {FOLLOWERS} followers of {PROCESSES} processes in {self.seconds:.0f} s,"
            f" {self.connects} connects, {self.gaps} gaps told ({self.needless_gaps} needless); {faults}: {self.lost} lost, {self.doubled} doubled"
        )


class Cluster:
    """The relay's processes. A place in `processes` is started again under the same number."""

    def __init__(self, folder: Path, engines: Engines) -> None:
        self._folder = folder
        self._engines = engines
        self.processes: list[RelayProcess] = [self.start(number) for number in range(PROCESSES)]

    def start(self, number: int) -> RelayProcess:
        return start_relay(
            self._folder / f"relay-{number}", module="tests.support.quick_relay", engines=self._engines
        )

    def stop(self) -> None:
        for each in self.processes:
            each.process.send_signal(signal.SIGCONT)
            each.kill()
            assert each.process.stdout is not None
            each.process.stdout.close()


class Person:
    """An account and its device, calling whichever process chance names."""

    def __init__(self, world: "World", pair: TokenPair) -> None:
        self._world = world
        self._refreshing = asyncio.Lock()
        self.pair = pair

    async def call(self, method: str, path: str, **body: object) -> httpx.Response:
        """Until it is answered with yes: by this process or, when it is killed meanwhile, by another."""
        while True:
            token = self.pair.access_token
            with suppress(httpx.HTTPError):
                answer = await self._world.http.request(
                    method,
                    self._world.url() + "/api/v1" + path,
                    json=body or None,
                    headers={"authorization": f"Bearer {token}"},
                )
                if answer.is_success:
                    return answer
                if answer.status_code == 401:
                    await self.refresh(token)
                elif answer.status_code not in (429, 500, 503):
                    answer.raise_for_status()
            await asyncio.sleep(self._world.chance.uniform(0.02, 0.2))

    async def refresh(self, old: str) -> None:
        async with self._refreshing:
            if self.pair.access_token == old:
                body = {"refresh_token": self.pair.refresh_token}
                answer = await self._world.http.post(self._world.url() + "/api/v1/auth/refresh", json=body)
                if answer.is_success:
                    self.pair = msgspec.json.decode(answer.content, type=TokenPair)


class Follower:
    """Applies events and remembers its cursor, as a daemon does; judges nothing."""

    def __init__(self, world: "World", person: Person, cursor: str) -> None:
        self._world = world
        self._person = person
        self._cursor = cursor
        self.told: Counter[Event] = Counter()  # by events, live or replayed
        self.fetched: set[Event] = set()  # from pages, which may show what is told as well

    @property
    def applied(self) -> set[Event]:
        return self.fetched | self.told.keys()

    async def run(self) -> None:
        while True:
            stays_s = self._world.chance.uniform(*STAYS_S)
            with suppress(OSError, TimeoutError, WebSocketException, httpx.HTTPError, AssertionError):
                await self._connected(stays_s)

    async def _connected(self, stays_s: float) -> None:
        loop, token = asyncio.get_running_loop(), self._person.pair.access_token
        async with asyncio.timeout(CALL_S), self._socket(token) as socket:
            self._world.figures.connects += 1
            reader = events.Frames(json=False)
            async with asyncio.timeout(SILENCE_S):
                await self._messages(socket, reader)  # hello
                await socket.send(msgspec.msgpack.encode([events.Connect(cursor=self._cursor)]))
            until_s, first = loop.time() + stays_s, True
            with suppress(TimeoutError):
                while True:
                    limit_s = loop.time() + SILENCE_S if first else until_s
                    async with asyncio.timeout_at(limit_s):
                        messages = await self._messages(socket, reader)
                    first = False
                    for message in messages:
                        await self._take(message)
            socket.transport.abort()  # nobody says goodbye

    def _socket(self, token: str) -> connect:
        return connect(
            self._world.url().replace("http", "ws", 1) + "/api/v1/ws",
            additional_headers={"Authorization": f"Bearer {token}"},
            subprotocols=[events.SUBPROTOCOL_MSGPACK],  # type: ignore[list-item]
            compression=None,
            proxy=None,
            open_timeout=SILENCE_S,
            close_timeout=0.1,
            ping_interval=None,
        )

    async def _messages(
        self, socket: ClientConnection, reader: events.Frames
    ) -> list[events.FromRelay | None]:
        data = await socket.recv(decode=False)
        _, messages = reader.of_relay(data)
        return messages

    async def _take(self, message: events.FromRelay | None) -> None:
        match message:
            case events.Connected(recovered=True):
                for event in message.events:
                    self._apply(event)
                self._cursor = message.cursor
            case events.Connected():
                self._world.figures.gaps += 1
                await self._fetch()
                self._cursor = message.cursor
            case events.Event():
                self._apply(message)
            case events.Disconnect(code=events.CLOSE_EXPIRED):
                await self._person.refresh(self._person.pair.access_token)

    def _apply(self, event: events.Event) -> None:
        payload = events.read_payload(event)
        if isinstance(payload, events.SocialNewReaction):
            self.told[payload.reaction.user_id, payload.reaction.post_id] += 1
        if event.cursor is not None:
            self._cursor = event.cursor

    async def _fetch(self) -> None:
        """The pages are the whole truth. A gap that hid no more than is replayed should not have been one."""
        before, cursor = len(self.applied), ""
        while True:
            answer = await self._person.call("GET", f"/inbox?limit=100{cursor}")
            page = msgspec.json.decode(answer.content, type=InboxPage)
            found = {(each.reaction.user_id, each.reaction.post_id) for each in page.items if each.reaction}
            known = found <= self.applied  # events come in order: then all that is older is known as well
            self.fetched |= found
            if known or page.next is None:
                break
            cursor = f"&cursor={page.next}"
        if len(self.applied) - before <= events.MAX_RECOVERY_EVENTS:
            self._world.figures.needless_gaps += 1


class World:
    """One run: the cluster, its people, and what was counted."""

    def __init__(self, servers: ClusterServers, cluster: Cluster, seed: int) -> None:
        self._servers = servers
        self._begun = 0  # faults
        self._peace = asyncio.Event()
        self.cluster = cluster
        self.chance = random.Random(seed)
        self.figures = Figures()
        self.http = httpx.AsyncClient(trust_env=False, timeout=SILENCE_S)

    def url(self) -> str:
        """Of some process, alive or not."""
        return self.chance.choice(self.cluster.processes).url

    async def run(self, owner: Person, likers: list[Person], posts: list[str], cursor: str) -> None:
        """Every liker likes every post, while followers listen and things break."""
        began_s = time.monotonic()
        followers = [Follower(self, owner, cursor) for _ in range(FOLLOWERS)]
        wanted = [(liker, post) for post in posts for liker in likers]
        self.chance.shuffle(wanted)
        listening = [asyncio.create_task(each.run()) for each in followers]
        nemesis = asyncio.create_task(self._nemesis())
        try:
            work = iter(enumerate(wanted))
            await asyncio.gather(*(self._like_all(work, len(wanted)) for _ in range(LIKERS_AT_ONCE)))
            self._peace.set()
            await nemesis  # a relay that it is starting belongs to the cluster, too
            await self._quiet(followers, len(wanted))
        finally:
            self._peace.set()
            for task in listening:
                task.cancel()
            await asyncio.gather(nemesis, *listening, return_exceptions=True)
            await self.http.aclose()
        self.figures.events = len(wanted)
        self.figures.seconds = time.monotonic() - began_s
        for each in followers:
            self.figures.lost += len(wanted) - len(each.applied)
            self.figures.doubled += sum(count - 1 for count in each.told.values())

    async def _like_all(self, work: Iterator[tuple[int, tuple[Person, str]]], count: int) -> None:
        for number, (liker, post) in work:
            while number * (FAULT_KINDS + 1) >= count * (
                self._begun + 1
            ):  # so that each kind of fault meets likes
                await asyncio.sleep(0.02)
            await liker.call("POST", "/social/like", post_id=post, emoji="🔥")

    async def _quiet(self, followers: list[Follower], count: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(QUIET_LIMIT_S):
                while any(len(each.applied) < count for each in followers):
                    await asyncio.sleep(0.1)

    # the nemesis --------------------------------------------------------------------------------------------------

    async def _nemesis(self) -> None:
        """Each kind of fault in turn, again and again, until peace; a fault under way is ended, with everything up."""
        faults: dict[str, Callable[[], Awaitable[None]]] = {
            "kill -9 of a process": self._kill,
            "frozen process": self._freeze,
            "PostgreSQL crash": self._crash,
            "database connections ended": self._cut,
        }
        for name, fault in itertools.cycle(faults.items()):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._peace.wait(), self.chance.uniform(*BETWEEN_FAULTS_S))
                return
            self._begun += 1
            await fault()
            self.figures.faults[name] += 1

    async def _kill(self) -> None:
        number = self.chance.randrange(PROCESSES)
        victim = self.cluster.processes[number]
        victim.kill()
        assert victim.process.stdout is not None
        victim.process.stdout.close()
        self.cluster.processes[number] = await asyncio.to_thread(self.cluster.start, number)

    async def _freeze(self) -> None:
        victim = self.chance.choice(self.cluster.processes)
        victim.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(FROZEN_S)
        victim.process.send_signal(signal.SIGCONT)

    async def _crash(self) -> None:
        await asyncio.to_thread(self._servers.postgres.crash)

    async def _cut(self) -> None:
        def cut() -> None:
            with psycopg.connect(self._servers.postgres.url(), autocommit=True) as pg:
                ours = "application_name LIKE 'relay-%'"
                pg.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")

        await asyncio.to_thread(cut)


def run(events_wanted: int, seed: int, folder: Path) -> Figures:
    """The whole of it. At least events_wanted are made."""
    likers_count = min(400, max(20, events_wanted // 100))
    posts_count = -(-events_wanted // likers_count)
    with ExitStack() as stack:
        servers = stack.enter_context(cluster_servers(folder / "servers"))
        engines = stack.enter_context(servers.engines(folder))
        cluster = Cluster(folder, engines)
        stack.callback(cluster.stop)
        url = cluster.processes[0].url
        with closing(RelayClient(url)) as owner:
            owner.sign_in("night.owl")
            posts = [owner.post(short_flac(4800 + n), title=f"post {n}").id for n in range(posts_count)]
            with closing(owner.socket()) as socket:
                cursor = socket.connected.cursor
            likers = [_signed_in(url, f"liker{n}") for n in range(likers_count)]
            assert owner.pair is not None and cursor is not None
            pair = owner.pair

        async def main() -> Figures:
            world = World(servers, cluster, seed)
            people = [Person(world, each) for each in likers]
            await world.run(Person(world, pair), people, posts, cursor)
            return world.figures

        return asyncio.run(main())


def _signed_in(url: str, name: str) -> TokenPair:
    with closing(RelayClient(url)) as client:
        return client.sign_in(name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sdc-exact-") as name:
        print(run(given.events, given.seed, Path(name)))
