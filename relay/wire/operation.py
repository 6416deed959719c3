"""What an operation of the REST interface is: a row of method, path, request, reply; and the queries that many have."""

from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

from msgspec import Meta, Struct

from relay.wire import rest
from relay.wire.bounds import MAX_COUNT
from relay.wire.rest import API_PREFIX, DEFAULT_PAGE, MAX_PAGE, PageCursor

B = TypeVar("B")
Q = TypeVar("Q")
R = TypeVar("R")
MAX_BODY_BYTES = 64 * 1024
"""Of most operations."""
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """No body, or no query parameters, or an answer without a body."""


class Paging(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a list, newest first. cursor: `next` of the page before."""

    cursor: PageCursor | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE


class FeedQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a feed of everybody's creations of one kind, posts if none is named. What is left out does not matter.

    key: as people write it (Am, F# minor) or its hour (8A). key_match compatible: also keys that mix with it. genre: a tag.
    daw: how its name begins.
    """

    kind: Literal["post", "loop", "song", "pattern", "machine"] = "post"
    bpm_min: rest.Bpm | None = None
    bpm_max: rest.Bpm | None = None
    key: rest.Key | None = None
    key_match: Literal["exact", "compatible"] = "exact"
    genre: rest.Tag | None = None
    daw: rest.Name | None = None
    seconds_min: rest.ClipSeconds | None = None
    seconds_max: rest.ClipSeconds | None = None


class ManyPaging(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a list of people, newest first. cursor: `next` of the page before."""

    cursor: PageCursor | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = MAX_PAGE


class ReactionPaging(ManyPaging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """emoji: those with this one alone."""

    emoji: rest.Emoji | None = None


class VersionQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """v: number of a version of the sound, from 1; none: the newest. One that was replaced is its owner's alone."""

    v: Annotated[int, Meta(ge=1, le=MAX_COUNT)] | None = None


class AudioBytes(Struct, frozen=True):
    """Stands for an answer that is the bytes of a file, whole or a range (RFC 9110, 14)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SentFile:
    """A body that is a file of one of the media types that its operation takes."""

    media_type: str
    data: bytes


class UploadForm(Struct, frozen=True, kw_only=True):
    """Stands for a multipart/form-data body with the part `audio`, and `meta` (UploadMeta as JSON) or plain fields of its names."""

    meta: rest.UploadMeta
    audio: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation(Generic[B, Q, R]):
    """One row. body: of the request as JSON, unless it is Nothing or streamed. status: of success."""

    method: Method
    path: str
    text: str
    tag: str
    body: type[B]
    query: type[Q]
    reply: type[R]
    status: int = 200
    keyed: bool = False
    """Takes the header Idempotency-Key."""
    max_body_bytes: int = MAX_BODY_BYTES
    files: tuple[str, ...] = ()
    """Media types of a file that it takes, too, in place of JSON: the handler is given a SentFile then."""
    missing: str = ""
    """Answers of it are in an envelope (beats.py): its refusals say so, and call by this what is not there."""
    streamed: bool = False
    """The body is read while it arrives; `body` only describes it."""

    def at(self, **parameters: str) -> str:
        """The path with its parameters filled in. [any]"""
        return self.path.format(**parameters)


AnyOperation = Operation[Any, Any, Any]  # any: operations of all shapes


@dataclass(frozen=True, kw_only=True, slots=True)
class Interface:
    """What the rows of an interface below `/api` have in common, one that somebody else's specification describes. missing: see Operation."""

    tag: str
    missing: str = ""
    max_body_bytes: int = MAX_BODY_BYTES

    def row(
        self,
        method: Method,
        path: str,
        body: type[B],
        query: type[Q],
        reply: type[R],
        text: str,
        *,
        status: int = 200,
        missing: str | None = None,
        max_body_bytes: int | None = None,
        files: tuple[str, ...] = (),
        streamed: bool = False,
    ) -> Operation[B, Q, R]:
        """missing, max_body_bytes: where they are this row's own. [any]"""
        return Operation(
            method=method,
            path=f"/api{path}",
            tag=self.tag,
            body=body,
            query=query,
            reply=reply,
            text=text,
            status=status,
            missing=self.missing if missing is None else missing,
            max_body_bytes=self.max_body_bytes if max_body_bytes is None else max_body_bytes,
            files=files,
            streamed=streamed,
        )


def get_row(path: str, reply: type[R], text: str, *, tag: str = "") -> Operation[Nothing, Nothing, R]:
    return row_of("GET", path, Nothing, Nothing, reply, text, tag)


def list_row(path: str, query: type[Q], reply: type[R], text: str) -> Operation[Nothing, Q, R]:
    return row_of("GET", path, Nothing, query, reply, text, "")


def post_row(path: str, body: type[B], reply: type[R], text: str) -> Operation[B, Nothing, R]:
    return row_of("POST", path, body, Nothing, reply, text, "")


def row_of(
    method: Method, path: str, body: type[B], query: type[Q], reply: type[R], text: str, tag: str
) -> Operation[B, Q, R]:
    return Operation(
        method=method, path=f"{API_PREFIX}{path}", text=text, tag=tag or path.split("/")[1], body=body, query=query, reply=reply
    )  # fmt: skip
