"""The world of a chaos run: real daemons, relay, hosts and listeners, proxies between them, and the history they make.

producer: forked daemon on a LosingDisk, behind `line`; follower: forked daemon behind `far_line`, and a probe on the
relay's bare WebSocket beside it. What goes wrong is nemesis.py's; what is right is checker.py's.
"""

import asyncio
import contextlib
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import websockets
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

import bridge.control as c
from bridge.async_client import AsyncControlClient
from bridge.errors import DaemonNotRunning, DaemonSilent, RequestFailed
from daemon.cli.stage import RunningHost, Stage, end
from daemon.errors import SidechainError
from relay.wire import events
from tests.chaos.daemons import Died, ForkedDaemon, ForkServer, fork_server
from tests.chaos.disks import LosingDisk, no_fuse
from tests.chaos.plan import HOSTS, Ask
from tests.support.deadlines import HANG_S
from tests.support.fault_proxy import FaultProxy
from tests.support.relay import RelayClient
from tests.support.secret_service import session_bus, unlocked_keyring
from tests.support.whole import BAR_FRAMES, BPM, marked_groove, script, write_wav
from tests.support.wrong_clock import WrongClock

OWL, LARK, LISTENER = "night.owl", "day.lark", "listener"
PLAYED_BARS = 9
SPEED = 4  # times real time: a Ring then holds ten seconds
ANSWER_LIMIT_S = 25.0  # a host says so after 10 s that nobody answered
REFUSALS = ("nothing_kept", "nothing_there", "usage", "not_claimed")  # of these nothing was done, it is known


class World:
    """[loop] of the run."""

    def __init__(
        self, stage: Stage, relay_url: str, server: ForkServer, clock: WrongClock, history: Path
    ) -> None:
        self.stage = stage
        self.relay_url = relay_url
        self.relay_data = stage.folder / "relay"
        self.server = server
        self.history = history.open("w")
        self._began = time.monotonic()
        self.line, self.far_line = FaultProxy(relay_url), FaultProxy(relay_url)
        self.relay: asyncio.subprocess.Process
        self.disk: LosingDisk | None = None
        self.clock = clock
        self.hosts: list[RunningHost] = []
        self._host_locks = [asyncio.Lock() for _ in range(HOSTS)]
        self._host_names = 0
        self._host_asks = [0] * HOSTS  # of each host now playing; its client counts likewise
        self.producer: ForkedDaemon
        self.follower: ForkedDaemon
        self.account: str | None = None
        self.accounts: set[str | None] = set()  # in force since an ask began
        self._asking = 0
        self.keyring: Callable[[int], None] | None = None  # send it a signal
        self.heard_at: tuple[str, tuple[int, int]] | None = None  # of the bare listener

    def note(self, what: str, **fields: object) -> None:
        """A line of the history."""
        at_ms = round((time.monotonic() - self._began) * 1000)
        self.history.write(json.dumps({"what": what, "at_ms": at_ms, **fields}) + "\n")
        self.history.flush()

    # processes ------------------------------------------------------------------------------------------------

    async def start_relay(self) -> None:
        self.relay, _ = await self.stage.relay(port=urlsplit(self.relay_url).port or 0)

    async def start_host(self, place: int) -> None:
        """A host that plays for ever, once the daemon can hear two bars of it."""
        self._host_names += 1
        host = await self.stage.host(
            self.producer.run,
            "--script",
            str(self.stage.folder / "transport.txt"),
            "--speed",
            str(SPEED),
            "--repeat",
            "0",
            str(self.stage.folder / "loop.wav"),
            name=f"host-{self._host_names}",
        )
        self.hosts[place : place + 1] = [host]
        self._host_asks[place] = 0

    async def heard(self) -> None:
        """Until every host can be kept from."""
        async with asyncio.timeout(2 * HANG_S):
            while True:
                with contextlib.suppress(Died, DaemonNotRunning, DaemonSilent):
                    listed = await self.producer.ask(c.ListInstances())
                    assert isinstance(listed, c.InstanceList)
                    pids = {i.pid for i in listed.instances if i.heard_frames > 2 * BAR_FRAMES}
                    if {host.process.pid for host in self.hosts} <= pids:
                        return
                await asyncio.sleep(0.05)

    async def started(self, daemon: ForkedDaemon) -> None:
        """A daemon that answers; one that could not start is started again, as a service manager does."""
        async with asyncio.timeout(2 * HANG_S):
            while True:
                try:
                    return await daemon.start()
                except Died as why:
                    self.note("note", of=daemon.home.name, sentence=f"did not start: {str(why)[-300:]}")
                    await asyncio.sleep(0.2)

    # asking ---------------------------------------------------------------------------------------------------

    def set_account(self, account: str | None) -> None:
        self.account = account
        self.accounts.add(account)

    async def ask(self, ask: Ask) -> None:
        """One ask of the plan, and its answer, into the history."""
        await asyncio.sleep(ask.at_s)
        if not self._asking:
            self.accounts = {self.account}
        self._asking += 1
        self.note("ask", id=ask.number, who=ask.who, title=ask.title, post=ask.post, accounts=[self.account])
        try:
            async with asyncio.timeout(HANG_S):
                if ask.who == "person":
                    outcome, told = await self._ask_daemon(ask)
                else:
                    outcome, told = await self._ask_host(int(ask.who.split()[1]), ask)
        except TimeoutError:
            outcome, told = "info", "no answer"
        self._asking -= 1
        accounts = sorted(self.accounts, key=str)
        take_id = told if outcome == "ok" else None
        why = {"why": told} if outcome != "ok" else {}
        self.note("answer", id=ask.number, outcome=outcome, take_id=take_id, accounts=accounts, **why)

    async def _ask_daemon(self, ask: Ask) -> tuple[str, str]:
        client = AsyncControlClient(self.producer.run)
        try:
            kept = await client.request(
                c.KeepTake(bars=1, title=ask.title, post=ask.post), timeout_s=ANSWER_LIMIT_S
            )
        except RequestFailed as error:
            return ("fail" if error.code in REFUSALS else "info"), str(error)
        except (DaemonNotRunning, DaemonSilent) as error:
            return "info", type(error).__name__
        finally:
            await client.close()
        assert isinstance(kept, c.OneTake)
        return "ok", kept.take.take_id

    async def _ask_host(self, place: int, ask: Ask) -> tuple[str, str]:
        async with self._host_locks[place]:
            host = self.hosts[place]
            self._host_asks[place] += 1
            number = self._host_asks[place]
            try:
                await host.command(f"keep bars 1 {'post ' if ask.post else ''}{ask.title}")
                while (answer := await host.event("kept", "keep_failed"))["id"] != number:
                    pass  # what came too late for an earlier one
            except (SidechainError, OSError):
                return "info", "the host ended"
        if answer["event"] == "kept":
            return "ok", str(answer["take_id"])
        return ("fail" if answer["code"] in REFUSALS else "info"), f"{answer['code']}: {answer['message']}"

    # who we are -----------------------------------------------------------------------------------------------

    async def claim(self, account: str | None) -> None:
        """Make the producer's device that account's, or nobody's; again and again until it is."""
        self.accounts |= {account, None}
        self.account = None
        async with asyncio.timeout(3 * HANG_S):
            while True:
                try:
                    who = await self.producer.ask(c.WhoAmI())
                    assert isinstance(who, c.Whoami)
                    if who.account == account:
                        break
                    await self.producer.ask(
                        c.ClaimDevice(username=account) if account and not who.account else c.UnclaimDevice()
                    )
                except (RequestFailed, Died, DaemonNotRunning, DaemonSilent) as error:
                    self.note("note", of="claim", sentence=str(error))
                    await asyncio.sleep(0.2)
        self.set_account(account)

    # listening ------------------------------------------------------------------------------------------------

    async def listen_to_follower(self) -> None:
        """What the follower's daemon tells its clients; for ever."""
        while True:
            client = AsyncControlClient(self.follower.run)
            try:
                arrivals = client.events()
                await client.request(c.Subscribe(), timeout_s=ANSWER_LIMIT_S)
                pid = self.follower.pid
                waiting = asyncio.ensure_future(self._note_arrivals(arrivals))
                either: set[asyncio.Future[Any]] = {waiting, self.server.ended(pid)}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                await asyncio.wait({waiting})
            except (DaemonNotRunning, DaemonSilent):
                await asyncio.sleep(0.05)
            finally:
                await client.close()

    async def _note_arrivals(self, arrivals: AsyncIterator[Any]) -> None:
        async for event in arrivals:
            if isinstance(event, c.ItemArrived):
                self.note("arrived", who="follower", post=event.item.post_id)

    async def probe(self) -> None:
        """The bare WebSocket, with a cursor of its own; for ever."""
        person = RelayClient(self.relay_url)
        url = self.far_line.url.replace("http", "ws", 1) + "/api/v1/ws"
        try:
            while True:
                try:
                    pair = await asyncio.to_thread(person.sign_in, LISTENER)
                    async with connect(
                        url,
                        additional_headers={"Authorization": f"Bearer {pair.access_token}"},
                        compression=None,
                        subprotocols=[Subprotocol(events.SUBPROTOCOL_MSGPACK)],
                        close_timeout=0.5,
                        open_timeout=5,
                        ping_interval=1,
                        ping_timeout=3,
                        proxy=None,
                    ) as socket:
                        await self._hear(socket)
                except (OSError, TimeoutError, websockets.exceptions.WebSocketException, ValueError):
                    await asyncio.sleep(0.1)
                except Exception as error:  # httpx's have no common base with the others
                    if type(error).__module__.partition(".")[0] != "httpx":
                        raise
                    await asyncio.sleep(0.1)
        finally:
            person.close()

    async def _hear(self, socket: websockets.ClientConnection) -> None:
        frames, expected = events.Frames(json=False), 1
        async for frame in socket:
            assert isinstance(frame, bytes)
            number, messages = frames.of_relay(frame)
            assert number == expected, "messages are numbered without a hole"
            expected += len(messages)
            for message in messages:
                if isinstance(message, events.Hello):
                    cursor = None if self.heard_at is None else cursor_of(self.heard_at)
                    await socket.send(msgspec.msgpack.encode([events.Connect(cursor=cursor)]))
                elif isinstance(message, events.Connected):
                    self._note_connected(message)
                elif isinstance(message, events.Event) and message.cursor is not None:
                    self._note_event(message)

    def _note_connected(self, message: events.Connected) -> None:
        epoch, head = place_of(message.cursor)
        recovered = message.recovered and self.heard_at is not None
        self.note("connected", who="probe", epoch=epoch, head=head, recovered=recovered)
        if recovered:
            for event in message.events:
                self._note_event(event)
        else:
            self.heard_at = (epoch, head)

    def _note_event(self, event: events.Event) -> None:
        assert event.cursor is not None
        said = events.read_payload(event)
        post = said.post.id if isinstance(said, events.FeedNewPost) else event.id
        epoch, place = self.heard_at = place_of(event.cursor)
        self.note("heard", who="probe", epoch=epoch, place=place, post=post)


Place = tuple[str, tuple[int, int]]


def place_of(cursor: str) -> Place:
    """Epoch and place of a cursor: opaque to a client, but a checker looks inside."""
    epoch, n, i = cursor.split(".")
    return epoch, (int(n), int(i))


def cursor_of(place: Place) -> str:
    """The inverse."""
    epoch, (n, i) = place
    return f"{epoch}.{n}.{i}"


@asynccontextmanager
async def world(folder: Path, history: Path, *, with_keyring: bool) -> AsyncIterator[World]:
    """Everybody is there, claimed, following, playing and listening."""
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(Stage(folder))
        process, relay_url = await stage.relay()
        clock = WrongClock(folder)
        server = await stack.enter_async_context(fork_server(folder, clock.env))
        here = World(stage, relay_url, server, clock, history)
        here.relay = process
        stack.callback(here.history.close)
        for line in (here.line, here.far_line):
            await stack.enter_async_context(line)
        here.producer = ForkedDaemon(server, folder / "a", here.line.url)
        here.follower = ForkedDaemon(server, folder / "b", here.far_line.url)
        if with_keyring:
            env = stack.enter_context(session_bus(folder / "k"))
            keyring = stack.enter_context(unlocked_keyring(env, "correct horse"))
            here.keyring = keyring.send_signal
            here.producer.env |= {
                key: env[key] for key in ("HOME", "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS")
            }
            here.producer.env["SIDECHAIN_CREDENTIAL_STORE"] = "keyring"
        for daemon in (here.producer, here.follower):
            daemon.home.mkdir()
        if no_fuse() is None:
            here.disk = LosingDisk(here.producer.data)
            await here.disk.mount()
            stack.push_async_callback(here.disk.cut)
        await asyncio.to_thread(write_wav, folder / "loop.wav", marked_groove(PLAYED_BARS))
        await asyncio.to_thread(script, folder, f"tempo {BPM:g}", "meter 4 4", "start ppq 0")
        for daemon in (here.producer, here.follower):
            await daemon.start()
            stack.push_async_callback(_ended, daemon)
        await _introduce(here)
        for place in range(HOSTS):
            await here.start_host(place)
        listeners = [asyncio.create_task(t) for t in (here.listen_to_follower(), here.probe())]
        try:
            await here.heard()
            yield here
        finally:
            for task in listeners:
                task.cancel()
            await asyncio.wait(listeners)


async def _introduce(here: World) -> None:
    """Both accounts of the producer, and who follows them. It ends up as the owl."""
    await here.claim(LARK)
    await here.claim(None)
    await here.claim(OWL)
    await here.follower.ask(c.ClaimDevice(username=LISTENER))
    for account in (OWL, LARK):
        await here.follower.ask(c.FollowUser(username=account))


async def _ended(daemon: ForkedDaemon) -> None:
    if not daemon.ended.done():
        with contextlib.suppress(ProcessLookupError):
            os.kill(daemon.pid, 18)  # SIGCONT
    await daemon.kill()


async def end_hosts(here: World) -> None:
    for host in here.hosts:
        await end(host.process)


def keyring_is_here() -> bool:
    return all(map(shutil.which, ("dbus-daemon", "gnome-keyring-daemon", "gdbus")))
