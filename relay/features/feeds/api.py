"""What other features may ask of feeds: that somebody gave a creation a sign, or took it back."""

from relay.features.feeds.engagement import forget, give, take_back
from relay.features.feeds.ranking import Sign

__all__ = ["Sign", "forget", "give", "take_back"]
