"""What the daemon can do, built by hand: the library, what goes to the relay, what listens to plugins, and the deeds of a person.

Built in the order in which they need each other. Nothing is decided here, and nothing passed on: parts tell each other by
daemon.events, and what goes by a setting hears there that it has changed.
"""

import asyncio
import contextlib
import logging

from daemon.events import Bus, SettingsChanged
from daemon.features.analysing.live import LiveHearing
from daemon.features.creations.creating import Creating
from daemon.features.creations.instruments import RelayInstruments
from daemon.features.creations.sending import Sending
from daemon.features.creations.storage import AtRelay
from daemon.features.creations.syncing import Syncing
from daemon.features.discarding.discarding import Discarding
from daemon.features.exporting.exporting import Exporting
from daemon.features.feed.deeds import Deeds
from daemon.features.feed.feed import Feed
from daemon.features.feed.own_posts import OwnPosts
from daemon.features.feed.people import People
from daemon.features.feed.plays import Plays
from daemon.features.feed.social import Social
from daemon.features.history.compressing import Compressing
from daemon.features.history.journal import Journal
from daemon.features.history.recovering import Recovering
from daemon.features.keeping.keeping import Keeping
from daemon.features.keeping.listening import Listening
from daemon.features.keeping.sets import SetKeeping
from daemon.features.link.driver import LinkDriver
from daemon.features.linked_folder.linked_folder import LinkedFolder
from daemon.features.notifications.notifications import Notifications
from daemon.features.posting.holding import Holding
from daemon.features.posting.pausing import Pausing
from daemon.features.posting.posting import Posting
from daemon.features.posting.replacing import Replacing
from daemon.features.posting.uploads import Uploader
from daemon.features.preferences.preferences import Preferences
from daemon.features.presence.presence_teller import PresenceTeller
from daemon.features.previews.prefetch import Prefetch
from daemon.features.previews.preview_files import PreviewFiles
from daemon.features.previews.previews import Previews, Send
from daemon.features.rendering.renderer import Renderer
from daemon.features.repairs.repairs import Repairs
from daemon.features.safe_mode.safe_mode import SafeMode
from daemon.features.status.notices import Notices
from daemon.features.status.status import DaemonStatus
from daemon.features.updates.updates import Updates
from daemon.identity.account import Account
from daemon.identity.claiming import Claiming
from daemon.library.creations import Creations
from daemon.library.entries import Entries
from daemon.library.rebuild import open_library
from daemon.library.takes import Takes
from daemon.rings.instances import Instances
from daemon.rings.peaks import Pictures
from daemon.settings.reading import Loaded, load_again
from daemon.system.log import set_level

log = logging.getLogger(__name__)


class Features:
    """Every part behind the doors. bus: by which they tell each other. [loop]"""

    def __init__(self, held: Loaded, version: str, bus: Bus) -> None:
        self._config = held.config
        self._troubles = held.troubles
        self.version = version
        self.bus = bus
        self.preferences = Preferences(held, bus, lambda: load_again(held))

    async def open_library(self, stack: contextlib.AsyncExitStack) -> None:
        """Swept, and taken in what it did not know. Raises LibraryStuck, LibraryDamaged."""
        config = self._config
        self.store, sentence = await asyncio.to_thread(open_library, config.library, config.takes)
        stack.callback(self.store.close)
        self.takes = Takes(config, self.store, self.bus)
        self.entries = Entries(config, self.store, self.bus)
        rebuilt = await self.takes.open()
        self.creations = Creations(config.creations, self.store, self.bus)
        await self.creations.open()
        self.account = Account(config, self.store, self.version, self.bus)
        stack.push_async_callback(self.account.close)
        await self.account.recall()
        self.notices = Notices(config, self.account, self.bus)
        for trouble in self._troubles:
            log.warning("%s", trouble)
        self.bus.tell(SettingsChanged(config=config, sentences=self._troubles))
        if sentence:
            self.notices.add(f"{sentence} {rebuilt.takes} takes are back.")
        if rebuilt.unreadable:
            self.notices.add(
                f"{len(rebuilt.unreadable)} folders beside the takes cannot be read and were left alone."
            )

    def build_relay(self, stack: contextlib.AsyncExitStack, safe_mode: SafeMode) -> None:
        """What goes to the relay and comes from it; nothing of it that keeping does not need, in safe mode."""
        config, store, account, bus = self._config, self.store, self.account, self.bus
        self.pausing = Pausing(config.data, bus)
        self.status = DaemonStatus(
            store,
            account,
            has_relay=bool(config.relay_url),
            bus=bus,
            paused=lambda: self.pausing.words,
            safe=lambda: safe_mode.words,
        )
        self.uploader: Uploader | None = None
        self.link: LinkDriver | None = None
        if config.relay_url and not safe_mode.is_on:
            self.uploader = Uploader(
                store=store,
                relay=account.relay(),
                takes_dir=config.takes,
                account=lambda: account.name,
                bus=bus,
                changing=self.entries.changing,
                paused=lambda: self.pausing.paused,
            )
            self.link = LinkDriver(account, store, bus)
        self.deeds = Deeds(account, store, bus)
        self.notifications = Notifications(account, bus)
        self.plays = Plays(account, bus)
        self.feed = Feed(store, lambda limit: account.relay().timeline(limit), bus)
        stack.push_async_callback(self.feed.close)

    def build_plugins(self, stack: contextlib.AsyncExitStack, send: Send) -> None:
        """What listens to plugins and speaks to them."""
        config, store, bus = self._config, self.store, self.bus
        self.renderer = Renderer(
            store, config.takes, bus, cache_dir=config.cache, cache_bytes=config.cache_bytes
        )
        files = PreviewFiles(
            folder=config.previews,
            takes=config.takes,
            limit_bytes=config.preview_cache_bytes,
            account=self.account,
            bus=bus,
        )
        stack.push_async_callback(files.close)
        self.exporting = Exporting(config, files.fetched, bus)
        stack.push_async_callback(self.exporting.close)
        self.instances = Instances(config.run, bus)
        stack.callback(self.instances.close)
        self.live = LiveHearing(self.instances.all)
        stack.push_async_callback(self.live.close)
        self.journal = Journal(config, bus)
        stack.callback(self.journal.close)
        self.history = self.journal.files
        self.listening = Listening(config, self.history, bus)
        self.previews = Previews(
            run_dir=config.run,
            store=store,
            takes=self.takes,
            files=files,
            send=send,
            history=self.listening.sound,
            bus=bus,
        )
        stack.push_async_callback(self.previews.close)
        self.compressing = Compressing(self.journal)
        stack.push_async_callback(self.compressing.close)
        self.prefetch = Prefetch(store, self.instances, files, most=config.prefetch_items, bus=bus)
        if self.link:
            PresenceTeller(self.instances, bus, is_told=config.presence)

    def build_deeds(self) -> None:
        """What a person can do, once each."""
        store, takes, account, bus = self.store, self.takes, self.account, self.bus
        self.pictures = Pictures(self.history)
        self.keeping = Keeping(self._config, store, takes, account, journal=self.history, bus=bus)
        self.holding = Holding(store, self.entries, bus)
        replacing = Replacing(takes, account.relay, lambda: account.name, bus)
        self.own_posts = OwnPosts(account, store, bus, replacing.replace)
        self.people = People(account, self.own_posts)
        self.posting = Posting(
            store=store,
            takes=takes,
            entries=self.entries,
            account=account,
            uploader=self.uploader,
            bus=bus,
            set_title=self.own_posts.set_title,
        )
        self.creating = Creating(self.creations, takes)
        there = AtRelay(account)
        self.sending = Sending(lambda: account.name, self.creations, there, bus)
        self.syncing = Syncing(self.creations, there, self.sending)
        self.relay_instruments = RelayInstruments(account, self._config.instruments)
        self.discarding = Discarding(self._config, store, takes, self.creations, bus)
        self.linked_folder = LinkedFolder(self._config, store, bus)
        self.repairs = Repairs(store, takes, bus)
        self.social = Social(self.deeds, store)
        self.recovering = Recovering(self._config, self.journal, takes, bus)
        self.set_keeping = SetKeeping(
            self._config,
            store,
            takes,
            self.instances,
            journal=self.history,
            gone=lambda: [one.label for one in self.recovering.gone()],
            bus=bus,
        )
        self.claiming = Claiming(account)
        self.updates = Updates(lambda: self.preferences.held.config.update_check, self.version, bus)
        bus.on(SettingsChanged, lambda event: set_level(event.config.log_level))

    async def keep_journal(self) -> None:
        """For ever: what plugins play, as long as they are there."""
        await self.journal.run(self.instances.all)

    async def reap(self) -> None:
        """For ever: Rings whose plugin has died."""
        await self.instances.reap_for_ever(self.journal.spared)
