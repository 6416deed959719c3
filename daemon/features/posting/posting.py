"""What a person does with Entries: post a Take, undo, try again, take back, look. The same whoever asks, and told to all.

One Entry for each Take, made once (library/entries.py); how long it can be undone is holding.py's, how it goes out the
uploader's (uploads.py).
"""

from collections.abc import Awaitable, Callable

from daemon.core import outbox
from daemon.core.health import SET_A_RELAY
from daemon.core.meant import meant
from daemon.core.titles import why_not
from daemon.errors import NotClaimed, NothingThere, RelayRefused, SidechainError, TakeGone, UsageError
from daemon.events import Bus, EntryChanged, TakeReset
from daemon.features.posting.uploads import Uploader
from daemon.identity.account import Account
from daemon.library.entries import Entries
from daemon.library.rows import TakeRow
from daemon.library.store import Store
from daemon.library.takes import Takes
from relay.wire.rest import ShownTo

ALL = "all"
GONE = 410
ENDED = (outbox.State.ACCEPTED, outbox.State.DISCARDED)
MAY_BE_TO_RENDER = (outbox.State.HELD, outbox.State.WAITING)  # by a pipeline that had given the Take up


class Posting:
    """All methods are [loop]. uploader: None without a relay. An Entry is named by any unique prefix of its id or its
    Take's, or by what it is called. Raises UsageError, NotClaimed, TakeGone, NoSpace, LibraryStuck."""

    def __init__(
        self,
        store: Store,
        takes: Takes,
        entries: Entries,
        account: Account,
        uploader: Uploader | None,
        bus: Bus,
        set_title: Callable[[str, str], Awaitable[None]],
    ) -> None:
        """set_title: of a post that is out, by its id. Raises Offline, RelayRefused, NotClaimed."""
        self._store = store
        self._takes = takes
        self._entries = entries
        self._account = account
        self._uploader = uploader
        self._bus = bus
        self._set_title = set_title

    async def post(self, take: TakeRow, title: str, visibility: ShownTo | None = None) -> outbox.Entry:
        """Put a Take in the outbox; asking twice gives the same Entry, with title and visibility as given last.

        visibility None: as the setting says, or as it was asked for before.
        """
        if why := why_not(title):
            raise UsageError(why, "Give another title.")
        if not self._account.relay_url:
            raise NotClaimed(
                "No relay is configured, so nothing can be posted.", f"{SET_A_RELAY} Then `sidechain claim`."
            )
        entry = await self._entries.post(take, title, self._account.owner, visibility)
        self._tell(entry)
        if self._uploader:
            self._uploader.wake()
        return entry

    async def rename(self, prefix: str, title: str) -> TakeRow:
        """Another title for a Take, for its Entry while that has not set out, and for its post once it is out.

        Raises SidechainError: the Take has it, and the post could not be given it.
        """
        if why := why_not(title):
            raise UsageError(why, "Give another title.")
        take = await self._takes.rename(prefix, title)
        if entry := await self._entries.rename(take.take_id, title):
            self._tell(entry)
        elif post_id := await self._post_of(take.take_id):
            await self._rename_post(post_id, title)
        return take

    async def _post_of(self, take_id: str) -> str | None:
        """The id of its post, if that is out and this account's."""
        entry = await self._store.run(Store.entry_of, take_id)
        return entry.post_id if entry and entry.account == self._account.name else None

    async def _rename_post(self, post_id: str, title: str) -> None:
        try:
            await self._set_title(post_id, title)
        except SidechainError as error:
            if isinstance(error, RelayRefused) and error.status == GONE:
                return  # no post has the old title
            error.message = f"The take has its new title, its post still the old one: {error.message}"
            raise

    async def listed(self, *, ended: bool, limit: int) -> list[outbox.Entry]:
        """The newest `limit`, oldest first. ended: also what was accepted or discarded."""
        entries = await self._store.run(Store.entries)
        return [e for e in entries if ended or e.state not in ENDED][-limit:]

    async def retry(self, prefix: str) -> list[outbox.Entry]:
        """Try again now: "all" that have not ended, or one by its id, also after it was discarded."""
        entries = await self._store.run(Store.entries)
        if prefix == ALL:
            after = [await self._retried(e) for e in entries if e.state not in ENDED]
        else:
            after = [await self._entries.retry(await self._only(entries, prefix))]
        for entry in after:
            self._tell(entry)
        if self._uploader:
            self._uploader.relay_back()
        return after

    async def discard(self, prefix: str) -> outbox.Entry:
        """Do not post it; the Take stays. Raises SidechainError while it is uploaded, and once it has arrived."""
        entry = await self._only(await self._store.run(Store.entries), prefix)
        after = await self._entries.discard(entry)
        self._tell(after)
        return after

    async def undo(self, prefix: str) -> outbox.Entry:
        """Take back what was posted, while nothing of it has left; "": the newest that is held. Raises UsageError, NothingThere."""
        entries = await self._store.run(Store.entries)
        held = [entry for entry in entries if entry.state is outbox.State.HELD]
        if not prefix and not held:
            raise NothingThere(
                "Nothing is held just now: what was posted has gone, or waits for the relay.",
                "`sidechain outbox` lists what can still be taken back: `sidechain outbox discard`.",
            )
        after = await self._entries.discard(await self._only(entries, prefix) if prefix else held[-1])
        self._tell(after)
        return after

    async def _retried(self, entry: outbox.Entry) -> outbox.Entry:
        try:
            return await self._entries.retry(entry)
        except TakeGone:  # it stays halted, and holds up no other
            return entry

    def _tell(self, entry: outbox.Entry) -> None:
        self._bus.tell(EntryChanged(entry=entry))
        if entry.state in MAY_BE_TO_RENDER:
            self._bus.tell(TakeReset(take_id=entry.take_id))

    async def _only(self, entries: list[outbox.Entry], said: str) -> outbox.Entry:
        """By the start of its id, or of its take's, or by what it is called. Raises UsageError."""
        names = await self._takes.names(entry.take_id for entry in entries)
        found = meant(
            said,
            entries,
            ids=lambda entry: (entry.entry_id, entry.take_id),
            name=lambda entry: entry.title or names.get(entry.take_id, ""),
        )
        if len(found) != 1:
            many = "No entry has" if not found else "Several entries have"
            raise UsageError(
                f"{many} an id that starts with {said!r}, or that name.",
                "`sidechain outbox --all` lists them.",
            )
        return found[0]
