"""The tray's life: follow the daemon, show what presenter makes of it, carry out clicks. The composition root.

Nothing is decided here that presenter, news or links could decide. The daemon may be absent, silent, or replaced at
any time; the tray then says so and goes on looking. Everything runs on one event loop.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from bridge import control
from bridge.async_client import AsyncControlClient
from bridge.errors import BridgeError, DaemonNotRunning
from tray import desktop, news
from tray.backend import Backend
from tray.links import may_open
from tray.model import (
    Action,
    BeginClaim,
    CancelClaim,
    KeepAll,
    KeepBars,
    KeepRecovered,
    OpenUrl,
    PostTake,
    QuitTray,
    StartDaemon,
    StopDaemon,
    UndoPost,
    WantCode,
)
from tray.presenter import Link, View, present

MAX_TAKES_REMEMBERED = 200
CLAIM_ANSWER_S = 30.0  # the daemon asks the relay first
KEEP_ALL_ANSWER_S = 120.0  # each Take is written before it is answered
_log = logging.getLogger(__name__)


class Pace(Struct, frozen=True, kw_only=True):
    """How often the tray acts by itself, in seconds."""

    update_s: float = 0.5  # between two changes of the menu: someone may be reading it
    check_s: float = 5.0  # between two looks at a daemon that says nothing: it may have been replaced
    count_s: float = 1.0  # between two looks while a post can be undone: the seconds that are left are shown
    retry_s: float = 2.0  # between two looks for a daemon that is not there
    answer_s: float = 5.0  # for an answer; a Take is written before `keep` is answered


class Effects(Struct, frozen=True, kw_only=True):
    """What leaves the tray besides messages to the daemon."""

    open_url: Callable[[str], Awaitable[None]] = desktop.open_url
    start_daemon: Callable[[], Awaitable[None]] = desktop.start_daemon


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
        self._view = View()
        self._client: AsyncControlClient | None = None
        self._takes: dict[str, control.TakeInfo] = {}
        self._newest_us: int | None = None  # of all Takes heard of; None: the library was not seen yet
        self._stale = True  # the daemon must be asked again
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
            self._view = View(link=link)
            self._show()
            await self._woken(self._pace.retry_s)

    async def _while_up(self, client: AsyncControlClient) -> None:
        """Raises BridgeError when the daemon is gone or silent."""
        self._stale = True
        hearing = asyncio.create_task(self._hear(client))
        try:
            while True:
                if self._stale or hearing.done():
                    self._stale = False
                    status = await client.request(control.GetStatus(), timeout_s=self._pace.answer_s)
                    assert isinstance(status, control.Status)  # the client has checked
                    self._take_over(status)
                    if self._view.claim is not None:
                        await self._follow_claim(client)
                self._show()
                await asyncio.sleep(self._pace.update_s)
                if not await self._woken(self._pace.count_s if self._counts_down() else self._pace.check_s):
                    self._stale = True
                    # A daemon forgets subscribers that could not keep up; subscribing twice does no harm.
                    await client.request(control.Subscribe(), timeout_s=self._pace.answer_s)
        finally:
            hearing.cancel()
            with suppress(asyncio.CancelledError, BridgeError):
                await hearing

    def _counts_down(self) -> bool:
        status = self._view.status
        return status is not None and any(take.held_s is not None for take in status.recent)

    async def _woken(self, limit_s: float) -> bool:
        """Wait for news, at most `limit_s`; False: there was none."""
        try:
            async with asyncio.timeout(limit_s):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    def _take_over(self, status: control.Status) -> None:
        if sentence := news.of_status(self._view.status, status):
            self._backend.notify(sentence)
        if sentence := news.of_account(self._view.status, status):
            self._backend.notify(sentence)
        if sentence := news.of_recovered(self._view.status, status):
            self._backend.notify(sentence)
        for take in reversed(status.recent):
            self._take_changed(take)
        if self._newest_us is None:  # what was there before the tray is no news; an empty library: all is new
            self._newest_us = max((take.created_us for take in status.recent), default=0)
        shown = {take.take_id for take in status.recent}
        progress = {take_id: at for take_id, at in self._view.progress.items() if take_id in shown}
        self._view = replace(self._view, link=Link.UP, status=status, progress=progress)

    async def _hear(self, client: AsyncControlClient) -> None:
        try:
            async for event in client.events():
                self._heard(event)
        finally:
            self._wake.set()

    def _heard(self, event: control.Event) -> None:
        match event:
            case control.TakeChanged(take=take):
                self._take_changed(take)
                self._stale = True
            case control.Progress(take_id=take_id):
                self._view = replace(self._view, progress={**self._view.progress, take_id: event})
            case control.StateChanged():
                self._stale = True
            case control.NotificationsChanged():
                if sentence := news.of_notification(event):
                    self._backend.notify(sentence)
            case control.ItemArrived():
                return
        self._wake.set()

    def _take_changed(self, take: control.TakeInfo) -> None:
        """Remember the Take, and say what is news: hearing of the same change twice is silent."""
        before = self._takes.get(take.take_id)
        sentence = None
        if before is not None:
            sentence = news.of_take(before, take)
        elif self._newest_us is not None and take.created_us > self._newest_us and not self._is_told(take):
            sentence = news.of_new_take(take)
        if sentence:
            self._backend.notify(sentence)
        self._takes[take.take_id] = take
        while len(self._takes) > MAX_TAKES_REMEMBERED:
            del self._takes[next(iter(self._takes))]
        if self._newest_us is not None:
            self._newest_us = max(self._newest_us, take.created_us)

    def _is_told(self, take: control.TakeInfo) -> bool:
        """Another Take of its set was news already: one sentence for all of them."""
        return take.set_id is not None and any(each.set_id == take.set_id for each in self._takes.values())

    def _show(self) -> None:
        self._backend.show(present(self._view))

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
            self._backend.notify(str(error))
        self._stale = True
        self._wake.set()

    async def _do(self, action: Action) -> None:
        match action:
            case KeepBars(instance, bars):
                kept = await self._ask(control.KeepTake(instance=instance, bars=bars))
                if isinstance(kept, control.OneTake):
                    self._take_changed(kept.take)
            case KeepAll(bars):
                kept = await self._ask(control.KeepAll(bars=bars), KEEP_ALL_ANSWER_S)
                if isinstance(kept, control.OneSet):
                    self._take_changed(kept.takes[0].take)
            case KeepRecovered(stretch_id, bars):
                made = await self._ask(control.KeepRecovered(stretch_id=stretch_id, bars=bars))
                if isinstance(made, control.OneTake):
                    self._take_changed(made.take)
            case PostTake(take_id):
                await self._ask(control.PostTake(take_id=take_id))
            case UndoPost(take_id):
                await self._ask(control.UndoPost(entry_id=take_id))
            case OpenUrl(url):
                status = self._view.status
                # Asked again here, where it happens: the relay may have changed since the menu was drawn.
                if status is not None and may_open(url, status.relay_url):
                    await self._effects.open_url(url)
            case BeginClaim():
                await self._begin_claim()
            case WantCode():
                await self._ask(control.WantCode())
            case CancelClaim():
                await self._ask(control.CancelClaim())
            case StartDaemon():
                await self._effects.start_daemon()
            case StopDaemon():
                await self._ask(control.Shutdown())
            case QuitTray():
                self.quit()

    async def _begin_claim(self) -> None:
        """The browser is opened here, for the daemon has no desktop; where none opens, a code is shown as well."""
        state = await self._ask(control.BeginClaim(), CLAIM_ANSWER_S)
        if not isinstance(state, control.ClaimState):
            return
        self._show_claim(state)
        url, status = state.authorize_url, self._view.status
        if url is None or status is None or not may_open(url, status.relay_url):
            return
        try:
            await self._effects.open_url(url)
        except desktop.StartFailed:
            await self._ask(control.WantCode())

    async def _follow_claim(self, client: AsyncControlClient) -> None:
        state = await client.request(control.GetClaim(), timeout_s=self._pace.answer_s)
        assert isinstance(state, control.ClaimState)  # the client has checked
        self._show_claim(state)

    def _show_claim(self, state: control.ClaimState) -> None:
        if sentence := news.of_claim(self._view.claim, state):
            self._backend.notify(sentence)
        self._view = replace(self._view, claim=state if state.state == "waiting" else None)

    async def _ask(self, request: control.Request, limit_s: float | None = None) -> control.Reply:
        """Ask the daemon, through the connection that is up or one of its own. Raises BridgeError."""
        timeout_s = limit_s or self._pace.answer_s
        if self._client is not None:
            return await self._client.request(request, timeout_s=timeout_s)
        async with self._connect() as client:
            return await client.request(request, timeout_s=timeout_s)
