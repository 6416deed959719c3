"""One account that has much made, and everybody else: nobody waits for it."""

import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Database, Tx, open_database
from relay.engine.jobs import table
from relay.engine.jobs.table import JobChanged, JobReady
from relay.features.accounts.api import ensure_account
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, running_relay

RATE_HZ = 48_000
LONG_S = 580
BOMBS = 4


def silence(folder: Path) -> bytes:
    """Almost ten minutes in a few hundred KB."""
    path = folder / "silence.ogg"
    with soundfile.SoundFile(path, "w", RATE_HZ, 2, format="OGG", subtype="OPUS") as file:
        for _ in range(LONG_S):
            file.write(np.zeros((RATE_HZ, 2), np.float32))
    return path.read_bytes()


@pytest.mark.slow
def test_four_long_silences_of_one_account_do_not_hold_up_a_stranger(tmp_path: Path) -> None:
    bomb = silence(tmp_path)
    assert len(bomb) < 1 << 20
    with running_relay(tmp_path / "data") as relay:
        greedy, stranger = RelayClient(relay.url), RelayClient(relay.url)
        greedy.sign_in("greedy")
        stranger.sign_in("stranger")
        greedy.http.timeout = httpx.Timeout(300)
        ended: list[int] = []

        def throw(number: int) -> None:
            with suppress(httpx.TransportError):  # the relay is killed at the end
                answer = greedy.upload(bomb + bytes(number))
                ended.append(answer.status_code)

        throwing = [threading.Thread(target=throw, args=(number,)) for number in range(BOMBS)]
        for each in throwing:
            each.start()
        while jobs_of(relay) < BOMBS:
            pass
        began_s = time.monotonic()
        stranger.post(short_flac())
        print(f"the stranger waited {time.monotonic() - began_s:.1f} s")
        ended_before = len(ended)
        relay.kill()
        for each in throwing:
            each.join()
        greedy.close()
        stranger.close()
    assert ended_before <= 1, "it was made before the second of them"


# the budget, on both engines ----------------------------------------------------------------------------------


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    opened = open_database(
        database_url, effects=JobReady | JobChanged, on_commit=lambda _, __: None, on_lost=lambda _: None
    )
    yield opened
    await opened.close()


GIVEN_UP = {"k": lambda _, __: None}


async def work_for(db: Database, account_id: str, seconds: int, *, ended: str) -> bool:
    """One job of an account, as if it had taken so long; whether the account got its turn."""

    def take(tx: Tx) -> bool:
        job_id = table.enqueue(tx, kind="k", account_id=account_id, data=1)
        job = table.claim(tx, "h", GIVEN_UP)
        if job is None:
            table.cancel(tx, job_id, account_id, GIVEN_UP)
            return False
        assert job.account_id == account_id
        tx.db.execute(
            "UPDATE job_turn SET at_us = ? WHERE account_id = ?", (now_us() - seconds * 1_000_000, account_id)
        )
        match ended:
            case "done":
                table.finish(tx, job, "h")
            case "cancelled":
                table.cancel(tx, job_id, account_id, GIVEN_UP)
            case "refused":
                table.refuse(tx, job, "h", Refusal("audio_refused", "It is."))
            case _:
                table.fail(tx, job, "h", "a fault")
                table.cancel(tx, job_id, account_id, GIVEN_UP)
        return True

    return await db.write(take)


@pytest.mark.parametrize("ended", ["done", "cancelled", "refused", "failed"])
async def test_an_account_has_a_budget_of_work_and_then_waits(db: Database, ended: str) -> None:
    greedy, stranger = [
        await db.write(lambda tx, name=name: ensure_account(tx, name, 0)) for name in ("greedy", "stranger")
    ]
    budget_s = table.BUDGET_US // 1_000_000
    for _ in range(3):  # within it, as it likes
        assert await work_for(db, greedy, budget_s // 4, ended=ended)
    assert await work_for(db, greedy, budget_s, ended=ended), "what has begun is not broken off"
    assert not await work_for(db, greedy, 1, ended=ended)
    assert await work_for(db, stranger, 1, ended=ended)

    def later(tx: Tx) -> None:
        back_us = table.BUDGET_US * table.BUDGET_SHARE  # as if so much time had gone by
        tx.db.execute("UPDATE job_turn SET free_us = free_us - ?", (back_us,))

    await db.write(later)
    assert await work_for(db, greedy, 1, ended=ended)


def jobs_of(relay: RelayProcess) -> int:
    with closing(sqlite3.connect(f"file:{relay.data / 'relay.db'}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM job").fetchone()[0])
