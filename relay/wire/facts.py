"""GET /api/config: what a client has to know of a relay before anybody is signed in. Public facts alone: no key, no secret, no name of a machine inside."""

from typing import Annotated

from msgspec import Meta, Struct

from relay.wire.bounds import Count, Sentence, Url, Word


class SeparationModel(Struct, frozen=True, kw_only=True, rename="camel"):
    """By what a sound can be taken apart here. says: what it is, for the person who chooses."""

    name: Word
    says: Sentence
    parts: Annotated[list[Word], Meta(max_length=16)]


class NotesModel(Struct, frozen=True, kw_only=True, rename="camel"):
    """By what notes can be heard here. says: what it is, for the person who chooses."""

    name: Word
    says: Sentence


class RelayFacts(Struct, frozen=True, kw_only=True, rename="camel"):
    """authorizationServer: its metadata (RFC 8414). socket: of the jobs of tracks; stream: of sound while it is played. registration: closed, invite
    or open.
    """

    url: Url
    authorization_server: Url
    socket: Url
    stream: Url
    registration: Word
    max_upload_bytes: Count
    max_separated_seconds: Count
    max_stream_seconds: Count
    separation_models: Annotated[list[SeparationModel], Meta(max_length=16)]
    notes_models: Annotated[list[NotesModel], Meta(max_length=16)]
