"""What other features may ask of the studio."""

from relay.features.studio.local_ids import hand_over
from relay.features.studio.share_links import found as link_found

__all__ = ["hand_over", "link_found"]
