"""Which changes are worth one sentence on the screen: what needs a person, and what others said. Pure.

Progress, retries, uploads that arrive and feed items are not: a notification per upload teaches people to switch them off. When it
is said, and with what together, is tray.board's.
"""

from bridge.control import ClaimState, NotificationsChanged, Status, TakeInfo
from tray.menu.takes import STUCK_ENTRIES
from tray.menu.words import TAKE_ID_CHARS, take_name
from tray.model import Icon
from tray.presenter import ICON_OF_STATE


def of_new_take(take: TakeInfo) -> str:
    """The sentence for a Take that was just made."""
    length = f"{take.frames / take.sample_rate_hz:.1f} s"
    if take.bars is not None:
        length = "1 bar" if take.bars == 1 else f"{take.bars} bars"
    if take.set_id is not None:
        return f"Kept {length} of all tracks that sounded: “{take_name(take)}” and those beside it."
    source = f" of {take.track_name}" if take.track_name else ""
    return f"Kept {length}{source} as “{take_name(take)}”." + (f" {take.note}" if take.note else "")


def of_take(before: TakeInfo, after: TakeInfo) -> str | None:
    """The sentence for a Take that changed, or None."""
    name = take_name(after)
    if after.state == "failed" != before.state:
        return f"“{name}” could not be processed: {after.error or 'see `sidechain takes`'}"
    if after.alike is not None and before.alike is None:
        other = after.alike.name or after.alike.title or f"Take {after.alike.take_id[:TAKE_ID_CHARS]}"
        return f"“{name}” is the same sound as “{other}”, which you kept before."
    if after.entry_state == before.entry_state:
        return None
    if after.entry_state in STUCK_ENTRIES:
        return f"“{name}” could not be posted: {after.error or 'see `sidechain takes`'}"
    return None


def of_recovered(before: Status | None, after: Status) -> str | None:
    """The sentence when something was recovered that the tray has not shown yet, or None."""
    known = {one.stretch_id for one in before.recovered} if before else set()
    fresh = [one.sentence for one in after.recovered if one.stretch_id not in known]
    return f"{fresh[0]} The tray's menu keeps it." if fresh else None


def of_notification(told: NotificationsChanged) -> str | None:
    """The sentence for what somebody said or asks, or None: of reactions the first, the others are counted in the menu."""
    if told.kind == "" or (told.kind == "reaction" and told.acts != 1):
        return None
    return told.sentence or None


def of_account(before: Status | None, after: Status) -> str | None:
    """The sentence when this device has changed hands while the tray looked on, or None."""
    if before is None or before.account == after.account:
        return None
    if after.account is None:
        return f"This device no longer belongs to {before.account}."
    return f"This device now belongs to {after.account}. If that was not you, remove it on the relay's device page."


def of_claim(before: ClaimState | None, after: ClaimState) -> str | None:
    """The sentence for a code that is to be typed, or for an attempt that failed, or None."""
    if after.state == "failed":
        return f"{after.message} {after.next_step}".strip()
    shown = before.user_code if before else None
    if after.user_code and after.user_code != shown:
        return f"Open {after.verification_uri} in any browser, and type {after.user_code}."
    return None


def of_status(before: Status | None, after: Status) -> str | None:
    """The sentence when the daemon's state becomes a problem, or None."""
    was = None if before is None else before.state
    return after.sentence if after.state != was and ICON_OF_STATE.get(after.state) is Icon.PROBLEM else None
