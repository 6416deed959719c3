"""What other parts may ask of guests."""

from relay.features.guests.service import Guests

__all__ = ["Guests"]
