"""The tables job and job_turn.

ready ──taken──► running ──► done | failed (a refusal: trying again would not help) | cancelled
  ▲                 │
  └──fault, lost────┴──after MAX_ATTEMPTS──► quarantined
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from relay.core.cursor import Cursor
from relay.core.refusal import Code, Refusal
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Effect, Tx

MAX_ATTEMPTS = 3
LEASE_US = 30_000_000
"""A worker that has not been heard of for so long has died, or hangs: its job is taken by another."""
RETRY_US = 5_000_000
"""After the first fault; doubled after each."""
AWAY_US = 5_000_000
"""So long a job waits for a store that is away; that is none of its attempts."""
BUDGET_US, BUDGET_SHARE = 600_000_000, 6
"""So much work is done for one account at once; from then on, a sixth of the time. Who needs more waits."""
MAX_OPEN_OF_ACCOUNT = 40
MAX_OPEN = 2_000
"""Jobs that wait or run, of all accounts; then the relay says that it is busy."""
REMEMBERED_US = 7 * 24 * 3600 * 1_000_000
BUSY_RETRY_S = 60
MAX_ERROR_CHARS = 1000
_COLUMNS = (
    "id, kind, account_id, state, attempts, stage, fraction, error_code, error, created_us, ended_us, data"
)


class JobReady(Effect, frozen=True, kw_only=True, tag="job_ready"):
    """There is work; whichever worker is free takes it."""


class JobChanged(Effect, frozen=True, kw_only=True, tag="job_changed"):
    """A job has ended, or is to end: state says which."""

    job_id: str
    account_id: str
    state: str
    kind: str


class Job(Struct, frozen=True, kw_only=True):
    """stage, fraction: how far it is, 0..1. error_code, error: of a refusal, or of the last fault."""

    id: str
    kind: str
    account_id: str
    state: str
    attempts: int
    stage: str
    fraction: float
    error_code: str | None
    error: str | None
    created_us: int
    ended_us: int | None
    data: str


GivenUp = Callable[[Tx, Job], None]
"""What else ends with a job that came to nothing. [writer]"""


class LeaseLost(Exception):
    """Another worker has the job, or nobody is to have it: what this one did counts for nothing."""


def enqueue(tx: Tx, *, kind: str, account_id: str, data: object) -> str:
    """The id of a new job. Raises Refusal: busy. [writer]"""
    mine, all_of_them = (
        tx.db.execute(f"SELECT count(*) FROM job WHERE state IN ('ready', 'running'){of}", values).fetchone()[
            0
        ]
        for of, values in ((" AND account_id = ?", (account_id,)), ("", ()))
    )
    if mine >= MAX_OPEN_OF_ACCOUNT or all_of_them >= MAX_OPEN:
        whose = "you" if mine >= MAX_OPEN_OF_ACCOUNT else "the relay"
        raise Refusal(
            "busy",
            f"Too much of {whose} is still being made.",
            "Try again later.",
            retry_after_s=BUSY_RETRY_S,
        )
    job_id, now = new_id(), now_us()
    tx.db.execute(
        "INSERT INTO job (id, kind, account_id, state, due_us, created_us, data) VALUES (?, ?, ?, 'ready', ?, ?, ?)",
        (job_id, kind, account_id, now, now, msgspec.json.encode(data).decode()),
    )
    tx.effects.append(JobReady(commit=tx.commit))
    return job_id


def claim(tx: Tx, holder: str, on_given_up: Mapping[str, GivenUp]) -> Job | None:
    """The next job of the kinds of on_given_up, for this worker; None: there is none now. [writer]

    Of an account that has none running and is within its budget, whose turn was longest ago. One whose worker fell silent is taken again, or set
    aside after MAX_ATTEMPTS.
    """
    while True:
        job = _next(tx, holder, sorted(on_given_up))
        if job is None or job.state == "running":
            return job
        on_given_up[job.kind](tx, job)
        tx.effects.append(_changed(tx, job, "quarantined"))


def _next(tx: Tx, holder: str, kinds: list[str]) -> Job | None:
    now = now_us()
    marks = ", ".join(f":kind{index}" for index in range(len(kinds)))
    row = tx.db.execute(
        "UPDATE job SET attempts = attempts + 1, started_us = coalesce(started_us, :now),"
        " state = CASE WHEN attempts >= :most THEN 'quarantined' ELSE 'running' END,"
        " holder = CASE WHEN attempts >= :most THEN NULL ELSE :holder END,"
        " ended_us = CASE WHEN attempts >= :most THEN :now ELSE NULL END,"
        " error = CASE WHEN attempts >= :most THEN coalesce(error, 'Its worker died.') ELSE error END,"
        " due_us = :lease WHERE id = (SELECT j.id FROM job AS j LEFT JOIN job_turn AS t ON t.account_id = j.account_id"
        f"  WHERE j.state IN ('ready', 'running') AND j.due_us <= :now AND j.kind IN ({marks})"
        "   AND (SELECT 1 FROM job AS r WHERE r.account_id = j.account_id AND r.state = 'running' AND r.due_us > :now"
        "     LIMIT 1) IS NULL AND coalesce(t.free_us, 0) <= :now"
        f"  ORDER BY coalesce(t.at_us, 0), j.due_us, j.id LIMIT 1) RETURNING {_COLUMNS}",
        {
            "now": now,
            "most": MAX_ATTEMPTS,
            "holder": holder,
            "lease": now + LEASE_US,
            **{f"kind{index}": kind for index, kind in enumerate(kinds)},
        },
    ).fetchone()
    if row is None:
        return None
    job = _job(row)
    tx.db.execute(
        "INSERT INTO job_turn (account_id, at_us) VALUES (?, ?)"
        " ON CONFLICT (account_id) DO UPDATE SET at_us = excluded.at_us",
        (job.account_id, now),
    )
    return job


def renew(tx: Tx, job_id: str, holder: str, stage: str, fraction: float) -> bool:
    """Go on having it, and say how far it is; whether it is still this worker's. [writer, apart]"""
    kept = tx.db.execute(
        "UPDATE job SET due_us = ?, stage = ?, fraction = ? WHERE id = ? AND holder = ? AND state = 'running' RETURNING 1",
        (now_us() + LEASE_US, stage, fraction, job_id, holder),
    )
    return kept.fetchone() is not None


def finish(tx: Tx, job: Job, holder: str) -> None:
    """It is done, in the transaction of what it was for: exactly once. Raises LeaseLost. [writer]"""
    _end(tx, job, holder, "done", None, None)


def hand_over(tx: Tx, from_id: str, to_id: str) -> None:
    """What was asked for by one account is another's. [writer]"""
    tx.db.execute("UPDATE job SET account_id = ? WHERE account_id = ?", (to_id, from_id))


def refuse(tx: Tx, job: Job, holder: str, refusal: Refusal) -> None:
    """It cannot be done, however often it is tried. Raises LeaseLost. [writer]"""
    _end(tx, job, holder, "failed", refusal.code, str(refusal))


def fail(tx: Tx, job: Job, holder: str, error: str) -> bool:
    """A fault that may be none of the job's: again later, or set aside after MAX_ATTEMPTS (True). [writer]

    Raises LeaseLost.
    """
    if job.attempts >= MAX_ATTEMPTS:
        _end(tx, job, holder, "quarantined", "internal", error)
        return True
    kept = tx.db.execute(
        "UPDATE job SET state = 'ready', holder = NULL, due_us = ?, error = ?, stage = '', fraction = 0"
        " WHERE id = ? AND holder = ? AND state = 'running' RETURNING 1",
        (now_us() + (RETRY_US << (job.attempts - 1)), error[:MAX_ERROR_CHARS], job.id, holder),
    )
    if kept.fetchone() is None:
        raise LeaseLost
    _charge(tx, job.account_id)
    return False


def give_back(tx: Tx, job: Job, holder: str, later_us: int = 0) -> None:
    """As if it had not been taken: the process ends before the job did, or what it needs is away for a while. [writer]"""
    tx.db.execute(
        "UPDATE job SET state = 'ready', holder = NULL, due_us = ?, attempts = attempts - 1"
        " WHERE id = ? AND holder = ? AND state = 'running'",
        (now_us() + later_us, job.id, holder),
    )
    tx.effects.append(JobReady(commit=tx.commit))


def cancel(tx: Tx, job_id: str, account_id: str, on_given_up: Mapping[str, GivenUp]) -> bool:
    """Nobody wants it any more; whether it was open. A worker that has it is told by the commit, or its lease. [writer]"""
    held = tx.db.execute(
        "SELECT 1 FROM job WHERE id = ? AND account_id = ? AND state = 'running'", (job_id, account_id)
    )
    if held.fetchone() is not None:
        _charge(tx, account_id)
    row = tx.db.execute(
        "UPDATE job SET state = 'cancelled', holder = NULL, ended_us = ?"
        f" WHERE id = ? AND account_id = ? AND state IN ('ready', 'running') RETURNING {_COLUMNS}",
        (now_us(), job_id, account_id),
    ).fetchone()
    if row is None:
        return False
    job = _job(row)
    on_given_up[job.kind](tx, job)
    tx.effects.append(_changed(tx, job, "cancelled"))
    tx.effects.append(JobReady(commit=tx.commit))  # the account's next one may run now
    return True


def cancel_all(tx: Tx) -> None:
    """Every open one: what they work on is not here. [writer]"""
    tx.db.execute(
        "UPDATE job SET state = 'cancelled', holder = NULL, ended_us = ? WHERE state IN ('ready', 'running')",
        (now_us(),),
    )


def end_leases(tx: Tx) -> None:
    """Whoever had a job has died, and that is known: none waits until its lease has run out. [writer]"""
    tx.db.execute("UPDATE job SET due_us = ? WHERE state = 'running'", (now_us(),))


def find(db: Connection, job_id: str) -> Job | None:
    """[any thread with a snapshot]"""
    row = db.execute(f"SELECT {_COLUMNS} FROM job WHERE id = ?", (job_id,)).fetchone()
    return _job(row) if row else None


def of_account(db: Connection, account_id: str, before: Cursor, limit: int) -> list[Job]:
    """The newest first. [any thread with a snapshot]"""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM job WHERE account_id = ? AND (created_us, id) < (?, ?)"
        " ORDER BY created_us DESC, id DESC LIMIT ?",
        (account_id, before.at_us, before.id, limit),
    )
    return [_job(row) for row in rows]


def counts(db: Connection) -> dict[str, int]:
    """How many wait, run and are set aside. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT state, count(*) FROM job WHERE state IN ('ready', 'running', 'quarantined') GROUP BY state"
    )
    return dict(rows.fetchall())


def next_due_us(db: Connection) -> int | None:
    """When the next job that is not due yet will be. [any thread with a snapshot]"""
    found = db.execute("SELECT min(due_us) FROM job WHERE state IN ('ready', 'running')").fetchone()[0]
    return None if found is None else int(found)


def forget(tx: Tx) -> None:
    """Jobs that ended long ago. [writer]"""
    tx.db.execute("DELETE FROM job WHERE ended_us <= ?", (now_us() - REMEMBERED_US,))


def _end(tx: Tx, job: Job, holder: str, state: str, code: Code | None, error: str | None) -> None:
    kept = tx.db.execute(
        "UPDATE job SET state = ?, holder = NULL, ended_us = ?, error_code = ?, error = ?, fraction = 1"
        " WHERE id = ? AND holder = ? AND state = 'running' RETURNING 1",
        (state, now_us(), code, error and error[:MAX_ERROR_CHARS], job.id, holder),
    )
    if kept.fetchone() is None:
        raise LeaseLost
    _charge(tx, job.account_id)
    tx.effects.append(_changed(tx, job, state))
    tx.effects.append(JobReady(commit=tx.commit))  # the account's next one may run now


def _charge(tx: Tx, account_id: str) -> None:
    """The time since its turn began is work done for the account: of one job, for only one runs at a time.

    free_us moves on by BUDGET_SHARE times that, from BUDGET_US times as much ago at the earliest (a generic cell rate
    algorithm, ITU-T I.371, A.2).
    """
    now = now_us()
    earliest = now - BUDGET_US * BUDGET_SHARE
    tx.db.execute(
        "UPDATE job_turn SET free_us = CASE WHEN free_us > ? THEN free_us ELSE ? END + (? - at_us) * ? WHERE account_id = ?",
        (earliest, earliest, now, BUDGET_SHARE, account_id),
    )


def _changed(tx: Tx, job: Job, state: str) -> JobChanged:
    return JobChanged(commit=tx.commit, job_id=job.id, account_id=job.account_id, state=state, kind=job.kind)


def _job(row: tuple[Any, ...]) -> Job:
    """row: of _COLUMNS; Any, for their types are known to the statement alone."""
    return Job(**dict(zip(Job.__struct_fields__, row, strict=True)))
