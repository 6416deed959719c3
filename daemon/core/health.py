"""The one state that tray and command line show, out of everything that goes on: name, sentence, next step, icon.

The first that applies, in the order of `overall`, is shown: what stops everything, then what only the person can
mend, then what mends itself, then what goes well.
"""

from collections.abc import Mapping
from enum import StrEnum
from math import ceil

from msgspec import Struct

from daemon.core.counts import so_many
from daemon.core.link import LinkState
from daemon.core.outbox import UNDER_WAY, State
from daemon.errors import Obstacle


class HealthState(StrEnum):
    STARTING = "starting"
    SAFE_MODE = "safe_mode"
    NO_RELAY = "no_relay"
    UNCLAIMED = "unclaimed"
    CLAIMING = "claiming"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    UPLOADING = "uploading"
    PAUSED = "paused"
    OFFLINE = "offline"
    CAPTIVE_PORTAL = "captive_portal"
    BARRED = "proxy_or_tls_problem"
    NEEDS_RECLAIM = "needs_reclaim"
    WAITING_FOR_KEYRING = "waiting_for_keyring"
    UPDATE_REQUIRED = "update_required"
    PROBLEM = "problem"
    STOPPING = "stopping"


class Shown(Struct, frozen=True, kw_only=True):
    """How a state is shown. sentence may name {waiting}, {until} and {reason}; icon is a name of the tray's set; left: when."""

    sentence: str
    next_step: str
    icon: str
    left: str


class Health(Struct, frozen=True, kw_only=True):
    """What is shown now. next_step is "" when there is nothing to do."""

    state: HealthState
    sentence: str
    next_step: str
    icon: str


SET_A_RELAY = "`sidechain setup` asks for one, and starts the daemon anew."

SHOWN: dict[HealthState, Shown] = {
    HealthState.STARTING: Shown(
        sentence="Sidechain is starting.",
        next_step="",
        icon="starting",
        left="the claim of before was taken up",
    ),
    HealthState.SAFE_MODE: Shown(
        sentence="Sidechain crashed several times and runs in safe mode: keeping works, nothing is posted, fetched or levelled.",
        next_step="`sidechain doctor` says what crashed. Everything is tried again {until}; `sidechain restart` does it now.",
        icon="problem",
        left="it has gone well for `safe_mode_minutes`, or it is restarted",
    ),
    HealthState.NO_RELAY: Shown(
        sentence="Takes are kept on this computer; no relay is configured.",
        next_step=f"To post: {SET_A_RELAY}",
        icon="unclaimed",
        left="a relay is set, and it was restarted",
    ),
    HealthState.UNCLAIMED: Shown(
        sentence="Takes are kept on this computer; it belongs to no account yet.",
        next_step="Claim this device with `sidechain claim` to post.",
        icon="unclaimed",
        left="a claim has ended well",
    ),
    HealthState.CLAIMING: Shown(
        sentence="A claim of this device is under way.",
        next_step="Answer it in the browser, or type the code that was shown.",
        icon="unclaimed",
        left="it was answered, or came to an end",
    ),
    HealthState.CONNECTING: Shown(
        sentence="Connecting to the relay; {waiting}.",
        next_step="",
        icon="starting",
        left="the relay has answered, or has not in time",
    ),
    HealthState.CONNECTED: Shown(
        sentence="Connected to the relay.",
        next_step="",
        icon="connected",
        left="a post goes out, or the line breaks",
    ),
    HealthState.UPLOADING: Shown(
        sentence="Posting; {waiting}.",
        next_step="",
        icon="uploading",
        left="it has arrived, or the line breaks",
    ),
    HealthState.PAUSED: Shown(
        sentence="Posting is paused {until}; {waiting}. `sidechain resume` ends it.",
        next_step="",
        icon="paused",
        left="its time is over, or it was resumed",
    ),
    HealthState.OFFLINE: Shown(
        sentence="The relay cannot be reached; {waiting}, and nothing is lost.",
        next_step="",
        icon="offline",
        left="the relay answers again",
    ),
    HealthState.CAPTIVE_PORTAL: Shown(
        sentence="Something else answers in the relay's place; {waiting}, and nothing is lost.",
        next_step="Open any page in a browser: the network may want you to sign in. Sidechain goes on by itself.",
        icon="problem",
        left="the relay itself answers",
    ),
    HealthState.BARRED: Shown(
        sentence="A proxy or a certificate bars the way to the relay; {waiting}, and nothing is lost.",
        next_step="`sidechain doctor` says which. Sidechain goes on by itself.",
        icon="problem",
        left="the relay answers",
    ),
    HealthState.NEEDS_RECLAIM: Shown(
        sentence="The relay no longer knows this device; {waiting}.",
        next_step="Claim this device again with `sidechain claim`.",
        icon="unclaimed",
        left="this device was claimed again",
    ),
    HealthState.WAITING_FOR_KEYRING: Shown(
        sentence="{reason}",
        next_step="Unlock the keyring; Sidechain goes on by itself.",
        icon="problem",
        left="the keyring can be read",
    ),
    HealthState.UPDATE_REQUIRED: Shown(
        sentence="The relay refuses this version of Sidechain; {waiting}.",
        next_step="Update Sidechain.",
        icon="problem",
        left="another version was installed, and answers",
    ),
    HealthState.PROBLEM: Shown(
        sentence="{reason}", next_step="{remedy}", icon="problem", left="it was posted, or taken back"
    ),
    HealthState.STOPPING: Shown(
        sentence="Sidechain is stopping.", next_step="", icon="starting", left="it has ended"
    ),
}

_OF_LINK = {
    LinkState.UNCLAIMED: HealthState.STARTING,  # the device is claimed, but the link has not begun
    LinkState.CONNECTING: HealthState.CONNECTING,
    LinkState.ONLINE: HealthState.CONNECTED,
    LinkState.BACKING_OFF: HealthState.OFFLINE,
    LinkState.NEEDS_RECLAIM: HealthState.NEEDS_RECLAIM,
    LinkState.PAUSED: HealthState.UPDATE_REQUIRED,
    LinkState.STOPPED: HealthState.STOPPING,
}


_OF_OBSTACLE: dict[Obstacle, HealthState] = {
    "": HealthState.OFFLINE,
    "portal": HealthState.CAPTIVE_PORTAL,
    "route": HealthState.BARRED,
}


def overall(
    link: LinkState | None,
    outbox: Mapping[State, int],
    keyring: str | None,
    claimed: bool,
    paused: str = "",
    *,
    obstacle: Obstacle = "",
    claiming: bool = False,
    safe: str = "",
) -> Health:
    """What to show. [any]

    link: None without a relay. outbox: Entries by state. keyring: a sentence when it stands in the way. paused: until
    when posting is, in words; "": it is not. obstacle: what is known of why the relay cannot be reached. claiming: somebody is
    asked just now. safe: when everything is tried again after a crash loop, in words; "": there was none.
    """
    failed = outbox.get(State.QUARANTINED, 0) + outbox.get(State.NEEDS_ATTENTION, 0)
    state = HealthState.NO_RELAY if link is None else _OF_LINK[link]
    reason = remedy = ""
    if state is HealthState.STOPPING:
        pass
    elif safe:
        state = HealthState.SAFE_MODE
    elif keyring:
        state, reason = HealthState.WAITING_FOR_KEYRING, keyring
    elif claiming:
        state = HealthState.CLAIMING
    elif state in (HealthState.NO_RELAY, HealthState.NEEDS_RECLAIM):
        pass
    elif not claimed:
        state = HealthState.UNCLAIMED
    elif state is HealthState.UPDATE_REQUIRED:
        pass
    elif state is HealthState.OFFLINE and obstacle:
        state = _OF_OBSTACLE[obstacle]
    elif failed:
        state, reason = (
            HealthState.PROBLEM,
            f"{so_many(failed, 'take')} could not be posted; the sound itself is safe.",
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
        next_step=shown.next_step.format(remedy=remedy, until=safe),
        icon=shown.icon,
    )


def safe_words(left_s: float) -> str:
    """When a daemon in safe mode tries everything again, for `overall`. [any]"""
    minutes = max(1, ceil(left_s / 60))
    return "within a minute" if minutes == 1 else f"in {minutes} minutes"


def paused_words(left_s: float | None) -> str:
    """How long a pause of posting lasts, for `overall`. [any]"""
    if left_s is None:
        return "until it is resumed"
    minutes = max(1, ceil(left_s / 60))
    return "for 1 minute more" if minutes == 1 else f"for {minutes} minutes more"


def _waiting(outbox: Mapping[State, int]) -> str:
    count = sum(outbox.get(state, 0) for state in UNDER_WAY)
    return f"{so_many(count, 'take')} to post" if count else "nothing waits to be posted"
