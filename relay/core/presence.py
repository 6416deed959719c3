"""Who is producing right now: leases per device (engine/leases), folded into one visible state per person.

A lease is renewed by whatever the device sends. When a connection ends, the lease lives on for the grace time, so a
reconnect is not a leave and a join. Not stored anywhere: after a restart everybody says again what they do.
"""

from msgspec import Struct

from relay.wire.events import PRESENCE_LEASE_MS

LEASE_US = PRESENCE_LEASE_MS * 1000
GRACE_US = 8_000_000
OFFLINE = "offline"


class Visible(Struct, frozen=True, kw_only=True):
    """What followers see of one person: the device that does most."""

    user_id: str
    status: str
    daw: str | None = None
    bpm: float | None = None
    since_us: int
