"""What other features may ask of moderation. It imports none of them."""

from relay.features.moderation.decided import why
from relay.features.moderation.hashes import require_allowed

__all__ = ["require_allowed", "why"]
