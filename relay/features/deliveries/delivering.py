"""Deliveries, made of new notifications and carried out: taken with a lease, attempts counted before the work, tried again later
and later, given up in the end. Each process of the relay does; who has a lease has it alone.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress

from relay.engine.clock import new_id, now_us
from relay.engine.database import Database, DatabaseBusy, Tx
from relay.features.deliveries import choices, store
from relay.features.deliveries.choices import Browser, Webhook
from relay.features.deliveries.parcels import Later, Nothing, NotificationsOf, Parcel, parcel_of
from relay.features.deliveries.queueing import queue
from relay.features.deliveries.rules import MAX_FAILURES, Channel, retry_us
from relay.features.deliveries.store import Row
from relay.features.deliveries.ways import Outcome, Ways
from relay.features.notifications.api import any_unqueued

log = logging.getLogger("relay")

AT_ONCE = 8
"""Of one process: a receiver that is slow keeps few waiting, and none but its own account's by the same way."""
LOOK_S = 10.0
CLOSING_S = 5.0
"""What is being sent when the process ends may come to its end."""
SwitchedOff = Callable[[str, str, str], None]
"""Tells an account that one of its webhooks, by its address, is called no more, and why."""
Around = Callable[[Row], AbstractContextManager[object]]


class Delivering:
    """around: what each attempt happens within. [loop]"""

    def __init__(
        self,
        db: Database,
        ways: Ways,
        told: NotificationsOf,
        switched_off: SwitchedOff,
        around: Around = nullcontext,
    ) -> None:
        self._db = db
        self._ways = ways
        self._told = told
        self._switched_off = switched_off
        self._around = around
        self._wake = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """There may be something to take to somebody."""
        self._wake.set()

    async def run(self) -> None:
        """For ever. One task of the process does."""
        try:
            while True:
                self._wake.clear()
                wait_s = LOOK_S
                try:
                    wait_s = await self._go_round()
                except DatabaseBusy as error:
                    log.warning("deliveries wait for the database: %s", error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._wake.wait()
        finally:
            await self._close()

    async def forget_old(self) -> None:
        await self._db.write(lambda tx: store.forget(tx, now_us()))

    async def _go_round(self) -> float:
        """What is new is queued, what is due begun. How long nothing is to be done. Raises DatabaseBusy."""
        while await self._db.read(any_unqueued):
            await self._db.write(lambda tx: queue(tx, self._ways.sends_mail, self._ways.push_key, now_us()))
        due_us = await self._db.read(store.next_due_us)
        while due_us is not None and due_us <= now_us() and len(self._sending) < AT_ONCE:
            holder = new_id()
            row = await self._db.write(lambda tx: store.take(tx, holder, now_us()))  # noqa: B023 (awaited)
            if row is None:  # others of the same account and channel are being sent
                return LOOK_S
            task = asyncio.create_task(self._attempt(row, holder))
            self._sending.add(task)
            task.add_done_callback(self._done)
            due_us = await self._db.read(store.next_due_us)
        if due_us is None or due_us <= now_us():
            return LOOK_S
        return min(LOOK_S, max(0.01, (due_us - now_us()) / 1e6))

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._sending.discard(task)
        self._wake.set()

    async def _close(self) -> None:
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=CLOSING_S)
            for task in late:  # its lease runs out, and it is taken again
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _attempt(self, row: Row, holder: str) -> None:
        with self._around(row):
            await self._carry_out(row, holder)

    async def _carry_out(self, row: Row, holder: str) -> None:
        """A fault of ours counts as a try that failed."""
        try:
            found = await self._db.read(lambda db: parcel_of(db, row, self._told, now_us()))
            match found:
                case Later(at_us):
                    await self._db.write(lambda tx: store.put_off(tx, row, holder, at_us))
                case Nothing():
                    await self._db.write(lambda tx: store.settle(tx, row, holder, "withdrawn", now_us()))
                case Parcel():
                    await self._settle(found, holder, await self._send(found))
        except DatabaseBusy as error:  # its lease runs out, and it is taken again
            log.warning("a delivery could not be ended: %s", error)
        except Exception as error:
            log.error("delivery %s failed: %r", row.id, error, exc_info=error)
            with suppress(DatabaseBusy):
                failed = Outcome(error="The relay could not do this; it has been noted.")
                await self._db.write(lambda tx: _end(tx, row, holder, failed))

    async def _send(self, parcel: Parcel) -> Outcome:
        secret = ""
        if parcel.row.channel is Channel.MAIL:
            secret = await self._db.write(lambda tx: choices.stop_secret(tx, parcel.row.account_id))
        return await self._ways.send(parcel, secret)

    async def _settle(self, parcel: Parcel, holder: str, outcome: Outcome) -> None:
        row, target = parcel.row, parcel.target
        if outcome.error is not None:
            log.info("delivery %s by %s failed: %s", row.id, row.channel.value, outcome.error)

        def work(tx: Tx) -> str:
            if not _end(tx, row, holder, outcome):
                return ""
            if outcome.is_gone and isinstance(target, Browser):
                choices.remove_browser(tx, target.id)
                store.give_up_all(tx, row.account_id, row.channel, target.id, str(outcome.error), now_us())
            return _count(tx, row, target, outcome) if isinstance(target, Webhook) else ""

        why = await self._db.write(work)
        if why and isinstance(target, Webhook):
            self._switched_off(row.account_id, target.url, why)


def _end(tx: Tx, row: Row, holder: str, outcome: Outcome) -> bool:
    """Whether it was still this holder's. [writer]"""
    if outcome.error is None:
        return store.settle(tx, row, holder, "sent", now_us())
    at_us = None if outcome.is_final else retry_us(row.attempts, outcome.retry_after_s, now_us())
    if at_us is None:
        return store.settle(tx, row, holder, "given_up", now_us(), outcome.error)
    return store.again(tx, row, holder, at_us, outcome.error)


def _count(tx: Tx, row: Row, hook: Webhook, outcome: Outcome) -> str:
    """Why a webhook is called no more; "" while it is. [writer]"""
    if outcome.error is None:
        if hook.failures:
            choices.count_call(tx, hook.id, failed=False)
        return ""
    failures = choices.count_call(tx, hook.id, failed=True)
    if failures < MAX_FAILURES:
        return ""
    why = f"It failed {failures} times in a row. The last time: {outcome.error}"
    choices.switch_off(tx, hook.id, why, now_us())
    store.give_up_all(tx, row.account_id, row.channel, hook.id, "This webhook was switched off.", now_us())
    return why
