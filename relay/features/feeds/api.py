"""What other features may ask of feeds: that somebody gave a creation a sign, or took it back; what is known, and where what is not
stands on a page.
"""

from relay.features.feeds.engagement import forget, give, take_back
from relay.features.feeds.ranking import KNOWN_TO, UNKNOWN_SLOTS, Sign

__all__ = ["KNOWN_TO", "UNKNOWN_SLOTS", "Sign", "forget", "give", "take_back"]
