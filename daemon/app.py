"""The daemon's composition root: builds every part by hand, starts them in order, stops them in reverse.

The order is the safety: the lock before any socket, the library swept before anything is kept, the outbox loaded
before the relay is spoken to, and READY said only when a keep would be answered. Nothing is decided here, and nothing
passed on: parts tell each other by daemon.events.
"""

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import Callable, Coroutine
from functools import partial

from bridge.control_endpoint import ControlEndpoint
from bridge.paths import CONTROL_SOCKET, PLUGIN_SOCKET
from bridge.plugin_endpoint import FromPeer, Peer, PluginEndpoint
from bridge.system import forbid_dumps, raise_descriptor_limit
from daemon.config import Loaded, load_again
from daemon.core.crash_loop import CRASHES, SAFE_S
from daemon.doors.control.at_login import AtLoginAnswers
from daemon.doors.control.claiming import ClaimAnswers
from daemon.doors.control.comments import CommentAnswers
from daemon.doors.control.door import ControlDoor
from daemon.doors.control.feed import FeedAnswers
from daemon.doors.control.history import HistoryAnswers
from daemon.doors.control.outbox import OutboxAnswers
from daemon.doors.control.people import PeopleAnswers
from daemon.doors.control.players import Players
from daemon.doors.control.posts import PostAnswers
from daemon.doors.control.previews import PreviewAnswers
from daemon.doors.control.recovery import RecoveryAnswers
from daemon.doors.control.sets import SetAnswers
from daemon.doors.control.settings import SettingAnswers
from daemon.doors.control.sharing import SharingAnswers
from daemon.doors.control.status import StatusAnswers
from daemon.doors.control.takes import TakeAnswers
from daemon.doors.control.teller import ControlTeller
from daemon.doors.plugin.door import PluginDoor
from daemon.doors.plugin.history import WindowHistory
from daemon.doors.plugin.notices import NotificationNotices, RecoveryNotices
from daemon.doors.plugin.takes import TakeShelf
from daemon.doors.plugin.windows import Windows
from daemon.errors import LibraryDamaged, SidechainError
from daemon.events import Bus, DiskTroubled, PluginsShutOut, SettingsChanged
from daemon.features.discarding.discarding import Discarding
from daemon.features.exporting.exporting import Exporting
from daemon.features.feed.deeds import Deeds
from daemon.features.feed.discovering import Discovering
from daemon.features.feed.feed import Feed
from daemon.features.feed.own_posts import OwnPosts
from daemon.features.feed.pages import FeedPages
from daemon.features.feed.people import People
from daemon.features.feed.plays import Plays
from daemon.features.feed.sharing import Sharing
from daemon.features.feed.sign_ins import SignIns
from daemon.features.feed.social import Social
from daemon.features.feed.talk import Talk
from daemon.features.history.compressing import Compressing
from daemon.features.history.journal import Journal
from daemon.features.history.recovering import Recovering
from daemon.features.importing.importing import Importing
from daemon.features.keeping.keeping import Keeping
from daemon.features.keeping.listening import Listening
from daemon.features.keeping.mixing import Mixing
from daemon.features.keeping.sets import SetKeeping
from daemon.features.link.driver import LinkDriver
from daemon.features.linked_folder.linked_folder import LinkedFolder
from daemon.features.notifications.notifications import Notifications
from daemon.features.posting.holding import Holding
from daemon.features.posting.pausing import Pausing
from daemon.features.posting.posting import Posting
from daemon.features.posting.replacing import Replacing
from daemon.features.posting.uploads import Uploader
from daemon.features.preferences.login import Login
from daemon.features.preferences.preferences import Preferences
from daemon.features.presence.presence_teller import PresenceTeller
from daemon.features.previews.prefetch import Prefetch
from daemon.features.previews.preview_files import PreviewFiles
from daemon.features.previews.previews import Previews
from daemon.features.rendering.renderer import Renderer
from daemon.features.rendering.search import Search
from daemon.features.repairs.repairs import Repairs
from daemon.features.status.library_watch import LibraryWatch
from daemon.features.status.notices import Notices
from daemon.features.status.run_folder_watch import RunFolderWatch
from daemon.features.status.status import DaemonStatus
from daemon.features.trimming.trimming import Trimming
from daemon.features.updates.updates import Updates
from daemon.identity.account import Account
from daemon.identity.claiming import Claiming
from daemon.library.entries import Entries
from daemon.library.rebuild import open_library, own_data
from daemon.library.takes import Takes
from daemon.rings.instances import Instances
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.peaks import Pictures
from daemon.system.at_login import at_login_here
from daemon.system.clock import unix_us
from daemon.system.log import set_level, set_up
from daemon.system.process import Starter, keep_start_uncollected, on_signals
from daemon.system.run_folder import own_run_folder
from daemon.system.start_file import program, write_start_file
from daemon.system.start_marks import forget_at_end, mark_start
from plugin_protocol.messages import Alive, FromDaemon, Heartbeat

log = logging.getLogger(__name__)

TROUBLE_PAUSE_S = 2.0
SAY_AGAIN_S = 600.0
REBUILD_INTERVAL_S = 30.0  # a library damaged again so soon is a disk to be looked at, not to be tried on

Part = Callable[[], Coroutine[None, None, None]]


class App:
    """One running daemon. Lives from `run` to the stop event; everything happens on one asyncio loop."""

    def __init__(self, held: Loaded, version: str, starter: Starter) -> None:
        self._held = held
        self._starter = starter
        self._config = held.config
        self._version = version
        self._bus = Bus()
        self._preferences = Preferences(held, self._bus, lambda: load_again(held))
        self._stopping = asyncio.Event()
        self._safe = False  # after a crash loop: only what keeping needs
        self._started_s = time.monotonic()
        self.start_over = False
        self.replaced = False  # by another version of the program, which goes on where this one ends

    async def run(self) -> None:
        """Start, serve until stopped, stop. Raises AlreadyRunning, BadConfig."""
        async with contextlib.AsyncExitStack() as stack:
            self._run_lock = stack.enter_context(own_run_folder(self._config))
            await self._open_library(stack)
            await self._build_relay(stack)
            self._build_plugins(stack)
            self._build_deeds()
            await self._open_control_door(stack)
            await self._open_plugin_door(stack)
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(self._kept_going(part)) for part in self._parts()]
                on_signals(stop=self._stopping.set, replace=self._be_replaced)
                await asyncio.to_thread(write_start_file, self._config)
                self._starter.say_ready()
                keep_start_uncollected()
                log.info("ready in %s", self._config.run_dir)
                await self._stopping.wait()
                for task in running:
                    task.cancel()

    # in the order of the start ----------------------------------------------------------------------------------

    async def _open_library(self, stack: contextlib.AsyncExitStack) -> None:
        config = self._config
        stack.enter_context(own_data(config))
        await self._look_at_starts(stack)
        self._store, sentence = await asyncio.to_thread(open_library, config.library, config.takes)
        stack.callback(self._store.close)
        self._takes = Takes(config, self._store, self._bus)
        self._entries = Entries(self._store, config.takes, config.hold_us, config.shown_to)
        rebuilt = await self._takes.open()
        self._account = Account(config, self._store, self._version, self._bus)
        stack.push_async_callback(self._account.close)
        await self._account.recall()
        self._notices = Notices(config, self._account, self._bus)
        for trouble in self._held.troubles:
            log.warning("%s", trouble)
        self._bus.tell(SettingsChanged(config=config, sentences=self._held.troubles))
        if sentence:
            self._notices.add(f"{sentence} {rebuilt.takes} takes are back.")
        if rebuilt.unreadable:
            self._notices.add(
                f"{len(rebuilt.unreadable)} folders beside the takes cannot be read and were left alone."
            )

    async def _build_relay(self, stack: contextlib.AsyncExitStack) -> None:
        """What goes to the relay and comes from it."""
        config, store, account, bus = self._config, self._store, self._account, self._bus
        self._pausing = Pausing(config.data, bus)
        self._status = DaemonStatus(
            store, account, bool(config.relay_url), bus, lambda: self._pausing.words, safe=self._safe
        )
        self._uploader: Uploader | None = None
        self._link: LinkDriver | None = None
        if config.relay_url and not self._safe:
            self._uploader = Uploader(
                store,
                account.relay(),
                config.takes,
                lambda: account.name,
                bus,
                changing=self._entries.changing,
                paused=lambda: self._pausing.paused,
            )
            self._link = LinkDriver(account, store, bus)
        self._deeds = Deeds(account, store, bus)
        self._notifications = Notifications(account, bus)
        self._plays = Plays(account, bus)
        self._feed = Feed(store, lambda limit: account.relay().timeline(limit), bus)
        stack.push_async_callback(self._feed.close)

    def _build_plugins(self, stack: contextlib.AsyncExitStack) -> None:
        """What listens to plugins and speaks to them."""
        config, store, bus = self._config, self._store, self._bus
        self._plugins = PluginEndpoint(
            config.run / PLUGIN_SOCKET,
            daemon_version=self._version,
            daemon_path=sys.executable,
            handle=self._handle_plugin,
            beat=self._beat_plugin,
            exhausted=lambda: bus.tell(PluginsShutOut()),
        )
        self._renderer = Renderer(store, config.takes, bus, config.cache, config.cache_bytes)
        files = PreviewFiles(config.previews, config.takes, config.preview_cache_bytes, self._account, bus)
        stack.push_async_callback(files.close)
        self._exporting = Exporting(config, files.fetched)
        stack.push_async_callback(self._exporting.close)
        self._instances = Instances(config.run, bus)
        stack.callback(self._instances.close)
        self._journal = Journal(config, bus)
        stack.callback(self._journal.close)
        self._history = JournalFolder(self._journal.folder)
        self._listening = Listening(config, self._history)
        self._previews = Previews(
            config.run, store, self._takes, files, self._plugins.send, self._listening.sound, bus
        )
        stack.push_async_callback(self._previews.close)
        self._compressing = Compressing(self._journal)
        stack.push_async_callback(self._compressing.close)
        self._prefetch = Prefetch(store, self._instances, files, config.prefetch_items, bus)
        if self._link:
            PresenceTeller(self._instances, bus, is_told=config.presence)

    def _build_deeds(self) -> None:
        """What a person can do, once each."""
        store, takes, account, bus = self._store, self._takes, self._account, self._bus
        self._pictures = Pictures(self._history)
        self._keeping = Keeping(self._config, store, takes, account, self._history, bus)
        self._set_keeping = SetKeeping(self._config, store, takes, self._instances, self._history)
        self._holding = Holding(store, self._entries, bus)
        replacing = Replacing(takes, account.relay, lambda: account.name, bus)
        self._own_posts = OwnPosts(account, store, bus, replacing.replace)
        self._people = People(account, self._own_posts)
        self._posting = Posting(
            store, takes, self._entries, account, self._uploader, bus, self._own_posts.set_title
        )
        self._discarding = Discarding(self._config, store, takes, bus)
        self._linked_folder = LinkedFolder(self._config, store, bus)
        self._repairs = Repairs(store, takes, bus)
        self._social = Social(self._deeds, store)
        self._recovering = Recovering(self._config, self._journal, takes, bus)
        self._claiming = Claiming(account)
        self._updates = Updates(lambda: self._preferences.held.config.update_check, self._version, bus)
        bus.on(SettingsChanged, self._go_by)

    def _go_by(self, event: SettingsChanged) -> None:
        """All that goes by a setting which holds at once (daemon/config.py)."""
        set_level(event.config.log_level)
        self._takes.go_by(event.config)
        self._entries.go_by(event.config)
        self._account.go_by(event.config)
        self._keeping.go_by(event.config)
        self._set_keeping.go_by(event.config)
        self._listening.go_by(event.config)
        self._journal.go_by(event.config)
        self._recovering.go_by(event.config)
        self._discarding.go_by(event.config)
        self._exporting.go_by(event.config)

    async def _open_control_door(self, stack: contextlib.AsyncExitStack) -> None:
        take_answers = TakeAnswers(
            store=self._store,
            takes=self._takes,
            keeping=self._keeping,
            renderer=self._renderer,
            posting=self._posting,
            repairs=self._repairs,
            players=Players(self._instances, self._recovering),
            search=Search(self._takes, self._renderer),
            importing=Importing(self._takes),
            trimming=Trimming(self._takes),
        )
        door = ControlDoor(
            take_answers.answers,
            self._set_answers().answers,
            self._status_answers(take_answers).answers,
            SettingAnswers(self._preferences).answers,
            AtLoginAnswers(Login(lambda: at_login_here([*program(), "up"]))).answers,
            OutboxAnswers(self._posting, self._pausing, self._takes).answers,
            FeedAnswers(self._feed, self._social, Discovering(self._account)).answers,
            PostAnswers(self._own_posts).answers,
            SharingAnswers(Sharing(self._account, self._store), SignIns(self._account)).answers,
            PeopleAnswers(self._people, self._account.relay_url or "").answers,
            CommentAnswers(Talk(self._account, self._store), self._notifications).answers,
            PreviewAnswers(self._instances, self._previews).answers,
            self._history_answers().answers,
            RecoveryAnswers(self._journal, self._recovering, self._takes).answers,
            ClaimAnswers(self._account, self._claiming).answers,
        )
        self._control = control = ControlEndpoint(self._config.run / CONTROL_SOCKET, door.handle)
        self._control_teller = ControlTeller(control, self._store, self._bus)
        await control.start()
        stack.push_async_callback(control.stop)

    def _set_answers(self) -> SetAnswers:
        return SetAnswers(
            store=self._store,
            takes=self._takes,
            instances=self._instances,
            keeping=self._set_keeping,
            mixing=Mixing(self._takes),
        )

    def _status_answers(self, takes: TakeAnswers) -> StatusAnswers:
        return StatusAnswers(
            version=self._version,
            store=self._store,
            account=self._account,
            status=self._status,
            notices=self._notices,
            instances=self._instances,
            previews=self._previews,
            journal=self._journal,
            deeds=self._deeds,
            notifications=self._notifications,
            pausing=self._pausing,
            preferences=self._preferences,
            takes=takes,
            stop=self._stopping.set,
        )

    def _history_answers(self) -> HistoryAnswers:
        return HistoryAnswers(
            journal=self._journal,
            folder=self._history,
            instances=self._instances,
            players=Players(self._instances, self._recovering),
            listening=self._listening,
            pictures=self._pictures,
        )

    async def _open_plugin_door(self, stack: contextlib.AsyncExitStack) -> None:
        shelf = TakeShelf(
            say=self._plugins.say,
            store=self._store,
            takes=self._takes,
            posting=self._posting,
            repairs=self._repairs,
            bus=self._bus,
        )
        history = WindowHistory(
            say=self._plugins.say,
            journal=self._journal,
            folder=self._history,
            pictures=self._pictures,
            listening=self._listening,
        )
        self._windows = Windows(
            say=self._plugins.say,
            store=self._store,
            takes=self._takes,
            account=self._account,
            status=self._status,
            pages=FeedPages(self._account, self._store),
            social=self._social,
            posting=self._posting,
            set_keeping=self._set_keeping,
            exporting=self._exporting,
            history=history,
            shelf=shelf,
            claiming=self._claiming,
            bus=self._bus,
        )
        stack.callback(self._windows.close)
        RecoveryNotices(self._plugins, self._bus)
        NotificationNotices(self._plugins, self._bus)
        self._plugin_door = PluginDoor(
            instances=self._instances,
            keeping=self._keeping,
            previews=self._previews,
            windows=self._windows,
            status=self._status,
            account=self._account,
            sounding_s=self._journal.sounding_s,
        )
        await self._plugins.start()
        stack.push_async_callback(self._plugins.stop)

    def _parts(self) -> list[Part]:
        """What runs for ever."""
        keepers = [self._control.keep_bound, self._plugins.keep_bound, self._journal.keep_life]
        own_files = RunFolderWatch(self._config.run, self._run_lock, keepers, self._bus)
        parts: list[Part] = [
            own_files.run,
            self._preferences.run,
            LibraryWatch(self._store, self._config.takes, self._bus).run,
            self._status.run,
            self._control_teller.run,
            self._windows.run,
            self._windows.tell_takes,
            self._holding.run,
            self._discarding.run,
            self._reap,
            self._keep_journal,
            self._starter.say_alive,
        ]
        if self._safe:
            return [*parts, self._leave_safe_mode]
        parts += [
            self._account.open,
            self._renderer.run,
            self._linked_folder.run,
            self._exporting.run,
            self._compressing.run,
            self._updates.run,
        ]
        if self._uploader and self._link:
            parts += [
                self._uploader.run,
                self._pausing.run,
                self._link.run,
                self._notifications.run,
                self._deeds.run,
                self._plays.run,
                self._prefetch.run,
                self._account.say_farewells,
            ]
        return parts

    # ends that are tied here ------------------------------------------------------------------------------------

    async def _handle_plugin(self, peer: Peer, message: FromPeer) -> FromDaemon | None:
        return await self._plugin_door.handle(peer, message)

    def _beat_plugin(self, peer: Peer, message: Heartbeat) -> Alive | None:
        return self._plugin_door.beat(peer, message)

    async def _keep_journal(self) -> None:
        await self._journal.run(self._instances.all)

    async def _reap(self) -> None:
        await self._instances.reap_for_ever(self._journal.spared)

    # while it runs ----------------------------------------------------------------------------------------------

    async def _look_at_starts(self, stack: contextlib.AsyncExitStack) -> None:
        """Note that we start, until we end in peace; after a crash loop, do without all that keeping does not need."""
        data = self._config.data
        self._safe = await asyncio.to_thread(mark_start, data, unix_us()) and self._config.safe_mode
        stack.push(partial(forget_at_end, data))
        if self._safe:
            log.error("the daemon has died %d times within minutes: it starts in safe mode", CRASHES)

    async def _leave_safe_mode(self) -> None:
        """By itself, once it has gone well for a while."""
        await asyncio.sleep(SAFE_S)
        log.info("safe mode ends: everything is tried again")
        self.start_over = True
        self._stopping.set()

    async def _kept_going(self, part: Part) -> None:
        """A full or sick disk stops nothing for good: what was to be done is on the disk, and is taken up again."""
        said, said_s = "", 0.0
        while True:
            try:
                return await part()
            except LibraryDamaged as error:
                if time.monotonic() - self._started_s < REBUILD_INTERVAL_S:
                    raise
                log.error("%s The daemon starts over.", error)
                self.start_over = True
                self._stopping.set()
                return None
            except (SidechainError, OSError) as error:
                now_s = time.monotonic()
                if str(error) != said or now_s - said_s > SAY_AGAIN_S:  # the disk may be full of log
                    said, said_s = str(error), now_s
                    name = part.__qualname__
                    log.error("%s stops, and tries again every %g s: %s", name, TROUBLE_PAUSE_S, error)
                self._bus.tell(DiskTroubled(sentence=str(error)))
                await asyncio.sleep(TROUBLE_PAUSE_S)

    def _be_replaced(self) -> None:
        """A package has put another version in our place: everything is ended as ever, and that one begins."""
        log.info("the program was replaced; it starts over")
        self.replaced = True
        self._stopping.set()


def serve(held: Loaded, version: str) -> int:
    """Run a daemon in this process until it is told to stop; the exit code. Raises SidechainError."""
    starter = Starter()
    set_up(held.config.log_level)
    forbid_dumps()
    raise_descriptor_limit()  # a plugin costs three

    async def main() -> App:
        app = App(held, version, starter)
        await app.run()
        return app

    try:
        while (app := asyncio.run(main())).start_over:
            pass
    except* SidechainError as group:
        raise group.exceptions[0] from None
    if app.replaced:
        starter.start_over([*program(), *sys.argv[1:]])
    return 0
