"""What followers are told of this device, from what its plugins hear. Only the state, the DAW and the tempo.

Told from transport and signal: recording while the host records, producing while the transport moves or something
sounds, idle while a plugin is loaded, away without one, or when nothing has moved or sounded for long.
"""

from collections.abc import Sequence

from bridge.control import InstanceInfo
from relay.wire.events import Presence

LOADED = frozenset({"recording", "frozen", "suspended"})
AWAY_AFTER_US = 15 * 60 * 1_000_000


def is_active(instances: Sequence[InstanceInfo]) -> bool:
    """Whether anything moves or sounds now. [any]"""
    return any(i.playing or i.sounding for i in _loaded(instances))


def presence_of(instances: Sequence[InstanceInfo], quiet_us: int = 0) -> Presence:
    """The presence of a device with these plugins; unknown tempo stays unknown. [any]

    quiet_us: how long ago `is_active` was true last.
    """
    loaded = _loaded(instances)
    playing = [i for i in loaded if i.playing]
    first = next(iter(playing or [i for i in loaded if i.sounding] or loaded), None)
    if any(i.recording for i in playing):
        status = "recording"
    elif is_active(loaded):
        status = "producing"
    elif loaded and quiet_us < AWAY_AFTER_US:
        status = "idle"
    else:
        return Presence(status="away")
    return Presence(
        status=status,
        daw=(first.host_name[:64] or None) if first else None,
        bpm=first.bpm if first and playing else None,
    )


def _loaded(instances: Sequence[InstanceInfo]) -> list[InstanceInfo]:
    return [i for i in instances if i.state in LOADED]
