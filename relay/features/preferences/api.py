"""What other features may ask of the studio's preferences."""

from relay.features.preferences.store import of_account

__all__ = ["of_account"]
