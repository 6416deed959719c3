"""What other features may ask of the studio."""

from relay.features.studio.local_ids import hand_over

__all__ = ["hand_over"]
