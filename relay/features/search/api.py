"""What other features may ask of search: that something can be found by its words, or no longer. It imports none of them."""

from relay.features.search.index import PERSON, POST, Words, put, remove

__all__ = ["PERSON", "POST", "Words", "put", "remove"]
