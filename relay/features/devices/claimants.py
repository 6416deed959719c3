"""What wants to be claimed, and how a claim is refused: the same of both ways, by browser and by code.

Every refusal at the token endpoint reads the same, so that nobody learns which part of a guess was right.
"""

from msgspec import Struct

from relay.core.refusal import Refusal
from relay.engine.database import Connection
from relay.wire.identity import TokenPair


class Claimant(Struct, frozen=True, kw_only=True):
    """A device that wants to be claimed, as the person sees it. owner_id: whose it is already."""

    device_id: str
    name: str
    platform: str
    network: str
    first_seen_us: int
    owner_id: str | None


class GrantRefused(Exception):
    """The token endpoint says no. error: an RFC's word."""

    def __init__(self, error: str, description: str = "This is not valid, or no longer.") -> None:
        super().__init__(error)
        self.error = error
        self.description = description


def find_claimant(db: Connection, device_id: str) -> Claimant:
    """Raises Refusal: device_unknown. [any thread with a snapshot]"""
    found = db.execute(
        "SELECT id, name, platform, network, created_us, account_id FROM device WHERE id = ?", (device_id,)
    ).fetchone()
    if found is None:
        raise Refusal("device_unknown", "This device is not registered here.", "Start again on the device.")
    return Claimant(
        device_id=found[0],
        name=found[1],
        platform=found[2],
        network=found[3],
        first_seen_us=found[4],
        owner_id=found[5],
    )


def require_free(device: Claimant, account_id: str) -> None:
    """Raises Refusal: device_claimed. [any]"""
    if device.owner_id not in (None, account_id):
        raise Refusal(
            "device_claimed",
            "This device belongs to another account.",
            "Its owner can remove it, or `sidechain unclaim` on the device gives it up.",
        )


def raised(outcome: TokenPair | GrantRefused) -> TokenPair:
    """Refusals are returned from the transaction, not raised: what they used up must commit."""
    if isinstance(outcome, GrantRefused):
        raise outcome
    return outcome
