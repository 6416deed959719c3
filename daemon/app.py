"""The daemon's composition root: builds every part by hand, starts them in order, stops them in reverse.

The order is the safety: the lock before any socket, the library swept before anything is kept, the outbox loaded
before the relay is spoken to, and READY said only when a keep would be answered.
"""

import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections.abc import Callable, Coroutine

import bridge.control as c
from bridge.control_endpoint import ControlEndpoint
from bridge.errors import AlreadyRunning as LockHeld
from bridge.errors import RunDirRefused
from bridge.lock import RunLock
from bridge.paths import CONTROL_SOCKET, PLUGIN_SOCKET, prepare_run_dir
from bridge.plugin_endpoint import Peer, PluginEndpoint
from daemon.config import Config
from daemon.core import outbox
from daemon.doors.control.door import Control, item_info
from daemon.doors.control.told import told_take
from daemon.doors.plugin.keeping import KeepAnswers
from daemon.doors.plugin.windows import Windows
from daemon.errors import AlreadyRunning, BadConfig, LibraryDamaged, SidechainError
from daemon.features.feed.feed import Feed
from daemon.features.history.journal import Journal
from daemon.features.link.relay_socket import RelaySocket
from daemon.features.posting.uploads import Uploader
from daemon.features.presence.presence_teller import PresenceTeller
from daemon.features.previews.prefetch import Prefetch
from daemon.features.previews.preview_files import PreviewFiles
from daemon.features.previews.previews import Previews
from daemon.features.rendering.render_worker import Broken, Finished, Rendered, Stage
from daemon.features.rendering.renderer import Renderer
from daemon.features.status.notices import Notices
from daemon.features.status.standing import Standing
from daemon.identity.account import Account
from daemon.library.entries import Entries
from daemon.library.rebuild import open_library, own_data
from daemon.library.store import Store
from daemon.library.takes import Takes
from daemon.rings.instances import Instances
from daemon.system.process import allow_many_plugins, say_ready
from daemon.system.start_file import write_start_file
from plugin_protocol.messages import FromDaemon
from relay.wire.rest import AudioPost

log = logging.getLogger(__name__)

STATE_EVENTS_PER_S = 10
TROUBLE_PAUSE_S = 2.0
SAY_AGAIN_S = 600.0
REBUILD_INTERVAL_S = 30.0  # a library damaged again so soon is a disk to be looked at, not to be tried on


class App:
    """One running daemon. Lives from `run` to the stop event; everything happens on one asyncio loop."""

    def __init__(self, config: Config, version: str) -> None:
        self._config = config
        self._version = version
        self._stopping = asyncio.Event()
        self._state_changed = asyncio.Event()
        self._was_online = False
        self._uploading: asyncio.Task[None] | None = None  # kept, or it might be collected
        self._started = time.monotonic()
        self.notices = Notices()
        self.start_over = False
        self.uploader: Uploader | None = None
        self.socket: RelaySocket | None = None
        self.feed: Feed | None = None
        self.presence: PresenceTeller | None = None

    async def run(self) -> None:
        """Start, serve until stopped, stop. Raises AlreadyRunning, BadConfig."""
        async with contextlib.AsyncExitStack() as stack:
            self._lock(stack)
            await self._open_library(stack)
            await self._build_account(stack)
            self._build_plugins(stack)
            await self._open_sockets(stack)
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(part) for part in self._parts()]
                self._watch_signals()
                await asyncio.to_thread(write_start_file, self._config)
                say_ready()
                log.info("ready in %s", self._config.run_dir)
                await self._stopping.wait()
                for task in running:
                    task.cancel()

    def _lock(self, stack: contextlib.AsyncExitStack) -> None:
        run_dir = self._config.run_dir
        try:
            prepare_run_dir(self._config.run)
            stack.enter_context(RunLock.acquire(self._config.run))
        except LockHeld as error:
            raise AlreadyRunning(
                f"A daemon already runs in {run_dir} (pid {error.pid}).", "`sidechain status` asks it."
            ) from error
        except (RunDirRefused, OSError) as error:
            why = error.why if isinstance(error, RunDirRefused) else f"cannot be used: {error.strerror}"
            raise BadConfig(
                f"The run folder {run_dir} {why}.",
                "Move it out of the way, or set run_dir to one of your own.",
            ) from error

    async def _open_library(self, stack: contextlib.AsyncExitStack) -> None:
        config = self._config
        stack.enter_context(own_data(config))
        self.store, sentence = await asyncio.to_thread(open_library, config.library, config.takes)
        stack.callback(self.store.close)
        self.takes = Takes(config, self.store)
        self.entries = Entries(self.store, config.takes)
        rebuilt = await self.takes.open()
        if sentence:
            self.notices.add(f"{sentence} {rebuilt.takes} takes are back.")
        if rebuilt.unreadable:
            self.notices.add(
                f"{len(rebuilt.unreadable)} folders beside the takes cannot be read and were left alone."
            )

    async def _build_account(self, stack: contextlib.AsyncExitStack) -> None:
        """The account, and what goes to the relay and comes from it."""
        config = self._config
        self.account = Account(config, self.store, self._version, self._account_changed)
        stack.push_async_callback(self.account.close)
        await self.account.recall()
        self.renderer = Renderer(
            self.store, self.takes.folder, self._rendered, config.cache, config.cache_bytes
        )
        if config.relay_url:
            self.uploader = Uploader(
                self.store, self.account.relay(), self.takes.folder, lambda: self.account.name, self._entry_changed,
                self._sent,
            )  # fmt: skip
            self.socket = RelaySocket(self.account, self.store, self._arrived, self._link_changed)
        self.standing = Standing(self.store, self.account, self.socket)

    def _build_plugins(self, stack: contextlib.AsyncExitStack) -> None:
        """What listens to plugins and speaks to them."""
        config = self._config
        self.windows = Windows(
            self.store, self.entries, self.account, self._say, self._new_entry, lambda: self.standing.online
        )
        stack.callback(self.windows.close)
        self.journal = Journal(config, self.changed)
        files = PreviewFiles(config.previews, config.preview_cache_bytes, self.account)
        stack.push_async_callback(files.close)
        self.previews = Previews(config.run, self.store, self.takes, files, self._say, self._preview_changed)
        stack.push_async_callback(self.previews.close)
        self.instances = Instances(
            config.run, KeepAnswers(self.takes, self.account, self._kept).keep, self.standing.alive, self.windows.handle,
            self.previews.handle, self._plugin_changed, self._tell_presence, self.journal.closed, self.journal.spared,
        )  # fmt: skip
        stack.callback(self.instances.close)
        stack.callback(self.journal.close)
        self.prefetch = Prefetch(self.store, self.instances, files, config.prefetch_items)
        if self.socket and config.presence:
            self.presence = PresenceTeller(self.instances.all, self.socket.tell_presence)

    async def _open_sockets(self, stack: contextlib.AsyncExitStack) -> None:
        config = self._config
        control = Control(
            self._version, self.store, self.takes, self.entries, self.instances, self.renderer, self._wake_uploader,
            self.account, self.standing, self._stopping.set, self._notices, self._go, self.journal, self.previews,
        )  # fmt: skip
        self.feed = control.feed
        stack.push_async_callback(control.feed.close)
        self.control = ControlEndpoint(config.run / CONTROL_SOCKET, control.handle)
        await self.control.start()
        stack.push_async_callback(self.control.stop)
        self.plugins = PluginEndpoint(
            config.run / PLUGIN_SOCKET, daemon_version=self._version, daemon_path=sys.executable, handle=self.instances.handle
        )  # fmt: skip
        await self.plugins.start()
        stack.push_async_callback(self.plugins.stop)

    def _parts(self) -> list[Coroutine[None, None, None]]:
        parts = [self.account.open, self.renderer.run, self.instances.reap_for_ever, self._keep_journal]
        if self.uploader and self.socket:
            parts += [self.uploader.run, self.socket.run, self.prefetch.run, self.account.say_farewells]
        return [self._tell_state(), *(self._kept_going(part) for part in parts)]

    async def _keep_journal(self) -> None:
        await self.journal.run(self.instances.all)

    async def _kept_going(self, part: Callable[[], Coroutine[None, None, None]]) -> None:
        """A full or sick disk stops nothing for good: what was to be done is on the disk, and is taken up again."""
        said, said_s = "", 0.0
        while True:
            try:
                return await part()
            except LibraryDamaged as error:
                if time.monotonic() - self._started < REBUILD_INTERVAL_S:
                    raise
                log.error("%s The daemon starts over.", error)
                self.start_over = True
                self._stopping.set()
                return None
            except (SidechainError, OSError) as error:
                if (
                    str(error) != said or time.monotonic() - said_s > SAY_AGAIN_S
                ):  # the disk may be full of log
                    said, said_s = str(error), time.monotonic()
                    log.error(
                        "%s stops, and tries again every %g s: %s", part.__qualname__, TROUBLE_PAUSE_S, error
                    )
                self.notices.trouble(str(error))
                self.changed()
                await asyncio.sleep(TROUBLE_PAUSE_S)

    def _notices(self) -> list[str]:
        bare = self.account.name is not None and self._config.credential_store == "file"
        return self.notices.lines(self.journal, bare_key=bare)

    def _watch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)

    # what parts tell each other ---------------------------------------------------------------------------------

    def _kept(self) -> None:
        self.renderer.wake()
        self.changed()

    async def _say(self, peer: Peer, message: FromDaemon) -> bool:
        return await self.plugins.send(peer, message)

    def _new_entry(self) -> None:
        self._kept()
        self._wake_uploader()

    async def _rendered(self, take_id: str, message: Stage | Rendered | Finished | Broken) -> None:
        match message:
            case Stage():
                self.control.publish(
                    c.Progress(take_id=take_id, stage=message.stage, fraction=message.fraction)
                )
                await self.windows.stage(take_id, message.fraction)
            case Rendered():
                self._wake_uploader()
            case Finished() | Broken():
                await self._publish_take(take_id)

    async def _entry_changed(self, entry: outbox.Entry) -> None:
        await self.windows.entry_changed(entry)
        await self._publish_take(entry.take_id)

    async def _publish_take(self, take_id: str) -> None:
        for take in await self.store.run(Store.find_take, take_id):
            self.control.publish(c.TakeChanged(take=await told_take(self.store, take)))
        self.changed()

    def _sent(self, take_id: str, sent_bytes: int, size_bytes: int) -> None:
        fraction = sent_bytes / size_bytes if size_bytes else 1.0
        progress = c.Progress(
            take_id=take_id, stage="upload", fraction=fraction, sent_bytes=sent_bytes, size_bytes=size_bytes
        )
        self.control.publish(progress)
        self._uploading = asyncio.create_task(self.windows.sent(take_id, fraction))

    def _wake_uploader(self) -> None:
        if self.uploader:
            self.uploader.wake()

    def _go(self) -> None:
        """A person asks for what waits for the relay."""
        if self.uploader:
            self.uploader.relay_back()

    async def _arrived(self, post: AudioPost) -> None:
        self.control.publish(c.ItemArrived(item=item_info(post)))
        await self.windows.arrived(post)
        self.prefetch.wake()

    def _link_changed(self) -> None:
        if self.feed:
            self.feed.changed()
        online = self.standing.online
        if self.uploader and online and not self._was_online:
            self.uploader.relay_back()
        self._was_online = online
        self.prefetch.wake()
        self.changed()

    def _account_changed(self) -> None:
        if self.feed:
            self.feed.changed()
        self._wake_uploader()
        self.changed()

    def _preview_changed(self, preview: c.PreviewInfo) -> None:
        self.control.publish(c.PreviewChanged(preview=preview))

    def _plugin_changed(self) -> None:
        self.renderer.warm_up_soon()
        self.prefetch.wake()
        self._tell_presence()
        self.changed()

    def _tell_presence(self) -> None:
        if self.presence:
            self.presence.look()

    def changed(self) -> None:
        """Something that status shows has changed."""
        self._state_changed.set()

    async def _tell_state(self) -> None:
        while True:
            await self._state_changed.wait()
            self._state_changed.clear()
            self.control.publish(c.StateChanged())
            await self.standing.look()
            await self.notices.tell(self.plugins, self.journal.news())
            await asyncio.sleep(1 / STATE_EVENTS_PER_S)


def serve(config: Config, version: str) -> int:
    """Run a daemon in this process until it is told to stop; the exit code. Raises SidechainError."""
    logging.basicConfig(
        level=config.log_level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for name in ("httpx", "httpcore", "websockets"):  # their lines carry whole URLs, headers and tokens
        logging.getLogger(name).setLevel(logging.WARNING)
    allow_many_plugins()

    async def main() -> bool:
        app = App(config, version)
        await app.run()
        return app.start_over

    try:
        while asyncio.run(main()):
            pass
    except* SidechainError as group:
        raise group.exceptions[0] from None
    return 0
