"""One running daemon: its parts in the order in which they start; they stop in reverse.

The order is the safety: the lock before any socket, the library swept before anything is kept, the outbox loaded
before the relay is spoken to, and READY said only when a keep would be answered.
"""

import asyncio
import contextlib
import logging
import sys

from bridge.paths import PLUGIN_SOCKET
from bridge.plugin_endpoint import FromPeer, Peer, PluginEndpoint
from bridge.system import forbid_dumps, raise_descriptor_limit
from daemon.app.doors import control_door, plugin_door, windows_of
from daemon.app.features import Features
from daemon.app.lifetime import Lifetime, Part
from daemon.doors.control.teller import ControlTeller
from daemon.doors.plugin.notices import NotificationNotices, RecoveryNotices
from daemon.errors import SidechainError
from daemon.events import Bus, PluginsShutOut
from daemon.features.safe_mode.safe_mode import IS_OVER, SafeMode
from daemon.features.status.library_watch import LibraryWatch
from daemon.features.status.run_folder_watch import RunFolderWatch
from daemon.library.rebuild import own_data
from daemon.settings.reading import Loaded
from daemon.system.log import set_up
from daemon.system.process import Starter, keep_start_uncollected, on_signals
from daemon.system.run_folder import own_run_folder
from daemon.system.start_file import program, write_start_file
from daemon.system.threads import Threads
from plugin_protocol.messages import Alive, FromDaemon, Heartbeat

log = logging.getLogger(__name__)


class App:
    """One running daemon. Lives from `run` to the end of its `lifetime`; everything happens on one asyncio loop."""

    def __init__(self, held: Loaded, version: str, starter: Starter, was_safe: bool) -> None:
        """was_safe: the one before, in this process, was in safe mode, and has gone well."""
        self._config = held.config
        self._version = version
        self._starter = starter
        self._bus = Bus()
        self._features = Features(held, version, self._bus)
        self.lifetime = Lifetime(self._bus)
        self.safe_mode = SafeMode(held.config)
        self._was_safe = was_safe

    async def run(self) -> None:
        """Start, serve until stopped, stop. Raises AlreadyRunning, BadConfig."""
        async with contextlib.AsyncExitStack() as stack:
            self._run_lock = stack.enter_context(own_run_folder(self._config))
            stack.enter_context(own_data(self._config))
            await asyncio.to_thread(self.safe_mode.look, stack.enter_context(contextlib.ExitStack()))
            await self._build_features(stack)
            await self._open_control_door(stack)
            await self._open_plugin_door(stack)
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(self.lifetime.keep_going(part)) for part in self._parts()]
                on_signals(stop=self.lifetime.stopping.set, replace=self.lifetime.be_replaced)
                await asyncio.to_thread(write_start_file, self._config)
                self._starter.say_ready()
                keep_start_uncollected()
                log.info("ready in %s", self._config.run_dir)
                await self.lifetime.stopping.wait()
                for task in running:
                    task.cancel()

    # in the order of the start ----------------------------------------------------------------------------------

    async def _build_features(self, stack: contextlib.AsyncExitStack) -> None:
        self._plugins = PluginEndpoint(
            self._config.run / PLUGIN_SOCKET,
            daemon_version=self._version,
            daemon_path=sys.executable,
            handle=self._handle_plugin,
            beat=self._beat_plugin,
            exhausted=lambda: self._bus.tell(PluginsShutOut()),
        )
        await self._features.open_library(stack)
        if self._was_safe:
            self._features.notices.add(IS_OVER)
        self._features.build_relay(stack, self.safe_mode)
        self._features.build_plugins(stack, self._plugins.send)
        self._features.build_deeds()

    async def _open_control_door(self, stack: contextlib.AsyncExitStack) -> None:
        self._control = control_door(self._features, self._config.run, stop=self.lifetime.stopping.set)
        self._control_teller = ControlTeller(self._control, self._features.store, self._bus)
        await self._control.start()
        stack.push_async_callback(self._control.stop)

    async def _open_plugin_door(self, stack: contextlib.AsyncExitStack) -> None:
        self._windows = windows_of(self._features, self._plugins.say)
        stack.callback(self._windows.close)
        RecoveryNotices(self._plugins, self._bus)
        NotificationNotices(self._plugins, self._bus)
        self._plugin_door = plugin_door(self._features, self._windows)
        await self._plugins.start()
        stack.push_async_callback(self._plugins.stop)

    async def _handle_plugin(self, peer: Peer, message: FromPeer) -> FromDaemon | None:
        return await self._plugin_door.handle(peer, message)

    def _beat_plugin(self, peer: Peer, message: Heartbeat) -> Alive | None:
        return self._plugin_door.beat(peer, message)

    def _parts(self) -> list[Part]:
        """What runs for ever."""
        features, config = self._features, self._config
        keepers = [self._control.keep_bound, self._plugins.keep_bound, features.journal.keep_life]
        parts: list[Part] = [
            RunFolderWatch(config.run, self._run_lock, keepers, self._bus).run,
            features.preferences.run,
            LibraryWatch(features.store, config.takes, self._bus).run,
            features.status.run,
            self._control_teller.run,
            self._windows.run,
            self._windows.tell_takes,
            features.holding.run,
            features.discarding.run,
            features.reap,
            features.keep_journal,
            self._starter.say_alive,
        ]
        if self.safe_mode.is_on:
            return [*parts, self._leave_safe_mode]
        parts += [
            features.account.open,
            features.renderer.run,
            features.linked_folder.run,
            features.exporting.run,
            features.compressing.run,
            features.updates.run,
        ]
        if features.uploader and features.link:
            parts += [
                features.uploader.run,
                features.pausing.run,
                features.link.run,
                features.notifications.run,
                features.deeds.run,
                features.sending.run,
                features.plays.run,
                features.prefetch.run,
                features.account.say_farewells,
            ]
        return parts

    async def _leave_safe_mode(self) -> None:
        await self.safe_mode.well()
        self.lifetime.begin_again()


def serve(held: Loaded, version: str) -> int:
    """Run a daemon in this process until it is told to stop; the exit code. Raises SidechainError."""
    starter = Starter()
    set_up(held.config.log_level)
    forbid_dumps()
    raise_descriptor_limit()  # a plugin costs three

    async def main(was_safe: bool) -> App:
        asyncio.get_running_loop().set_default_executor(Threads(thread_name_prefix="worker"))
        app = App(held, version, starter, was_safe)
        await app.run()
        return app

    try:
        ended = asyncio.run(main(was_safe=False))
        while ended.lifetime.start_over:
            ended = asyncio.run(main(was_safe=ended.safe_mode.is_on))
    except* SidechainError as group:
        raise group.exceptions[0] from None
    if ended.lifetime.replaced:
        starter.start_over([*program(), *sys.argv[1:]])
    return 0
