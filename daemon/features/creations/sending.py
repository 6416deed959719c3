"""Loops, songs, patterns and machines on their way to the relay: sent now, or when it can be reached, each change once.

Only what somebody has pushed is sent, and from then on what is changed of it. What is to be sent stands in the library before the
relay is asked (daemon.core.creations), so it goes on where it was, whatever ended in between.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from daemon.core.creations import Creation, at_relay, for_relay, is_same, only_here, step_of
from daemon.core.link_signals import LinkState
from daemon.core.scores import loops_named, read_text, text_of
from daemon.errors import KeyringUnavailable, NotClaimed, Offline, RelayRefused
from daemon.events import AccountChanged, Bus, CreationChanged, LinkChanged
from daemon.features.creations.storage import Held, Storage
from daemon.library.creations import Creations

log = logging.getLogger(__name__)

RETRY_S = 30.0  # while the link is up and the relay does not answer
MAX_RETRY_S = 600.0
GONE = ("not_found", "gone")


class Sending:
    """account: whose relay `there` is, None: nobody's now. All methods are [loop]."""

    def __init__(
        self, account: Callable[[], str | None], library: Creations, there: Storage, bus: Bus
    ) -> None:
        self._account = account
        self._library = library
        self._there = there
        self._news = asyncio.Event()
        self._sending = asyncio.Lock()
        bus.on(CreationChanged, lambda _: self._news.set())
        bus.on(AccountChanged, lambda _: self._news.set())
        bus.on(LinkChanged, self._link_changed)

    def _link_changed(self, event: LinkChanged) -> None:
        if event.state is LinkState.ONLINE:
            self._news.set()

    def require_account(self) -> str:
        """Raises NotClaimed."""
        name = self._account()
        if name is None:
            raise NotClaimed("This device belongs to no account.", "Run `sidechain claim`.")
        return name

    async def push(self, kind: str, said: str, *, force: bool) -> Creation:
        """It, and the loops that it is made of, are at the relay from now on: at once, or when the relay can be reached.

        force: over what was saved there meanwhile. Raises UsageError, RelayRefused, NotClaimed, NoSpace, LibraryStuck.
        """
        name = self.require_account()
        creation = await self._library.find(kind, said)
        every = [*await self._loops_of(creation), creation]
        if force and creation.relay_id is not None and creation.account == name:
            with contextlib.suppress(Offline):
                await self._take_version(creation)
        with contextlib.suppress(Offline):
            await self.push_all(name, every)
        return await self._library.find(kind, creation.creation_id)

    async def push_all(self, name: str, creations: Iterable[Creation]) -> list[Creation]:
        """In the name of an account; what of it was sent. Raises Offline, NotClaimed: what is left waits."""
        async with self._sending:
            ids = [each.creation_id for each in creations]
            for each in ids:
                await self._library.change(each, lambda creation: _marked(creation, name))
            waiting = await self._library.waiting(self.require_account())
            return await self._send_all([each for each in waiting if each.creation_id in ids])

    async def send(self) -> list[Creation]:
        """What waits; what of it was sent. Raises Offline, NotClaimed: what is left waits on."""
        async with self._sending:
            return await self._send_all(await self._library.waiting(self.require_account()))

    async def _send_all(self, waiting: list[Creation]) -> list[Creation]:
        return [sent for each in waiting if (sent := await self._send(each))]

    async def run(self) -> None:
        """For ever: what waits is sent when the relay can be reached."""
        while True:
            self._news.clear()
            pause_s: float | None = None
            try:
                if self._account() is not None:
                    await self.send()
            except Offline as error:
                log.info("what is to be sent of loops, songs, patterns and machines waits: %s", error)
                pause_s = min(error.retry_after_s or RETRY_S, MAX_RETRY_S)
            except (NotClaimed, KeyringUnavailable) as error:
                log.info("what is to be sent of loops, songs, patterns and machines waits: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._news.wait()

    async def _send(self, creation: Creation) -> Creation | None:
        """All that is to be sent of one. None: nothing was. Raises Offline, NotClaimed."""
        sent = None
        while creation.waits:
            ids = await self._ids(creation.account or "")
            step = step_of(creation, ids)
            if step == "nothing":
                creation = await self._rest(creation, ids)
                continue
            if step != "delete" and (missing := await self._missing_loop(creation, ids)):
                await self._stop(creation, f"Its loop “{missing}” is not at the relay: look at that first.")
                return None
            try:
                if step == "delete":
                    await self._delete(creation)
                    return await self._library.change(creation.creation_id, only_here)
                creation = await (self._make if step == "make" else self._save)(creation, ids)
            except RelayRefused as error:
                await self._refuse(creation, error)
                return None
            sent = None if creation.trouble else creation
        return sent

    async def _missing_loop(self, creation: Creation, ids: dict[str, str]) -> str | None:
        """The name of one that is in the library and not at the relay."""
        loops = await self._loops_of(creation)
        return next((each.name for each in loops if each.creation_id not in ids), None)

    async def _rest(self, creation: Creation, ids: dict[str, str]) -> Creation:
        """There is nothing more to send, unless it was changed meanwhile."""
        return await self._library.change(creation.creation_id, lambda one: _rested(one, ids))

    async def _stop(self, creation: Creation, why: str) -> None:
        """Not tried again by itself."""
        await self._library.change(creation.creation_id, lambda one: replace(one, waits=False, trouble=why))

    async def _refuse(self, creation: Creation, error: RelayRefused) -> None:
        await self._library.change(creation.creation_id, lambda one: _refused(one, error))

    async def _make(self, creation: Creation, ids: dict[str, str]) -> Creation:
        """What is asked for is noted before, and asked again as it was."""
        making = creation.making or for_relay(creation.score, ids)
        await self._library.change(creation.creation_id, lambda one: replace(one, making=making))
        made = await self._there.make(creation.creation_id, read_text(making))
        return await self._arrived(creation, made, making, ids)

    async def _save(self, creation: Creation, ids: dict[str, str]) -> Creation:
        assert creation.relay_id is not None and creation.relay_version is not None
        text = for_relay(creation.score, ids)
        try:
            saved = await self._there.save(creation.relay_id, read_text(text), creation.relay_version)
        except RelayRefused as error:
            if error.code != "version_conflict":
                raise
            saved = await self._there.read(creation.relay_id)
            if saved.score is None or not is_same(text_of(saved.score), text):
                return await self._library.change(
                    creation.creation_id, lambda one: _in_conflict(one, saved.version)
                )
        return await self._arrived(creation, saved, text, ids)

    async def _arrived(self, creation: Creation, held: Held, text: str, ids: dict[str, str]) -> Creation:
        return await self._library.change(
            creation.creation_id, lambda one: at_relay(one, held.id, held.version, text, ids)
        )

    async def _delete(self, creation: Creation) -> None:
        assert creation.relay_id is not None
        try:
            await self._there.delete(creation.relay_id)
        except RelayRefused as error:
            if error.code not in GONE:
                raise

    async def _take_version(self, creation: Creation) -> None:
        """What was saved there meanwhile is what this is saved over."""
        assert creation.relay_id is not None
        theirs = await self._there.read(creation.relay_id)
        await self._library.change(
            creation.creation_id, lambda one: replace(one, relay_version=theirs.version)
        )

    async def _loops_of(self, creation: Creation) -> list[Creation]:
        """Of the library, that a song names."""
        named = [await self._library.get(each) for each in loops_named(read_text(creation.score))]
        return [each for each in named if each is not None]

    async def _ids(self, account: str) -> dict[str, str]:
        """What the relay calls those of here."""
        every = await self._library.of_account(account)
        return {each.creation_id: each.relay_id for each in every if each.relay_id}


def _marked(creation: Creation, name: str) -> Creation:
    """Of another account, it becomes a new one of this account's."""
    own = creation if creation.account in (None, name) else only_here(creation)
    return replace(own, account=name, waits=True, trouble="")


def _rested(creation: Creation, ids: dict[str, str]) -> Creation:
    return creation if step_of(creation, ids) != "nothing" else replace(creation, waits=False)


def _refused(creation: Creation, error: RelayRefused) -> Creation:
    """Not tried again by itself."""
    if error.code in GONE:
        lost = only_here(creation)
        return replace(
            lost, trouble="It was deleted at the relay, and is only here now; `push` makes it anew."
        )
    return replace(creation, making=None, waits=False, trouble=f"The relay refused it: {error}"[:500])


def _in_conflict(creation: Creation, version: int) -> Creation:
    kinds = f"{creation.kind}s"
    said = (
        f"At the relay it was saved meanwhile (version {version}; this was made from {creation.relay_version})."
        f" `sidechain {kinds} push --force` puts yours over it, `sidechain {kinds} pull --force` takes that one and keeps yours as a copy."
    )
    return replace(creation, waits=False, trouble=said)
