"""What other features may ask of usage."""

from relay.features.usage.service import Usage

__all__ = ["Usage"]
