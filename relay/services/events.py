"""Durable channels in the database: append an event with its offset, read what was missed. SQL only, no sockets."""

import secrets
import sqlite3

import msgspec
from msgspec import Struct

from relay.core.recovery import Effect, Stream
from relay.services.clock import new_id
from relay.services.database import Tx
from relay.wire.events import RETAINED_EVENTS, FeedNewPost, Payload

_TRIM_EVERY = 64
_payload_encoder = msgspec.json.Encoder()
_payload_decoder = msgspec.json.Decoder(Payload)


class Row(Struct, frozen=True, kw_only=True):
    """An event as stored; its URLs are relative until `absolute`."""

    ch: str
    off: int
    id: str
    at_us: int
    payload: Payload


class Appended(Effect, frozen=True, kw_only=True):
    row: Row


class Followed(Effect, frozen=True, kw_only=True):
    follower_id: str
    followee_id: str
    epoch: str
    head: int


class Unfollowed(Effect, frozen=True, kw_only=True):
    follower_id: str
    followee_id: str


class Revoked(Effect, frozen=True, kw_only=True):
    """A sign-in ended; its connections go with it."""

    family_id: str


def author_channel(account_id: str) -> str:
    return f"author:{account_id}"


def inbox_channel(account_id: str) -> str:
    return f"user:{account_id}"


def create_channels(tx: Tx, account_id: str) -> None:
    """The durable channels of a new account. [writer]"""
    for ch in (author_channel(account_id), inbox_channel(account_id)):
        tx.db.execute("INSERT INTO channel (ch, epoch) VALUES (?, ?)", (ch, secrets.token_hex(8)))


def append(tx: Tx, ch: str, payload: Payload, at_us: int) -> Row:
    """Give the event the next offset of ch and announce it when the transaction commits. [writer]"""
    (off,) = tx.db.execute("UPDATE channel SET head = head + 1 WHERE ch = ? RETURNING head", (ch,)).fetchone()
    row = Row(ch=ch, off=off, id=new_id(), at_us=at_us, payload=payload)
    data = _payload_encoder.encode(payload).decode()
    tx.db.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?)", (ch, off, row.id, at_us, data))
    if off % _TRIM_EVERY == 0 and off > RETAINED_EVENTS:
        floor = off - RETAINED_EVENTS
        tx.db.execute("DELETE FROM event WHERE ch = ? AND off <= ?", (ch, floor))
        tx.db.execute("UPDATE channel SET floor = ? WHERE ch = ?", (floor, ch))
    tx.effects.append(Appended(commit=tx.commit, row=row))
    return row


def stream(db: sqlite3.Connection, ch: str) -> Stream:
    """Where a channel stands. [any thread with a snapshot]"""
    epoch, floor, head = db.execute("SELECT epoch, floor, head FROM channel WHERE ch = ?", (ch,)).fetchone()
    return Stream(epoch=epoch, floor=floor, head=head)


def rows_after(db: sqlite3.Connection, ch: str, after: int, head: int) -> list[Row]:
    """Rows after+1 .. head. [any thread with a snapshot]"""
    found = db.execute(
        "SELECT off, id, at_us, data FROM event WHERE ch = ? AND off > ? AND off <= ? ORDER BY off",
        (ch, after, head),
    )
    return [
        Row(ch=ch, off=off, id=id_, at_us=at_us, payload=_payload_decoder.decode(data))
        for off, id_, at_us, data in found
    ]


def commit_number(db: sqlite3.Connection) -> int:
    n: int = db.execute("SELECT n FROM commits").fetchone()[0]
    return n


def absolute(payload: Payload, base_url: str) -> Payload:
    """The payload with URLs a stranger can follow; stored ones are relative, because relays move. [any]"""
    if not isinstance(payload, FeedNewPost):
        return payload
    post = payload.post
    placed = msgspec.structs.replace(
        post,
        audio_url=base_url + post.audio_url,
        waveform_svg=base_url + post.waveform_svg,
        page_url=base_url + post.page_url,
    )
    return FeedNewPost(post=placed)
