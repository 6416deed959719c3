"""Bodies of what is recommended: posts stand on a FeedPage, each with `reason` and, in words, `why`."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.bounds import Sentence
from relay.wire.rest import DEFAULT_PAGE, Producer

MAX_RECOMMENDED = 50


class Shortlist(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a list that has one page: the best there are now."""

    limit: Annotated[int, Meta(ge=1, le=MAX_RECOMMENDED)] = DEFAULT_PAGE


class SimilarPerson(Struct, frozen=True, kw_only=True):
    """Somebody, and why they stand there."""

    person: Producer
    why: Sentence


class SimilarPeople(Struct, frozen=True, kw_only=True):
    """GET /users/{name}/similar: the likest first."""

    people: Annotated[list[SimilarPerson], Meta(max_length=MAX_RECOMMENDED)]


Said = Literal["like", "dislike", "skip", "hide", "click"]


class GivenFeedback(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PUT /audio/{post_id}/feedback. like: more like this; dislike: less like this; skip: not now; hide: never again; click: it was looked at."""

    said: Said


class FeedbackSaid(Struct, frozen=True, kw_only=True):
    """All that you have said of a post, and nobody else sees."""

    said: Annotated[list[Said], Meta(max_length=5)]
