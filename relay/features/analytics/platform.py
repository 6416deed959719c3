"""What whoever runs a relay is told of it: how many were here, came back, did something, and whether what was asked for was made."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from relay.engine.database import Connection
from relay.features.analytics.events import COUNTED, DAY_US, FIRST_MONDAY, WEEK_DAYS, week_of
from relay.features.analytics.own import Range, counted_at
from relay.features.analytics.telling import date_of, share, told
from relay.features.creations import api as creations
from relay.wire.analytics import LEAST, Cohort, JobNumbers, PlatformDay, PlatformNumbers, Rates

MAX_COHORTS = 12
UPLOAD_DAYS = 7
_STUDIO = "c.kind IN ('loop', 'song', 'pattern', 'machine') AND c.state <> 'deleted'"
_ACCOUNTS = "SELECT count(*) FROM account AS a WHERE a.is_guest = 0 AND a.deleted_us IS NULL"
_MIGRATED = (
    "SELECT count(*) FROM (SELECT account_id AS who FROM local_id"
    " UNION SELECT taken_by AS who FROM guest WHERE taken_by IS NOT NULL) AS m"
    " JOIN account AS a ON a.id = m.who WHERE a.is_guest = 0 AND a.deleted_us IS NULL"
)
_WITH_SAMPLES = (
    "SELECT count(DISTINCT c.owner_id) FROM creation AS c WHERE c.kind = 'sample' AND c.state <> 'deleted'"
)
_SHARED = (
    f"SELECT count(*) FROM creation AS c WHERE {_STUDIO} AND (c.visibility = 'public'"
    " OR (SELECT 1 FROM share_link AS l WHERE l.creation_id = c.id LIMIT 1) IS NOT NULL)"
)
_SIGNED_UP = (
    f"SELECT a.created_us / {DAY_US}, count(*) FROM account AS a WHERE a.is_guest = 0 AND a.created_us >= ?"
    f" AND {COUNTED.format(who='a.id')} GROUP BY 1"
)
Daily = Mapping[int, Mapping[str, int]]
"""Of each day, of each slot."""


def platform_numbers(db: Connection, within: Range) -> PlatformNumbers:
    """[any thread with a snapshot]"""
    counted = _counted(db, within)
    return PlatformNumbers(
        days=[_day(day, counted) for day in within.days],
        cohorts=_cohorts(db, within),
        jobs=_jobs(counted["jobs"]),
        rates=_rates(db, _jobs(_counted(db, Range.of(UPLOAD_DAYS))["jobs"])),
        least=LEAST,
        counted_at=counted_at(db),
    )


def _counted(db: Connection, within: Range) -> Mapping[str, Daily]:
    asked = "SELECT metric, day, slot, n FROM analytics_count WHERE day BETWEEN ? AND ? AND about = ''"
    found: dict[str, dict[int, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for metric, day, slot, n in db.execute(asked, (within.first, within.last)).fetchall():
        found[metric][day][slot] = n
    return found


def _day(day: int, counted: Mapping[str, Daily]) -> PlatformDay:
    def total(metric: str) -> int:
        return sum(counted[metric].get(day, {}).values())

    jobs = counted["jobs"].get(day)
    done, failed = (None, None) if jobs is None else (_ended(jobs, True), _ended(jobs, False))
    return PlatformDay(
        day=date_of(day),
        active=told(total("active")),
        engaged=told(total("engaged")),
        hearers=told(total("hearers")),
        sign_ups=total("sign_ups"),
        made=total("made"),
        forks=total("forks"),
        jobs_done=done,
        jobs_failed=failed,
    )


def _ended(jobs: Mapping[str, int], well: bool) -> int:
    states = ("done",) if well else ("failed", "quarantined")
    return sum(n for slot, n in jobs.items() if slot.rpartition(":")[2] in states)


def _jobs(of_days: Daily) -> list[JobNumbers]:
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for slots in of_days.values():
        for slot, n in slots.items():
            kind, _, state = slot.rpartition(":")
            totals[kind][state] += n
    return [
        JobNumbers(
            kind=kind,
            done=states["done"],
            failed=states["failed"] + states["quarantined"],
            cancelled=states["cancelled"],
        )
        for kind, states in sorted(totals.items())
    ]


def _cohorts(db: Connection, within: Range) -> list[Cohort]:
    """The newest first. Of weeks that are wholly within, and the one that it is."""
    this_week = week_of(within.last)
    first = max(week_of(within.first + WEEK_DAYS - 1), this_week - MAX_COHORTS + 1)
    since = first * WEEK_DAYS + FIRST_MONDAY
    signed_up, active = Counter[int](), Counter[tuple[int, int]]()
    for day, n in db.execute(_SIGNED_UP, (since * DAY_US,)).fetchall():
        signed_up[week_of(day)] += n
    returned = (
        "SELECT day, slot, n FROM analytics_count WHERE about = '' AND metric = 'returned' AND day >= ?"
    )
    for day, slot, n in db.execute(returned, (since,)).fetchall():
        active[int(slot), week_of(day)] += n
    return [
        Cohort(
            week=date_of(week * WEEK_DAYS + FIRST_MONDAY),
            signed_up=signed_up[week],
            active=[told(active[week, later]) for later in range(week, this_week + 1)],
        )
        for week in range(this_week, first - 1, -1)
    ]


def _rates(db: Connection, jobs: list[JobNumbers]) -> Rates:
    def count(sql: str) -> int:
        return int(db.execute(sql).fetchone()[0])

    accounts = count(_ACCOUNTS)
    public = count(f"SELECT count(*) FROM creation AS c WHERE {_STUDIO} AND c.visibility = 'public'")
    forked = (
        f"SELECT count(*) FROM creation AS c WHERE {_STUDIO} AND c.visibility = 'public' AND c.fork_count > 0"
    )
    uploads = next((each for each in jobs if each.kind == creations.UPLOAD_JOB), None)
    return Rates(
        migrated=share(count(_MIGRATED), accounts),
        samples=share(count(_WITH_SAMPLES), accounts),
        shared=share(count(_SHARED), count(f"SELECT count(*) FROM creation AS c WHERE {_STUDIO}")),
        forked=share(count(forked), public),
        uploads=None if uploads is None else share(uploads.done, uploads.done + uploads.failed),
    )
