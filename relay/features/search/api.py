"""What other features may ask of search: that something can be found by its words, or no longer. It imports none of them."""

from relay.features.search.index import COMMENT, PERSON, POST, Words, put, remove

__all__ = ["COMMENT", "PERSON", "POST", "Words", "put", "remove"]
