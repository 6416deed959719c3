"""What other features may ask of the studio."""

from relay.features.studio.beat_list import newest as newest_patterns
from relay.features.studio.beat_people import count_patterns
from relay.features.studio.beat_views import KEYS, KINDS, author_of, flavors, key_note, style_of
from relay.features.studio.handing_over import hand_over
from relay.features.studio.share_links import found as link_found

PATTERN_KINDS = KINDS
"""Of creations that are patterns in a beat machine's interface."""

__all__ = [
    "KEYS",
    "PATTERN_KINDS",
    "author_of",
    "count_patterns",
    "flavors",
    "hand_over",
    "key_note",
    "link_found",
    "newest_patterns",
    "style_of",
]
