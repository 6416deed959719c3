"""Previews: a post of the feed, or a Take, played through a plugin, that is, through the producer's own monitors.

One at a time for each plugin. Asked for by the plugin's window or on the control socket; from there on both go the same
way: find, fetch, fit, a Return Ring, PreviewOpened; then the ring is fed as the plugin says how far it is. Files and
decoding: preview_files.py. Whether it can follow the tempo: daemon.core.preview. Gain, fades, muting: the plugin's.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec.structs import replace

from bridge.control import PreviewInfo
from bridge.plugin_endpoint import Peer
from bridge.return_file import ReturnFile, sweep_returns
from daemon.core.preview import Plan, bar_ahead, differs, plan
from daemon.errors import BadAudio, NoSpace, NothingKept, SidechainError, why_of
from daemon.events import Bus, PreviewChanged
from daemon.features.previews.playing import CHUNK_FRAMES, Preview
from daemon.features.previews.preview_files import Fit, PreviewFiles, plain
from daemon.library.sounds import Sound, find_sound
from daemon.library.store import Store
from daemon.library.takes import Takes
from daemon.rings.instances import Instance
from plugin_protocol.layout import Header
from plugin_protocol.messages import (
    FromDaemon,
    FromListener,
    Goodbye,
    Play,
    PlayFailed,
    PreviewClosed,
    PreviewHeard,
    PreviewLoading,
    StopPreview,
)
from plugin_protocol.session import PeerLost

log = logging.getLogger(__name__)

LOADING_STEP = 0.1  # of a download, between two PreviewLoading

Send = Callable[[Peer, FromDaemon], Awaitable[bool]]
HistorySound = Callable[[Instance, Play], Awaitable[Sound]]
"""A span of an Instance's History as a Sound. Raises SidechainError."""


class Previews:
    """All methods are [loop]. send: says something to a plugin. history: what a Play of kind "history" names."""

    def __init__(
        self,
        run_dir: Path,
        store: Store,
        takes: Takes,
        files: PreviewFiles,
        send: Send,
        history: HistorySound,
        bus: Bus,
    ) -> None:
        self._history = history
        self._run_dir = run_dir
        self._store = store
        self._takes = takes
        self._files = files
        self._send = send
        self._bus = bus
        self._loading: dict[bytes, tuple[int, asyncio.Task[PreviewInfo]]] = {}
        self._playing: dict[bytes, Preview] = {}
        self._asides: set[asyncio.Task[None]] = set()
        for name in sweep_returns(run_dir):
            log.info("removed %s of a daemon that is gone", name)

    async def close(self) -> None:
        """End all. The plugins notice by the connection."""
        for _, task in self._loading.values():
            task.cancel()
        for preview in list(self._playing.values()):
            await self._close(preview)
        await asyncio.gather(*(t for _, t in self._loading.values()), *self._asides, return_exceptions=True)

    def _publish(self, preview: PreviewInfo) -> None:
        self._bus.tell(PreviewChanged(preview=preview))

    def infos(self) -> list[PreviewInfo]:
        """What plays now."""
        return [preview.info for preview in self._playing.values()]

    # what plugins say -------------------------------------------------------------------------------------------

    async def handle(self, instance: Instance, message: FromListener | Goodbye | PeerLost) -> None:
        """One message of one plugin, in the order sent. What takes time goes on beside it."""
        match message:
            case Play():
                aside = asyncio.create_task(self._answer(instance, message))
                self._asides.add(aside)
                aside.add_done_callback(self._asides.discard)
            case PreviewHeard():
                await self._hear(instance, message)
            case StopPreview() | Goodbye() | PeerLost():
                self._cancel(instance.peer.instance)
                if not isinstance(message, StopPreview) and (
                    playing := self._playing.get(instance.peer.instance)
                ):
                    await self._close(playing)

    async def _answer(self, instance: Instance, ask: Play) -> None:
        """A Play, to PreviewOpened or PlayFailed."""
        try:
            header = instance.ring.header if instance.ring else None
            if header is None or header.generation != ask.generation:
                raise NothingKept(
                    "The daemon does not know this plugin's sound yet.", "Play it again in a moment."
                )
            if ask.kind == "history":
                sound = await self._history(instance, ask)
            else:
                sound = await find_sound(self._store, self._takes, ask.kind, ask.target)
            await self._begin(instance, sound, ask.in_sync, ask.id)
        except asyncio.CancelledError:
            await self._send(instance.peer, PlayFailed(id=ask.id, code="replaced", message=""))
            if (current := asyncio.current_task()) and current.cancelling():
                raise
        except SidechainError as error:
            await self._send(instance.peer, PlayFailed(id=ask.id, code=error.code, message=str(error)[:512]))
        except Exception:
            log.exception("a preview failed")
            sentence = "The daemon failed at this; its log says why. Try again."
            await self._send(instance.peer, PlayFailed(id=ask.id, code="internal", message=sentence))

    async def _hear(self, instance: Instance, said: PreviewHeard) -> None:
        preview = self._playing.get(instance.peer.instance)
        if preview is None or preview.returned.header.generation != said.generation:
            return
        preview.returned.copied(said.copied_frames)
        heard_s = said.heard_frames / preview.returned.header.sample_rate_hz
        preview.info = replace(preview.info, state=said.state, heard_s=round(heard_s, 3))
        if said.state == "ended":
            await self._close(preview)
        else:
            self._publish(preview.info)
            preview.heard.set()
            if preview.planned.repeats and said.state == "playing":
                aside = asyncio.create_task(self._follow(instance, preview))
                self._asides.add(aside)
                aside.add_done_callback(self._asides.discard)

    async def _follow(self, instance: Instance, preview: Preview) -> None:
        """A loop whose host has changed its tempo, and stays there: at the new one from the next bar line on."""
        now = await self._plan(instance, preview.sound, True)
        settled = not differs(now, preview.host_plan)
        preview.host_plan = now
        key, bars = instance.peer.instance, preview.sound.bars or 1
        if not (settled and now.at_bar and now.repeats and differs(now, preview.planned)):
            return
        if preview is self._playing.get(key) and key not in self._loading:
            bar = bar_ahead(preview.info.heard_s, preview.loop_s, bars)
            with contextlib.suppress(
                SidechainError, asyncio.CancelledError
            ):  # or something else was asked for
                await self._begin(instance, preview.sound, True, 0, (preview.first_bar + bar) % bars)

    # what the control socket asks -------------------------------------------------------------------------------

    async def play(self, instance: Instance, target: str, in_sync: bool) -> PreviewInfo:
        """Play a Take or an Item by the start of its id. Raises SidechainError."""
        if instance.ring is None or instance.gone_at:
            raise NothingKept(
                "This plugin is not there any more.", "`sidechain instances` lists those that are."
            )
        try:
            return await self._begin(
                instance, await find_sound(self._store, self._takes, None, target), in_sync, 0
            )
        except asyncio.CancelledError:
            if (current := asyncio.current_task()) and current.cancelling():
                raise
            raise NothingKept("Something else was played instead.", "") from None

    async def sound(self, target: str) -> tuple[Sound, Path]:
        """A Take or an Item by the start of its id, and the file of it, fetched if it is not there. Raises SidechainError."""
        sound = await find_sound(self._store, self._takes, None, target)
        path = sound.path if sound.post is None else await self._files.fetched(sound.post, lambda _: None)
        return sound, path

    async def stop(self, instances: list[Instance]) -> None:
        """Fade out what plays through these."""
        for instance in instances:
            self._cancel(instance.peer.instance)
            if preview := self._playing.get(instance.peer.instance):
                generation = preview.returned.header.generation
                await self._send(preview.peer, PreviewClosed(generation=generation, code="stopped"))

    # from a sound to a Return Ring ------------------------------------------------------------------------------

    async def _begin(
        self, instance: Instance, sound: Sound, in_sync: bool, ask_id: int, first_bar: int = 0
    ) -> PreviewInfo:
        key = instance.peer.instance
        self._cancel(key)
        task = asyncio.create_task(self._open(instance, sound, in_sync, ask_id, first_bar))
        self._loading[key] = (ask_id, task)
        try:
            return await task
        finally:
            if self._loading.get(key, (0, None))[1] is task:
                del self._loading[key]

    def _cancel(self, key: bytes) -> None:
        if loading := self._loading.pop(key, None):
            loading[1].cancel()

    async def _plan(self, instance: Instance, sound: Sound, in_sync: bool) -> Plan:
        if sound.repeats:
            return Plan(repeats=True)
        host = await asyncio.to_thread(instance.info)
        return plan(
            wanted=in_sync, bpm=sound.bpm, bars=sound.bars, host_bpm=host.bpm, host_playing=host.playing
        )

    async def _open(
        self, instance: Instance, sound: Sound, in_sync: bool, ask_id: int, first_bar: int
    ) -> PreviewInfo:
        assert instance.ring is not None
        header, peer = instance.ring.header, instance.peer
        source = sound.path
        if sound.post is not None:
            source = await self._files.fetched(sound.post, self._progress(peer, ask_id))
        planned = await self._plan(instance, sound, in_sync)
        if sound.plain_at is not None:
            fit = await asyncio.to_thread(plain, source, header.channels, sound.plain_at)
        else:
            fit = await self._files.fit(source, header.sample_rate_hz, header.channels, planned.speed)
        returned = await self._room_for(fit, peer, header, repeats=planned.repeats)
        length = fit.frames if fit.whole else round(sound.seconds / planned.speed * header.sample_rate_hz)
        frames = None if planned.repeats else length
        info = PreviewInfo(
            instance=instance.name,
            kind=sound.kind,
            target=sound.target,
            title=sound.title,
            state="waiting",
            in_sync=planned.in_sync,
            duration_s=frames / header.sample_rate_hz if frames else None,
            note=planned.note,
        )
        preview = Preview(peer, sound, info, fit, returned, planned, first_bar)
        await self._start(preview, ask_id, frames)
        return info

    async def _room_for(self, fit: Fit, peer: Peer, header: Header, *, repeats: bool) -> ReturnFile:
        """A Return Ring for what is fitted, all of which is waited for when it repeats. What fails closes `fit`."""
        try:
            if repeats:
                while not fit.settled:
                    await fit.news().wait()
            return await asyncio.to_thread(
                ReturnFile.create, self._run_dir, peer.instance, header.sample_rate_hz, header.channels
            )
        except OSError as error:
            fit.close()
            raise NoSpace(
                f"There is no room for the preview in {self._run_dir}: {error.strerror}.", "Free some memory."
            ) from error
        except BaseException:
            fit.close()
            raise

    async def _start(self, preview: Preview, ask_id: int, frames: int | None) -> None:
        """Its beginning is there, its plugin told, and the one before it closed."""
        peer = preview.peer
        try:
            await asyncio.to_thread(preview.advance, CHUNK_FRAMES)  # the rest while it plays
        except OSError as error:
            preview.close()
            raise BadAudio(f"The preview cannot be read: {why_of(error)}.", "Play it again.") from error
        before = self._playing.get(peer.instance)
        self._playing[peer.instance] = preview
        if not await self._send(peer, preview.opened(ask_id, frames)):
            await self._close(preview)
            raise NothingKept(
                "The plugin has just gone.", "`sidechain instances` lists those that are there."
            )
        if before:
            await self._close(before)
        preview.task = asyncio.create_task(self._feed(preview))
        self._publish(preview.info)

    def _progress(self, peer: Peer, ask_id: int) -> Callable[[float], None]:
        told = [-1.0]

        def progress(fraction: float) -> None:
            if ask_id and fraction - told[0] >= LOADING_STEP:
                told[0] = fraction
                aside = asyncio.create_task(self._tell(peer, ask_id, fraction))
                self._asides.add(aside)
                aside.add_done_callback(self._asides.discard)

        return progress

    async def _tell(self, peer: Peer, ask_id: int, fraction: float) -> None:
        await self._send(peer, PreviewLoading(id=ask_id, stage="download", fraction=fraction))

    # while it plays ---------------------------------------------------------------------------------------------

    async def _feed(self, preview: Preview) -> None:
        """Keep the Return Ring full until its end is written."""
        try:
            while not preview.ended:
                preview.heard.clear()
                more = preview.fit.news()
                await asyncio.to_thread(preview.advance)
                if preview.fit.failed is not None:
                    raise OSError(preview.fit.failed)
                waits = [asyncio.create_task(event.wait()) for event in (preview.heard, more)]
                try:
                    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for wait in waits:
                        wait.cancel()
        except OSError as error:
            log.warning("a preview broke off: %s", error)
            generation = preview.returned.header.generation
            closed = PreviewClosed(
                generation=generation, code="broken", message=f"It broke off: {error}"[:512]
            )
            await self._send(preview.peer, closed)

    async def _close(self, preview: Preview) -> None:
        if preview.task:
            preview.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await preview.task
        if self._playing.get(preview.peer.instance) is preview:
            del self._playing[preview.peer.instance]
        await asyncio.to_thread(preview.close)
        preview.info = replace(preview.info, state="ended")
        self._publish(preview.info)
