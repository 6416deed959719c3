"""The tray's life: follow the daemon, show what presenter makes of it, carry out clicks. The composition root.

Nothing is decided here that presenter, news, board or links could decide. The daemon may be absent, silent, or replaced at
any time; the tray then says so and goes on looking. Everything runs on one event loop.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

from bridge import control
from bridge.async_client import AsyncControlClient
from bridge.errors import BridgeError, DaemonNotRunning
from tray import deeds, desktop
from tray.backend import Backend
from tray.board import Board
from tray.deeds import Effects
from tray.following import Follower
from tray.links import may_open
from tray.model import (
    Action,
    BeginClaim,
    FeedSeen,
    LookAgain,
    PlayHere,
    QuitTray,
    StopPreviews,
)
from tray.presenter import present
from tray.view import Link

CLAIM_ANSWER_S = 30.0  # the daemon asks the relay first
_log = logging.getLogger(__name__)


class Pace(Struct, frozen=True, kw_only=True):
    """How often the tray acts by itself, in seconds."""

    update_s: float = 0.5  # between two changes of the menu: someone may be reading it
    check_s: float = 5.0  # between two looks at a daemon that says nothing: it may have been replaced
    count_s: float = 1.0  # between two looks while a post can be undone: the seconds that are left are shown
    retry_s: float = 2.0  # between two looks for a daemon that is not there
    answer_s: float = 5.0  # for an answer; a Take is written before `keep` is answered


class Tray:
    """One icon that follows one daemon. All methods: [loop]."""

    def __init__(
        self,
        backend: Backend,
        connect: Callable[[], AsyncControlClient],
        effects: Effects | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._backend = backend
        self._connect = connect
        self._effects = effects or Effects()
        self._pace = pace or Pace()
        self._seen = Follower(Board())
        self._client: AsyncControlClient | None = None
        self._wake = asyncio.Event()  # something to show or to ask
        self._quit = asyncio.Event()
        self._actions: dict[Action, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until "Quit tray" or the end of the desktop session. Raises AlreadyShown, NoDesktop."""
        await self._backend.open(self._click)
        self._show()
        tasks = [
            asyncio.create_task(work)
            for work in (self._follow(), self._quit_asked(), self._backend.wait_closed())
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (*tasks, *self._actions.values()):
                task.cancel()
            await asyncio.gather(*tasks, *self._actions.values(), return_exceptions=True)
            await self._backend.close()

    def quit(self) -> None:
        """Ask `run` to end."""
        self._quit.set()

    async def _quit_asked(self) -> None:
        await self._quit.wait()

    # following the daemon -------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            link = Link.SILENT
            try:
                async with self._connect() as client:
                    await client.request(control.Subscribe(), timeout_s=self._pace.answer_s)
                    self._client = client
                    await self._while_up(client)
            except DaemonNotRunning:
                link = Link.NOT_RUNNING
            except BridgeError as error:
                _log.info("%s", error)
            finally:
                self._client = None
            self._seen.lost(link)
            self._show()
            await self._woken(self._pace.retry_s)

    async def _while_up(self, client: AsyncControlClient) -> None:
        """Raises BridgeError when the daemon is gone or silent."""
        self._seen.begin()
        hearing = asyncio.create_task(self._hear(client))
        try:
            while True:
                if hearing.done():
                    self._seen.stale = True
                await self._ask_what_is_stale(client)
                self._show()
                await asyncio.sleep(self._pace.update_s)
                counts = self._seen.counts_down
                if not await self._woken(self._pace.count_s if counts else self._pace.check_s):
                    self._seen.stale = True
                    # A daemon forgets subscribers that could not keep up; subscribing twice does no harm.
                    await client.request(control.Subscribe(), timeout_s=self._pace.answer_s)
        finally:
            hearing.cancel()
            with suppress(asyncio.CancelledError, BridgeError):
                await hearing

    async def _ask_what_is_stale(self, client: AsyncControlClient) -> None:
        seen = self._seen
        if seen.stale:
            seen.stale = False
            status = await client.request(control.GetStatus(), timeout_s=self._pace.answer_s)
            assert isinstance(status, control.Status)  # the client has checked
            seen.look(status)
            if seen.view.claim is not None:
                state = await client.request(control.GetClaim(), timeout_s=self._pace.answer_s)
                assert isinstance(state, control.ClaimState)  # the client has checked
                self._say(seen.claim(state))
        if seen.feed_stale and seen.has_account:
            seen.feed_stale = False
            seen.feed(await self._besides(client, control.GetFeed(limit=seen.FEED_LIMIT)))
        if seen.login_stale:
            seen.login_stale = False
            seen.login(await self._besides(client, control.GetAtLogin()))

    async def _besides(self, client: AsyncControlClient, request: control.Request) -> control.Reply | None:
        """What the menu can do without: None where it is refused."""
        try:
            return await client.request(request, timeout_s=deeds.LOGIN_ANSWER_S)
        except BridgeError as error:
            _log.info("%s: %s", type(request).__name__, error)
            return None

    async def _woken(self, limit_s: float) -> bool:
        """Wait for news, at most `limit_s`; False: there was none."""
        try:
            async with asyncio.timeout(limit_s):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    async def _hear(self, client: AsyncControlClient) -> None:
        try:
            async for event in client.events():
                if self._seen.hear(event):
                    self._wake.set()
        finally:
            self._wake.set()

    def _show(self) -> None:
        self._backend.show(present(self._seen.view))
        self._say(self._seen.due())

    def _say(self, sentence: str | None) -> None:
        if sentence:
            self._backend.notify(sentence)

    # clicks ---------------------------------------------------------------------------------------------------

    def _click(self, action: Action) -> None:
        """Carry it out; the same click again while it is under way is the same click."""
        if action not in self._actions:
            task = asyncio.get_running_loop().create_task(self._carry_out(action))
            self._actions[action] = task
            task.add_done_callback(lambda _task: self._actions.pop(action, None))

    async def _carry_out(self, action: Action) -> None:
        try:
            await self._do(action)
        except (BridgeError, desktop.StartFailed) as error:
            self._say(str(error))
        self._seen.stale = True
        self._wake.set()

    async def _do(self, action: Action) -> None:
        match action:
            case QuitTray():
                self.quit()
            case FeedSeen():
                self._seen.feed_seen()
            case LookAgain():
                self._seen.login_stale = True
            case BeginClaim():
                await self._begin_claim()
            case PlayHere(take_id):
                await self._play_here(action, take_id)
            case StopPreviews():
                self._silence()
                await self._send(action)
            case _:
                await self._send(action)

    async def _send(self, action: Action) -> None:
        asked = deeds.message_of(action)
        if asked is None:
            self._say(await deeds.start(action, self._seen.view, self._ask, self._effects))
        else:
            self._say(self._seen.answered(action, await self._ask(*asked)))

    async def _play_here(self, action: Action, take_id: str) -> None:
        self._silence(but=action)
        self._seen.plays_here(take_id)
        self._wake.set()
        try:
            await self._send(action)
        finally:
            self._seen.silent_here(take_id)

    def _silence(self, but: Action | None = None) -> None:
        """End what this machine's output plays."""
        for action, task in self._actions.items():
            if isinstance(action, PlayHere) and action != but:
                task.cancel()

    async def _begin_claim(self) -> None:
        """The browser is opened here, for the daemon has no desktop; where none opens, a code is shown as well."""
        state = await self._ask(control.BeginClaim(), CLAIM_ANSWER_S)
        if not isinstance(state, control.ClaimState):
            return
        self._say(self._seen.claim(state))
        url, status = state.authorize_url, self._seen.view.status
        if url is None or status is None or not may_open(url, status.relay_url):
            return
        try:
            await self._effects.open_url(url)
        except desktop.StartFailed:
            await self._ask(control.WantCode())

    async def _ask(self, request: control.Request, limit_s: float | None = None) -> control.Reply:
        """Ask the daemon, through the connection that is up or one of its own. Raises BridgeError."""
        timeout_s = limit_s or self._pace.answer_s
        if self._client is not None:
            return await self._client.request(request, timeout_s=timeout_s)
        async with self._connect() as client:
            return await client.request(request, timeout_s=timeout_s)
