"""What other features may ask of devices and their sign-ins."""

from relay.features.devices.families import (
    Families,
    Revoked,
    end_family,
    end_other_families,
    revoked_families,
)
from relay.features.devices.tokens import Tokens

__all__ = ["Families", "Revoked", "Tokens", "end_family", "end_other_families", "revoked_families"]
