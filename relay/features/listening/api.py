"""What other features may ask of listening."""

from relay.features.listening.store import delete_all

__all__ = ["delete_all"]
