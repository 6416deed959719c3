"""The outbox's state machine: what becomes of an Entry, one Take on its way to one Post.

    held             just asked for: nothing of it leaves before `held_until_us`, so that the person can still undo it
    waiting          the Take has no lossless copy yet
    queued           may be uploaded from `next_attempt_us` on
    uploading        an upload runs, or ran when the daemon died: the lease says which. Where it stands at the relay is
                     remembered as `upload_url` and `sent_bytes`, also while it is queued again
    accepted         the relay has it: `post_id` (end)
    quarantined      our own worker failed three times on the Take: kept, shown, not tried again by itself
    needs_attention  the relay refused for good (4xx), or the claim is lost: kept, shown
    discarded        the person took it back: the Take stays, and so does the id, should it be posted after all

Only our own worker's failures lead to quarantine, counted on the Take before each try. Network trouble never
strikes: a relay that is down for a week costs an Entry nothing but time. Nor does the daemon's death in an upload:
the entry id is the idempotency key, so doing it again is harmless.

The CHECKs of the table `entry` repeat these invariants, kept by `apply`: `held` <=> an end of it; `uploading` <=> a
lease; `accepted` <=> a post id; none of held, waiting, quarantined, discarded => the hash of the lossless copy; queued,
uploading or needs_attention <= an upload stands at the relay, 0 <= sent <= size.

Not here: the clock (`now_us` is Unix time: deadlines must mean something after a restart), chance (`jitter`), I/O.
"""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from relay.wire.rest import ShownTo

SECOND_US = 1_000_000
RETRY_FLOOR_US = SECOND_US
RETRY_CEILING_US = 300 * SECOND_US
RETRY_AFTER_CEILING_US = 3600 * SECOND_US
LEASE_US = 600 * SECOND_US
MAX_HOLD_US = 1200 * SECOND_US  # twice the longest that can be set: clocks are corrected


class State(StrEnum):
    HELD = "held"
    WAITING = "waiting"
    QUEUED = "queued"
    UPLOADING = "uploading"
    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"
    NEEDS_ATTENTION = "needs_attention"
    DISCARDED = "discarded"


UNDER_WAY = (State.HELD, State.WAITING, State.QUEUED, State.UPLOADING)
"""The states of an Entry that goes out by itself."""


class Entry(Struct, frozen=True, kw_only=True):
    """A row of the outbox. `account`: whose Post this is, from the first upload on, never another's after."""

    entry_id: str  # 32 hex digits, made once; also the idempotency key
    take_id: str
    account: str | None
    title: str = ""
    visibility: ShownTo | None = (
        None  # of the post to be, None: as the account says; what becomes of it later the relay says
    )
    created_us: int = 0
    state: State = State.WAITING
    held_until_us: int | None = None
    attempts: int = 0  # uploads begun since a byte last arrived, or the person last asked
    next_attempt_us: int = 0
    lease_until_us: int | None = None
    sha256: str | None = None  # of the lossless copy
    upload_url: str | None = None  # where the relay gathers it, as it told
    size_bytes: int | None = None  # of the lossless copy, known with upload_url
    sent_bytes: int = 0  # arrived, as the relay told last; what is true it says when asked
    post_id: str | None = None
    post_url: str | None = None
    reason: str | None = None  # of the last failure, a sentence


class Rendered(Struct, frozen=True, kw_only=True):
    """The lossless copy is durable. Comes again when a worker that died later is started over."""

    sha256: str


class Held(Struct, frozen=True, kw_only=True):
    """The person posts what was taken back: it can be undone as at the first time."""

    until_us: int


class Released(Struct, frozen=True, kw_only=True):
    """The time for second thoughts is over."""


class Picked(Struct, frozen=True, kw_only=True):
    """An upload begins, under `account`. Stored before the first byte goes out."""

    account: str | None


class Moved(Struct, frozen=True, kw_only=True):
    """The relay told where the upload stands."""

    upload_url: str
    size_bytes: int
    sent_bytes: int


class Accepted(Struct, frozen=True, kw_only=True):
    """The relay has it, now or from an earlier try whose answer was lost."""

    post_id: str
    post_url: str


class FailedTransient(Struct, frozen=True, kw_only=True):
    """No answer, or one that says "later"."""

    reason: str
    retry_after_us: int | None = None


class FailedFinal(Struct, frozen=True, kw_only=True):
    """The relay said no, or there is nobody to post as; trying again alone would not help."""

    reason: str


class LeaseExpired(Struct, frozen=True, kw_only=True):
    """Whoever uploaded is gone; what came of it is not known."""


class RelayBack(Struct, frozen=True, kw_only=True):
    """The link to the relay stands again: what waited for it need not wait on."""


class Poisoned(Struct, frozen=True, kw_only=True):
    """Our own worker failed on the Take for the third time."""

    reason: str


class Retried(Struct, frozen=True, kw_only=True):
    """The person asked for it again."""


class Titled(Struct, frozen=True, kw_only=True):
    """The person gave it another title. Not while an upload runs, nor after: then it is told with the old one."""

    title: str


class Shown(Struct, frozen=True, kw_only=True):
    """The person says who is to see it, None: as the account says. Not while an upload runs, nor after: as with the title."""

    visibility: ShownTo | None


class Discarded(Struct, frozen=True, kw_only=True):
    """The person took it back. Not while an upload runs: what becomes of that is not ours to say."""


Event = (
    Rendered
    | Held
    | Released
    | Picked
    | Moved
    | Accepted
    | FailedTransient
    | FailedFinal
    | LeaseExpired
    | RelayBack
    | Poisoned
    | Retried
    | Titled
    | Shown
    | Discarded
)

TRANSITIONS: dict[State, dict[type[Event], State]] = {
    State.HELD: {
        Rendered: State.HELD,
        Released: State.WAITING,
        Poisoned: State.QUARANTINED,
        Retried: State.WAITING,  # "now"
        Titled: State.HELD,
        Shown: State.HELD,
        Discarded: State.DISCARDED,
    },
    State.WAITING: {
        Rendered: State.QUEUED,
        Poisoned: State.QUARANTINED,
        Titled: State.WAITING,
        Shown: State.WAITING,
        Discarded: State.DISCARDED,
    },
    State.QUEUED: {
        Rendered: State.QUEUED,
        Picked: State.UPLOADING,
        RelayBack: State.QUEUED,
        Retried: State.QUEUED,
        Titled: State.QUEUED,
        Shown: State.QUEUED,
        Discarded: State.DISCARDED,
    },
    State.UPLOADING: {
        Rendered: State.UPLOADING,
        Moved: State.UPLOADING,
        Accepted: State.ACCEPTED,
        FailedTransient: State.QUEUED,
        FailedFinal: State.NEEDS_ATTENTION,
        LeaseExpired: State.QUEUED,
    },
    State.ACCEPTED: {Rendered: State.ACCEPTED},
    State.QUARANTINED: {
        Rendered: State.QUARANTINED,  # made after all; it goes out when the person asks
        Retried: State.WAITING,
        Titled: State.QUARANTINED,
        Shown: State.QUARANTINED,
        Discarded: State.DISCARDED,
    },
    State.NEEDS_ATTENTION: {
        Rendered: State.NEEDS_ATTENTION,
        Retried: State.QUEUED,
        Titled: State.NEEDS_ATTENTION,
        Shown: State.NEEDS_ATTENTION,
        Discarded: State.DISCARDED,
    },
    State.DISCARDED: {
        Rendered: State.DISCARDED,
        Held: State.HELD,
        Retried: State.WAITING,
        Titled: State.DISCARDED,
        Shown: State.DISCARDED,
    },
}


class IllegalEvent(Exception):
    """An event that the Entry's state does not allow: a bug of the caller; the Entry is as it was."""

    def __init__(self, entry: Entry, event: Event, why: str) -> None:
        super().__init__(entry, event, why)
        self.entry = entry
        self.event = event
        self.why = why

    def __str__(self) -> str:
        return f"Entry {self.entry.entry_id} is {self.entry.state} and cannot take {type(self.event).__name__}: {self.why}."


def apply(entry: Entry, event: Event, now_us: int, jitter: float) -> Entry:
    """The Entry after `event`. jitter: [0, 1]. Raises IllegalEvent. [any]"""
    state = TRANSITIONS[entry.state].get(type(event))
    if state is None:
        raise IllegalEvent(entry, event, "no such edge")
    match event:
        case Rendered(sha256=sha256):
            return _rendered(entry, state, sha256)
        case Held(until_us=until_us):
            return replace(entry, state=state, held_until_us=until_us)
        case Released():
            return replace(entry, state=state, held_until_us=None, next_attempt_us=now_us)
        case Picked():
            return _picked(entry, state, event, now_us)
        case Moved():
            return _moved(entry, event, now_us)
        case Accepted(post_id=post_id, post_url=post_url):
            ended = replace(entry, state=state, lease_until_us=None, reason=None)
            return _nowhere(replace(ended, post_id=post_id, post_url=post_url))
        case FailedTransient():
            return _put_off(entry, state, event, now_us, jitter)
        case FailedFinal(reason=reason) | Poisoned(reason=reason):
            return replace(entry, state=state, held_until_us=None, lease_until_us=None, reason=reason)
        case LeaseExpired() | RelayBack():
            return replace(entry, state=state, lease_until_us=None, next_attempt_us=now_us)
        case Retried():
            return _at_its_beginning(entry, state, now_us)
        case Titled(title=title):
            # What the relay gathers was begun under the old title: it is begun anew.
            return entry if title == entry.title else _nowhere(replace(entry, title=title))
        case Shown(visibility=visibility):
            return replace(entry, visibility=visibility)
        case Discarded():
            return _nowhere(_at_its_beginning(entry, state, now_us))


def _rendered(entry: Entry, state: State, sha256: str) -> Entry:
    # A copy that was sent, or is being sent, is what was promised: a later one does not replace its hash.
    if entry.state in (State.UPLOADING, State.ACCEPTED) or sha256 == entry.sha256:
        return replace(entry, state=state)
    return _nowhere(replace(entry, state=state, sha256=sha256))


def _picked(entry: Entry, state: State, event: Picked, now_us: int) -> Entry:
    if event.account is None or entry.account not in (None, event.account):
        whose = f"it is for {entry.account or 'nobody yet'}, not for {event.account}"
        raise IllegalEvent(entry, event, whose)
    # Counted before the work, so that a crash in between is seen in the count.
    return replace(
        entry,
        state=state,
        account=event.account,
        attempts=entry.attempts + 1,
        lease_until_us=now_us + LEASE_US,
    )


def _moved(entry: Entry, event: Moved, now_us: int) -> Entry:
    # Something got through: then the next failure is the first again.
    before_bytes = entry.sent_bytes if event.upload_url == entry.upload_url else 0
    return replace(
        entry,
        upload_url=event.upload_url,
        size_bytes=event.size_bytes,
        sent_bytes=event.sent_bytes,
        attempts=1 if event.sent_bytes > before_bytes else entry.attempts,
        lease_until_us=now_us + LEASE_US,
    )


def _put_off(entry: Entry, state: State, event: FailedTransient, now_us: int, jitter: float) -> Entry:
    at_us = next_attempt_us(now_us, entry.attempts, jitter)
    if event.retry_after_us is not None:
        at_us = max(at_us, now_us + min(event.retry_after_us, RETRY_AFTER_CEILING_US))
    return replace(entry, state=state, lease_until_us=None, next_attempt_us=at_us, reason=event.reason)


def _at_its_beginning(entry: Entry, state: State, now_us: int) -> Entry:
    return replace(entry, state=state, held_until_us=None, attempts=0, next_attempt_us=now_us, reason=None)


def _nowhere(entry: Entry) -> Entry:
    """What the relay holds of it is not wanted any more; it expires there by itself."""
    return replace(entry, upload_url=None, size_bytes=None, sent_bytes=0)


def next_attempt_us(now_us: int, attempts: int, jitter: float) -> int:
    """When an Entry that failed `attempts` times may be tried again: 1 s to 5 min, doubling. [any]

    Full jitter, [0, 1] over the whole wait, so that daemons which lost the relay together do not return together;
    never under a second, so that no relay gets more than one request a second from one device.
    """
    ceiling_us = min(RETRY_FLOOR_US << min(attempts, 16), RETRY_CEILING_US)
    return now_us + RETRY_FLOOR_US + int((ceiling_us - RETRY_FLOOR_US) * jitter)


def held_left_us(entry: Entry, now_us: int) -> int | None:
    """How long the Entry can still be undone before anything of it leaves; None when it is not held. [any]

    An end further ahead than any hold is the clock's doing (it was set back while no daemon ran), and counts as over.
    """
    if entry.held_until_us is None:
        return None
    left_us = entry.held_until_us - now_us
    return left_us if 0 < left_us <= MAX_HOLD_US else 0


def pick(entries: Iterable[Entry], now_us: int) -> Entry | None:
    """The Entry to upload now: the first that is due, and none while another is under way. [any]

    entries: in the order in which they were made, which no clock tells: it may have been set back. A deadline further ahead than any wait is the clock's doing (it was set back), and counts as due.
    """
    open_entries = list(entries)
    if any(e.state is State.UPLOADING for e in open_entries):
        return None
    due = [
        e
        for e in open_entries
        if e.state is State.QUEUED and not 0 < e.next_attempt_us - now_us <= RETRY_AFTER_CEILING_US
    ]
    return due[0] if due else None
