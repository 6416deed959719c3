"""Entries of Takes as a person asks for them: post, try again, undo, take back. One at a time, or two would write two ids.

The file beside the sound is written before the row: a library that has to be rebuilt must not forget what was asked.
What happens to an Entry afterwards is daemon.core.outbox's and the uploader's.
"""

import asyncio
import contextlib
import os
import time

from daemon.config import Config
from daemon.core import outbox
from daemon.errors import SidechainError, TakeGone
from daemon.events import Bus, SettingsChanged
from daemon.library import sidecars
from daemon.library.rows import TakeRow
from daemon.library.store import Store
from daemon.system.clock import steady_unix_us, unix_us
from relay.wire.ids import uuid7
from relay.wire.rest import ShownTo

HALTED = (outbox.State.QUARANTINED, outbox.State.NEEDS_ATTENTION, outbox.State.DISCARDED)

_AT_ONCE = outbox.Retried()


class Entries:
    """All methods are [loop]. changing: held by whoever decides about an Entry, also when it sets out: what was undone in the same moment stays here."""

    def __init__(self, config: Config, store: Store, bus: Bus) -> None:
        self._config = config
        self._store = store
        self._folder = config.takes
        self.changing = asyncio.Lock()
        bus.on(SettingsChanged, self._settings_changed)

    def _settings_changed(self, event: SettingsChanged) -> None:
        self._config = event.config

    async def post(
        self, take: TakeRow, title: str, account: str | None, visibility: ShownTo | None = None
    ) -> outbox.Entry:
        """The Take's Entry, made or, if it came to a halt, asked for again; with `title` and `visibility`, if given.

        Raises NoSpace, LibraryStuck, and SidechainError for another title or visibility than that which is on its way.
        """
        async with self.changing:
            entry = await self._store.run(Store.entry_of, take.take_id)
            if entry is None:
                shown_to = visibility or self._config.shown_to
                entry = new_entry(take, title, account, hold_us=self._config.hold_us, visibility=shown_to)
                await asyncio.to_thread(sidecars.write_entry, self._folder, entry)
                try:
                    return await self._store.run(Store.add_entry, entry)
                except SidechainError:
                    await asyncio.to_thread(sidecars.remove_entry, self._folder, take.take_id)
                    raise
            entry = await self._titled(entry, title)
            if visibility is None and entry.state is outbox.State.DISCARDED:  # it is posted anew
                entry = await self._changed(entry, outbox.Shown(visibility=self._config.shown_to))
            entry = await self._shown(entry, visibility)
            if entry.state is outbox.State.DISCARDED and self._config.hold_us:
                return await self._ask_again(
                    take, entry, outbox.Held(until_us=steady_unix_us() + self._config.hold_us)
                )
            return await self._ask_again(take, entry) if entry.state in HALTED else entry

    async def rename(self, take_id: str, title: str) -> outbox.Entry | None:
        """The title of the Take's Entry, if it has one that did not set out yet: what was typed last goes out."""
        async with self.changing:
            entry = await self._store.run(Store.entry_of, take_id)
            if entry is None or outbox.Titled not in outbox.TRANSITIONS[entry.state]:
                return None
            return await self._titled(entry, title)

    async def _titled(self, entry: outbox.Entry, title: str) -> outbox.Entry:
        if title in ("", entry.title):
            return entry
        if outbox.Titled not in outbox.TRANSITIONS[entry.state]:
            raise SidechainError(
                f"It is {entry.state} as “{entry.title or 'untitled'}”, so the new title does not go out with it.",
                "`sidechain posts edit` changes the post."
                if entry.state is outbox.State.ACCEPTED
                else "Try again in a moment.",
                code="busy",
            )
        return await self._changed(entry, outbox.Titled(title=title))

    async def _shown(self, entry: outbox.Entry, visibility: ShownTo | None) -> outbox.Entry:
        if visibility in (None, entry.visibility):
            return entry
        if outbox.Shown not in outbox.TRANSITIONS[entry.state]:
            raise SidechainError(
                f"It is {entry.state} as {entry.visibility or 'your account says'}.",
                f"`sidechain posts visibility ID {visibility}` changes it, once it is out.",
                code="busy",
            )
        return await self._changed(entry, outbox.Shown(visibility=visibility))

    async def release(self, entry: outbox.Entry) -> outbox.Entry | None:
        """The time in which a held Entry could be undone is over; None: it is not held any more."""
        async with self.changing:
            current = await self._store.run(Store.entry_of, entry.take_id)
            if current is None or current.state is not outbox.State.HELD:
                return None
            return await self._store.run(
                Store.take_event, current.entry_id, outbox.Released(), steady_unix_us()
            )

    async def retry(self, entry: outbox.Entry) -> outbox.Entry:
        """Ask for an Entry again; one that is under way already is left as it is. Raises TakeGone, NoSpace."""
        async with self.changing:
            takes = await self._store.run(Store.find_take, entry.take_id)
            current = await self._store.run(Store.entry_of, entry.take_id)  # it may have set out since
            if not takes or current is None or outbox.Retried not in outbox.TRANSITIONS[current.state]:
                return current or entry
            return await self._ask_again(takes[0], current)

    async def _ask_again(
        self, take: TakeRow, entry: outbox.Entry, event: outbox.Retried | outbox.Held = _AT_ONCE
    ) -> outbox.Entry:
        asked = outbox.apply(entry, event, now_us=0, jitter=0.0)
        await asyncio.to_thread(
            sidecars.write_entry, self._folder, asked
        )  # of a Take that is gone nothing is asked
        if take.state == "failed":  # a person asks: three more tries for the pipeline
            await self._store.run(Store.retry_take, take.take_id)
        return await self._changed(entry, event)

    async def _changed(self, entry: outbox.Entry, event: outbox.Event) -> outbox.Entry:
        """File first, row second."""
        after = outbox.apply(entry, event, now_us=0, jitter=0.0)
        await asyncio.to_thread(sidecars.write_entry, self._folder, after)
        return await self._store.run(Store.take_event, entry.entry_id, event)

    async def discard(self, entry: outbox.Entry) -> outbox.Entry:
        """Take an Entry back; its Take stays. Raises SidechainError while it is being uploaded, or has arrived."""
        async with self.changing:
            current = await self._store.run(Store.entry_of, entry.take_id)
            if current is None or outbox.Discarded not in outbox.TRANSITIONS[current.state]:
                state = current.state if current else "gone"
                raise SidechainError(
                    f"Entry {entry.entry_id[:12]} is {state} and cannot be taken back.",
                    "`sidechain posts delete` takes the post away."
                    if state == "accepted"
                    else "Try again in a moment.",
                    code="busy",
                )
            after = outbox.apply(current, outbox.Discarded(), now_us=0, jitter=0.0)
            with contextlib.suppress(TakeGone):  # then there is no file that could bring it back
                await asyncio.to_thread(sidecars.write_entry, self._folder, after)
            return await self._store.run(Store.take_event, current.entry_id, outbox.Discarded())


def new_entry(
    take: TakeRow, title: str, account: str | None, *, hold_us: int = 0, visibility: ShownTo | None = None
) -> outbox.Entry:
    """A fresh Entry for a Take, held for so long; the store lets it go when the lossless copy is there."""
    return outbox.Entry(
        entry_id=uuid7(time.time_ns() // 1_000_000, os.urandom(10)),
        take_id=take.take_id,
        account=account,
        title=title or take.title,
        visibility=visibility,
        created_us=unix_us(),
        state=outbox.State.HELD if hold_us else outbox.State.WAITING,
        held_until_us=steady_unix_us() + hold_us if hold_us else None,
    )


def held_ms(entry: outbox.Entry | None) -> int:
    """As `held_s`, in whole milliseconds; 0 when there is nothing to undo. [any]"""
    return round(1000 * (held_s(entry) or 0.0)) if entry else 0


def held_s(entry: outbox.Entry) -> float | None:
    """How long, from now on, its post can be undone; None when it is not held. [any]"""
    left_us = outbox.held_left_us(entry, steady_unix_us())
    return None if left_us is None else left_us / 1e6
