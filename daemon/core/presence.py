"""What followers are told of this device, from what its plugins hear. Only the state, the DAW and the tempo.

Told from the transport: recording or producing while it moves, idle while a plugin is loaded, away without one.
"""

from collections.abc import Sequence

from bridge.control import InstanceInfo
from relay.wire.events import Presence

LOADED = frozenset({"recording", "frozen", "suspended"})


def presence_of(instances: Sequence[InstanceInfo]) -> Presence:
    """The presence of a device with these plugins; unknown tempo stays unknown. [any]"""
    loaded = [i for i in instances if i.state in LOADED]
    playing = [i for i in loaded if i.playing]
    first = next(iter(playing or loaded), None)
    return Presence(
        status="producing" if playing else "idle" if loaded else "away",
        daw=(first.host_name[:64] or None) if first else None,
        bpm=first.bpm if first and playing else None,
    )
