"""How the way of a Take to the feed is told in a plugin's window: a state, its share that is done, a sentence.

Shares are real: stage ends of the pipeline and bytes that were sent. Not here: who is told, and when.
"""

from daemon.core.outbox import Entry, State
from plugin_protocol.messages import Posting

_STATES = {
    State.HELD: ("held", "It goes out in a moment. Undo keeps it here."),
    State.WAITING: ("rendering", "Levelling and encoding."),
    State.QUEUED: ("waiting", "It goes out next."),
    State.UPLOADING: ("uploading", "Uploading."),
    State.ACCEPTED: ("posted", "It was posted."),
    State.QUARANTINED: ("failed", "It could not be made ready."),
    State.NEEDS_ATTENTION: ("failed", "It was not posted."),
    State.DISCARDED: ("discarded", "It was taken back and is not posted. The take stays."),
}


def state_of(entry: Entry | None) -> str:
    """How a list of Takes says how its Entry stands; "kept": there is none, or it was taken back. [any]"""
    return "kept" if entry is None or entry.state is State.DISCARDED else _STATES[entry.state][0]


def posting(
    entry: Entry, *, account: str | None, online: bool, fraction: float = 0.0, held_ms: int = 0
) -> Posting:
    """What a window shows of an Entry. fraction: 0..1 of its state, if it takes time. held_ms: while it is held. [any]"""
    state, message = _STATES[entry.state]
    if state == "failed":
        message = (
            f"{(entry.reason or message)[:400]} The take is safe: post it again, or ask `sidechain outbox`."
        )
    elif state == "waiting":
        message = _why_waiting(entry, account, online)
    return Posting(
        take_id=entry.take_id,
        state=state,
        fraction=1.0 if state == "posted" else min(max(fraction, 0.0), 1.0),
        message=message[:512],
        page_url=entry.post_url or "",
        held_ms=held_ms,
    )


def _why_waiting(entry: Entry, account: str | None, online: bool) -> str:
    if account is None:
        return "Kept, and posted when this device has an account: run `sidechain claim`."
    if entry.account not in (None, account):
        return (
            f"Kept for {entry.account}, and posted when this device is theirs again: run `sidechain claim`."
        )
    if not online:
        return "Kept, and posted by itself when the relay can be reached."
    if entry.attempts and entry.reason:
        return f"{entry.reason[:400]} It is tried again by itself."
    return _STATES[State.QUEUED][1]
