"""A control socket whose answers a test writes: the real endpoint of the bridge, with no daemon behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace

from bridge import control
from bridge.control_endpoint import ControlEndpoint
from bridge.lock import RunLock
from bridge.paths import CONTROL_SOCKET, prepare_run_dir
from tests.support.deadlines import HANG_S
from tests.support.tray_values import status, take

DEADLINE_S = HANG_S


class ScriptedDaemon:
    """Answers with `status`; notes each request. A kept Take appears in the status, as with the real daemon."""

    def __init__(self, path: Path, first: control.Status) -> None:
        self.status = first
        self.refusal: control.Failed | None = None  # instead of a kept Take
        self.may_keep = asyncio.Event()  # cleared: KeepTake is not answered until it is set
        self.may_keep.set()
        self.claim = control.ClaimState(state="none")
        self.feed: list[control.ItemInfo] = []
        self.at_login = "off"
        self._endpoint = ControlEndpoint(path, self._handle)
        self._requests: asyncio.Queue[control.Request] = asyncio.Queue()
        self.seen: list[type[control.Request]] = []

    async def start(self) -> None:
        """Bind the socket."""
        await self._endpoint.start()

    async def stop(self) -> None:
        """Close the socket."""
        await self._endpoint.stop()

    def change(self, **changes: object) -> None:
        """Change the status and tell those who listen."""
        self.status = replace(self.status, **changes)
        self.publish(control.StateChanged())

    def publish(self, event: control.Event) -> None:
        """Tell those who listen."""
        self._endpoint.publish(event)

    async def asked(self, kind: type[control.Request]) -> control.Request:
        """The next request of that kind; others are passed over."""
        async with asyncio.timeout(DEADLINE_S):
            while not isinstance(request := await self._requests.get(), kind):
                pass
            return request

    async def _handle(self, request: control.Request) -> control.Reply:
        self._requests.put_nowait(request)
        self.seen.append(type(request))
        match request:
            case control.GetStatus(id=number):
                return replace(self.status, id=number)
            case control.BeginClaim(id=number) | control.GetClaim(id=number):
                return replace(self.claim, id=number)
            case control.KeepTake(id=number):
                await self.may_keep.wait()
                if self.refusal is not None:
                    return replace(self.refusal, id=number)
                kept = take(f"t{len(self.status.recent) + 1}", state="kept", bars=request.bars)
                kept = replace(kept, created_us=kept.created_us + len(self.status.recent))
                self.change(recent=[kept, *self.status.recent])
                return control.OneTake(id=number, take=kept)
            case control.KeepAll(id=number, bars=bars):
                takes = [
                    take(f"s{n}", set_id="set1", state="kept", bars=bars, track_name=f"Track {n}")
                    for n in (1, 2)
                ]
                takes = [replace(each, created_us=each.created_us + 1 + n) for n, each in enumerate(takes)]
                self.change(recent=[*reversed(takes), *self.status.recent])
                info = control.SetInfo(
                    set_id="set1", name="Night", created_us=takes[0].created_us, takes=2, tracks=""
                )
                parts = [control.SetTake(take=each, clock="frames", path="") for each in takes]
                return control.OneSet(id=number, set=info, takes=parts)
            case control.PostTake(id=number, take_id=take_id):
                return control.Posted(id=number, entry_id="e1", take_id=take_id, state="queued")
            case control.UndoPost(id=number):
                return control.EntryList(id=number, entries=[])
        return self._handle_deed(request)

    def _handle_deed(self, request: control.Request) -> control.Reply:
        """What a person does in the menu besides keeping and posting."""
        match request:
            case control.ShowTake(id=number, take_id=take_id):
                return control.OneTake(id=number, take=take(take_id), path=f"/takes/{take_id}")
            case control.DiscardTake(id=number, take_id=take_id):
                self.change(recent=[each for each in self.status.recent if each.take_id != take_id])
                return control.OneTake(id=number, take=take(take_id))
            case control.RestoreTake(id=number, take_id=take_id):
                self.change(recent=[take(take_id), *self.status.recent])
                return control.OneTake(id=number, take=take(take_id))
            case control.PlayPreview(id=number, target=target):
                preview = control.PreviewInfo(
                    instance="a1", kind="take", target=target, title="Night loop", state="playing"
                )
                self.change(previews=[preview])
                return control.Previewing(id=number, preview=preview)
            case control.StopPreviews(id=number):
                self.change(previews=[])
            case control.KeepRecovered(id=number, stretch_id=stretch_id):
                return control.OneTake(id=number, take=take(f"r-{stretch_id}"))
            case control.LikePost(id=number):
                return control.DeedDone(id=number)
        return self._handle_switch(request)

    def _handle_switch(self, request: control.Request) -> control.Reply:
        """What is on or off, and what is only asked."""
        match request:
            case control.GetFeed(id=number):
                return control.Feed(id=number, items=self.feed, offline=False)
            case control.GetAtLogin(id=number):
                return control.AtLoginIs(id=number, state=self.at_login, kind="an autostart entry")
            case control.SetAtLogin(id=number, on=on):
                self.at_login = "on" if on else "off"
                return control.AtLoginIs(id=number, state=self.at_login, kind="an autostart entry")
            case control.ChangeSetting(id=number, name=name, value=value):
                field = {"presence": "tells_presence"}.get(name, name)
                self.change(**{field: value == "true"})
                return control.Settings(id=number, settings=[], file="/config.toml")
            case control.PausePosting(seconds=seconds):
                self.change(paused=True, paused_s=seconds, state="paused", sentence="Posting is paused.")
            case control.ResumePosting():
                self.change(paused=False, paused_s=None, state="connected", sentence="Connected.")
        return control.Done(id=request.id)


@asynccontextmanager
async def scripted_daemon(run_dir: Path, **changes: object) -> AsyncIterator[ScriptedDaemon]:
    """A daemon for the block, in `run_dir`, holding its lock; `changes`: of tests.support.tray_values.status."""
    prepare_run_dir(run_dir)
    with RunLock.acquire(run_dir):
        daemon = ScriptedDaemon(run_dir / CONTROL_SOCKET, status(**changes))
        await daemon.start()
        try:
            yield daemon
        finally:
            await daemon.stop()
