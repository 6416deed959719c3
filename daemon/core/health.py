"""The one state that tray and command line show, out of everything that goes on: name, sentence, next step, icon.

The first that applies, in the order of `overall`, is shown: what stops everything, then what only the person can
mend, then what mends itself, then what goes well.
"""

from collections.abc import Mapping
from enum import StrEnum
from math import ceil

from msgspec import Struct

from daemon.core.link import LinkState
from daemon.core.outbox import UNDER_WAY, State


class HealthState(StrEnum):
    STARTING = "starting"
    NO_RELAY = "no_relay"
    UNCLAIMED = "unclaimed"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    UPLOADING = "uploading"
    PAUSED = "paused"
    OFFLINE = "offline"
    NEEDS_RECLAIM = "needs_reclaim"
    WAITING_FOR_KEYRING = "waiting_for_keyring"
    PROBLEM = "problem"
    STOPPING = "stopping"


class Shown(Struct, frozen=True, kw_only=True):
    """How a state is shown. sentence may name {waiting}, {until} and {reason}; icon is a name of the tray's set."""

    sentence: str
    next_step: str
    icon: str


class Health(Struct, frozen=True, kw_only=True):
    """What is shown now. next_step is "" when there is nothing to do."""

    state: HealthState
    sentence: str
    next_step: str
    icon: str


SET_A_RELAY = "`sidechain setup` asks for one, and starts the daemon anew."

SHOWN: dict[HealthState, Shown] = {
    HealthState.STARTING: Shown(sentence="Sidechain is starting.", next_step="", icon="starting"),
    HealthState.NO_RELAY: Shown(
        sentence="Takes are kept on this computer; no relay is configured.",
        next_step=f"To post: {SET_A_RELAY}",
        icon="unclaimed",
    ),
    HealthState.UNCLAIMED: Shown(
        sentence="Takes are kept on this computer; it belongs to no account yet.",
        next_step="Claim this device with `sidechain claim` to post.",
        icon="unclaimed",
    ),
    HealthState.CONNECTING: Shown(
        sentence="Connecting to the relay; {waiting}.", next_step="", icon="starting"
    ),
    HealthState.CONNECTED: Shown(sentence="Connected to the relay.", next_step="", icon="connected"),
    HealthState.UPLOADING: Shown(sentence="Posting; {waiting}.", next_step="", icon="uploading"),
    HealthState.PAUSED: Shown(
        sentence="Posting is paused {until}; {waiting}. `sidechain resume` ends it.",
        next_step="",
        icon="paused",
    ),
    HealthState.OFFLINE: Shown(
        sentence="The relay cannot be reached; {waiting}, and nothing is lost.", next_step="", icon="offline"
    ),
    HealthState.NEEDS_RECLAIM: Shown(
        sentence="The relay no longer knows this device; {waiting}.",
        next_step="Claim this device again with `sidechain claim`.",
        icon="unclaimed",
    ),
    HealthState.WAITING_FOR_KEYRING: Shown(
        sentence="{reason}", next_step="Unlock the keyring; Sidechain goes on by itself.", icon="problem"
    ),
    HealthState.PROBLEM: Shown(sentence="{reason}", next_step="{remedy}", icon="problem"),
    HealthState.STOPPING: Shown(sentence="Sidechain is stopping.", next_step="", icon="starting"),
}

_OF_LINK = {
    LinkState.UNCLAIMED: HealthState.STARTING,  # the device is claimed, but the link has not begun
    LinkState.CONNECTING: HealthState.CONNECTING,
    LinkState.ONLINE: HealthState.CONNECTED,
    LinkState.BACKING_OFF: HealthState.OFFLINE,
    LinkState.NEEDS_RECLAIM: HealthState.NEEDS_RECLAIM,
    LinkState.PAUSED: HealthState.PROBLEM,
    LinkState.STOPPED: HealthState.STOPPING,
}


def overall(
    link: LinkState | None,
    outbox: Mapping[State, int],
    keyring: str | None,
    claimed: bool,
    paused: str = "",
) -> Health:
    """What to show. [any]

    link: None without a relay. outbox: Entries by state. keyring: a sentence when it stands in the way. paused: until
    when posting is, in words; "": it is not.
    """
    failed = outbox.get(State.QUARANTINED, 0) + outbox.get(State.NEEDS_ATTENTION, 0)
    state = HealthState.NO_RELAY if link is None else _OF_LINK[link]
    reason = remedy = ""
    if state is HealthState.STOPPING:
        pass
    elif keyring:
        state, reason = HealthState.WAITING_FOR_KEYRING, keyring
    elif state in (HealthState.NO_RELAY, HealthState.NEEDS_RECLAIM):
        pass
    elif not claimed:
        state = HealthState.UNCLAIMED
    elif state is HealthState.PROBLEM:
        reason, remedy = "The relay refuses this version of Sidechain.", "Update Sidechain."
    elif failed:
        state, reason = (
            HealthState.PROBLEM,
            f"{_takes(failed)} could not be posted; the sound itself is safe.",
        )
        remedy = "`sidechain outbox` says why; `sidechain outbox retry all` tries again."
    elif paused:
        state = HealthState.PAUSED
    elif state is HealthState.CONNECTED and outbox.get(State.UPLOADING, 0):
        state = HealthState.UPLOADING
    shown = SHOWN[state]
    return Health(
        state=state,
        sentence=shown.sentence.format(waiting=_waiting(outbox), reason=reason, until=paused),
        next_step=shown.next_step.format(remedy=remedy),
        icon=shown.icon,
    )


def paused_words(left_s: float | None) -> str:
    """How long a pause of posting lasts, for `overall`. [any]"""
    if left_s is None:
        return "until it is resumed"
    minutes = max(1, ceil(left_s / 60))
    return "for 1 minute more" if minutes == 1 else f"for {minutes} minutes more"


def _waiting(outbox: Mapping[State, int]) -> str:
    count = sum(outbox.get(state, 0) for state in UNDER_WAY)
    return f"{_takes(count)} to post" if count else "nothing waits to be posted"


def _takes(count: int) -> str:
    return f"{count} take{'' if count == 1 else 's'}"
