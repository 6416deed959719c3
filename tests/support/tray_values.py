"""Statuses, Instances and Takes with everything filled in; a test names only what it is about."""

from msgspec.structs import replace

from bridge.control import CONTROL_API, InstanceInfo, Status, StretchInfo, TakeInfo

RELAY = "https://relay.example"

_TAKE = TakeInfo(
    take_id="",
    title="Night loop",
    created_us=1_700_000_000_000_000,
    frames=720_000,
    sample_rate_hz=48_000.0,
    channels=2,
    bars=8,
    bpm=128.0,
    meter="4/4",
    note="",
    state="ready",
)
_INSTANCE = InstanceInfo(
    instance="",
    host_name="Ardour",
    track_name="Bass",
    pid=42,
    state="recording",
    sample_rate_hz=48_000.0,
    channels=2,
    heard_frames=1_440_000,
    playing=True,
    bpm=128.0,
    meter="4/4",
)
_STATUS = Status(
    api=CONTROL_API,
    version="0.1.0",
    pid=7,
    uptime_s=1.0,
    state="connected",
    sentence="Connected.",
    relay_url=RELAY,
    account="ada",
    instances=[],
    takes=0,
    outbox={},
    recent=[],
)


_STRETCH = StretchInfo(
    stretch_id="",
    host_name="Ardour",
    track_name="Bass",
    seconds=192.0,
    sample_rate_hz=48_000.0,
    channels=2,
    sounded_us=1_700_000_000_000_000,
    before_end_s=120.0,
    why="host",
    bars=12,
    bpm=128.0,
    meter="4/4",
    kept=False,
    sentence="Recovered: 3:12 from Ardour / Bass, until 2:00 before the crash.",
)


def stretch(stretch_id: str, **changes: object) -> StretchInfo:
    """What a crash left of 3 minutes, of which the last 12 bars are known."""
    return replace(_STRETCH, stretch_id=stretch_id, **changes)


def take(take_id: str, **changes: object) -> TakeInfo:
    """A processed Take of 8 bars that was never posted."""
    return replace(_TAKE, take_id=take_id, **changes)


def instance(instance_id: str, **changes: object) -> InstanceInfo:
    """An Instance that has heard 30 seconds."""
    return replace(_INSTANCE, instance=instance_id, **changes)


def status(**changes: object) -> Status:
    """A claimed, connected daemon without Instances and Takes."""
    return replace(_STATUS, **changes)
