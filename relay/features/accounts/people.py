"""The table account: people as they are shown, what they say of themselves, and what is counted of them."""

from collections.abc import Callable, Collection
from typing import Any

import msgspec
from msgspec.structs import replace

from relay.core.access import Role
from relay.core.guests import expires_us
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.core.visibility import OwnerState
from relay.engine.clock import now_us
from relay.engine.database import Connection, Tx
from relay.features.search import api as search
from relay.wire.people import Me, ProfileEdit
from relay.wire.rest import Producer, ShownTo

AVATAR_PATH = "/avatars/"
_PROFILE = """SELECT id, username, display_name, bio, follower_count, following_count, post_count, daw_preference, links,
  avatar_id, is_private, shows_activity, active_us FROM account"""
_links = msgspec.json.Decoder(list[str])
_Row = tuple[Any, ...]  # any: of many types, as _PROFILE names them


def profile(db: Connection, account_id: str) -> Producer:
    """Raises Refusal: not_found. [any thread with a snapshot]"""
    return _producer(_found(db.execute(f"{_PROFILE} WHERE id = ?", (account_id,)).fetchone()))


def profiles(db: Connection, account_ids: list[str]) -> dict[str, Producer]:
    """Those of them that are there, in one statement. [any thread with a snapshot]"""
    if not account_ids:
        return {}
    marks = ", ".join("?" * len(account_ids))
    rows = db.execute(f"{_PROFILE} WHERE id IN ({marks})", account_ids).fetchall()
    return {each.id: each for each in map(_producer, rows)}


def present(db: Connection, account_ids: list[str]) -> dict[str, Producer]:
    """`profiles` of those who are not suspended: of the others nothing is told. [any thread with a snapshot]"""
    if not account_ids:
        return {}
    marks = ", ".join("?" * len(account_ids))
    asked = f"{_PROFILE} WHERE id IN ({marks}) AND suspended_us IS NULL"
    return {each.id: each for each in map(_producer, db.execute(asked, account_ids).fetchall())}


def find(db: Connection, name: str) -> Producer:
    """By id or username: an id has 32 characters, a username at most 30. Raises Refusal: not_found, gone."""
    person = find_any(db, name)
    if is_deleted(db, person.id):
        raise Refusal("gone", "This account was deleted.")
    if is_suspended(db, person.id):
        raise Refusal("gone", "This account is suspended.")
    return person


def find_any(db: Connection, name: str) -> Producer:
    """The same, suspended or not: for moderators. Raises Refusal: not_found. [any thread with a snapshot]"""
    column = "id" if len(name) == 32 else "username"
    return _producer(_found(db.execute(f"{_PROFILE} WHERE {column} = ?", (name,)).fetchone()))


def me(db: Connection, account_id: str) -> Me:
    """As its owner sees it: all of it. Raises Refusal: not_found. [any thread with a snapshot]"""
    row = _found(db.execute(f"{_PROFILE} WHERE id = ?", (account_id,)).fetchone())
    *_, shows_activity, active_us = row
    shown = msgspec.structs.asdict(_producer(row)) | {"last_active": rfc3339(active_us)}
    shown_to, is_guest = db.execute(
        "SELECT post_visibility, is_guest FROM account WHERE id = ?", (account_id,)
    ).fetchone()
    return Me(
        **shown,
        shows_activity=bool(shows_activity),
        post_visibility=shown_to,
        is_guest=bool(is_guest),
        expires_at=rfc3339(expires_us(active_us)) if is_guest else None,
    )


def created_us(db: Connection, account_id: str) -> int:
    """[any thread with a snapshot]"""
    (at_us,) = db.execute("SELECT created_us FROM account WHERE id = ?", (account_id,)).fetchone()
    return int(at_us)


def post_visibility(db: Connection, account_id: str) -> ShownTo:
    """Of what an account posts without a word on who is to see it. [any thread with a snapshot]"""
    found: tuple[ShownTo] = db.execute(
        "SELECT post_visibility FROM account WHERE id = ?", (account_id,)
    ).fetchone()
    return found[0]


def state_of(db: Connection, account_id: str) -> OwnerState:
    """How the account stands, for all that it made. [any thread with a snapshot]"""
    asked = "SELECT is_private, suspended_us FROM account WHERE id = ?"
    is_private, suspended_us = db.execute(asked, (account_id,)).fetchone()
    if suspended_us is not None:
        return OwnerState.SUSPENDED
    return OwnerState.PRIVATE if is_private else OwnerState.OPEN


def role_of(db: Connection, account_id: str) -> Role:
    """[any thread with a snapshot]"""
    found = db.execute("SELECT role FROM account WHERE id = ?", (account_id,)).fetchone()
    return Role.USER if found is None else Role(found[0])


def set_role(tx: Tx, account_id: str, role: Role) -> None:
    """[writer]"""
    tx.db.execute("UPDATE account SET role = ? WHERE id = ?", (role, account_id))


def is_suspended(db: Connection, account_id: str) -> bool:
    """[any thread with a snapshot]"""
    asked = "SELECT 1 FROM account WHERE id = ? AND suspended_us IS NOT NULL"
    return db.execute(asked, (account_id,)).fetchone() is not None


def is_deleted(db: Connection, account_id: str) -> bool:
    """[any thread with a snapshot]"""
    asked = "SELECT 1 FROM account WHERE id = ? AND deleted_us IS NOT NULL"
    return db.execute(asked, (account_id,)).fetchone() is not None


def set_suspended(tx: Tx, account_id: str, since_us: int | None) -> None:
    """[writer]"""
    tx.db.execute("UPDATE account SET suspended_us = ? WHERE id = ?", (since_us, account_id))


def set_deleted(tx: Tx, account_id: str) -> None:
    """From here on there is nobody of that name. [writer]"""
    tx.db.execute("UPDATE account SET deleted_us = ? WHERE id = ?", (now_us(), account_id))


def bury(tx: Tx, account_id: str) -> None:
    """Nothing stays that says who it was; nobody else gets the name. [writer]"""
    (skeleton,) = tx.db.execute("SELECT skeleton FROM account WHERE id = ?", (account_id,)).fetchone()
    tx.db.execute("INSERT INTO retired_name (skeleton) VALUES (?) ON CONFLICT DO NOTHING", (skeleton,))
    tx.db.execute(
        "UPDATE account SET username = ?, skeleton = ?, display_name = 'Deleted account', bio = '',"
        " daw_preference = NULL, links = '[]', avatar_id = NULL, role = 'user', active_us = 0 WHERE id = ?",
        (f"gone-{account_id[8:]}", account_id, account_id),
    )
    search.remove(tx, search.PERSON, account_id)


def live_now(person: Producer, is_live: Callable[[str], bool]) -> Producer:
    """Whether they make music now, for who may see that. [any]"""
    return replace(person, is_live=person.last_active is not None and is_live(person.id))


def avatar_of(avatar_id: str | None) -> str | None:
    """Producer.avatar. [any]"""
    return None if avatar_id is None else f"{AVATAR_PATH}{avatar_id}"


def _found(row: _Row | None) -> _Row:
    if row is None:
        raise Refusal("not_found", "There is nobody of this name here.")
    return row


def _producer(row: _Row) -> Producer:
    """row: of _PROFILE. As everybody sees it."""
    (
        id_,
        username,
        display_name,
        bio,
        followers,
        following,
        posts,
        daw,
        links,
        avatar_id,
        is_private,
        *seen,
    ) = row
    shows_activity, active_us = seen
    return Producer(
        id=id_,
        username=username,
        display_name=display_name,
        bio=bio,
        follower_count=followers,
        following_count=following,
        post_count=posts,
        last_active=rfc3339(active_us) if shows_activity else None,
        daw_preference=daw,
        links=_links.decode(links),
        avatar=avatar_of(avatar_id),
        is_private=bool(is_private),
    )


# changing -----------------------------------------------------------------------------------------------------


def edit(tx: Tx, account_id: str, change: ProfileEdit) -> None:
    """What the change leaves out stays. [writer]"""
    daw = change.daw_preference
    links = None if change.links is None else msgspec.json.encode(change.links).decode()
    shows = None if change.shows_activity is None else int(change.shows_activity)
    tx.db.execute(
        "UPDATE account SET display_name = coalesce(?, display_name), bio = coalesce(?, bio),"
        " daw_preference = CASE WHEN ? = 1 THEN ? ELSE daw_preference END, links = coalesce(?, links),"
        " shows_activity = coalesce(?, shows_activity), post_visibility = coalesce(?, post_visibility) WHERE id = ?",
        (
            change.display_name,
            change.bio,
            int(daw is not None),
            daw or None,
            links,
            shows,
            change.post_visibility,
            account_id,
        ),
    )
    search.put(tx, search.PERSON, _search_words(profile(tx.db, account_id)))


def words_after(db: Connection, after_id: str, limit: int) -> list[search.Words]:
    """By which people are found, so many in the order of their ids. [any thread with a snapshot]"""
    rows = db.execute(
        f"{_PROFILE} WHERE id > ? AND is_guest = 0 ORDER BY id LIMIT ?", (after_id, limit)
    ).fetchall()
    return [_search_words(_producer(row)) for row in rows]


def _search_words(person: Producer) -> search.Words:
    name = "" if person.display_name == person.username else person.display_name
    return search.Words(id=person.id, head=f"{person.username} {name}", rest=person.bio)


def set_private(tx: Tx, account_id: str, is_private: bool) -> bool:
    """Whether it was otherwise. [writer]"""
    changed = tx.db.execute(
        "UPDATE account SET is_private = ? WHERE id = ? AND is_private <> ? RETURNING 1",
        (int(is_private), account_id, int(is_private)),
    )
    return changed.fetchone() is not None


def set_avatar(tx: Tx, account_id: str, avatar_id: str | None) -> None:
    """[writer]"""
    tx.db.execute("UPDATE account SET avatar_id = ? WHERE id = ?", (avatar_id, account_id))


def note_active(tx: Tx, account_ids: Collection[str], at_us: int) -> None:
    """They did something; of what several processes say the latest stays. [writer, apart]"""
    marks = ", ".join("?" * len(account_ids))
    tx.db.execute(
        f"UPDATE account SET active_us = ? WHERE active_us < ? AND id IN ({marks})",
        (at_us, at_us, *account_ids),
    )


def count_posts(tx: Tx, account_id: str, step: int) -> None:
    """[writer]"""
    tx.db.execute("UPDATE account SET post_count = post_count + ? WHERE id = ?", (step, account_id))


def set_newest_post(tx: Tx, account_id: str, newest_post_us: int) -> None:
    """newest_post_us: -1: followers find none. [writer]"""
    tx.db.execute("UPDATE account SET newest_post_us = ? WHERE id = ?", (newest_post_us, account_id))


def count_follow(tx: Tx, follower_id: str, followee_id: str, step: int) -> None:
    """[writer]"""
    tx.db.execute(
        "UPDATE account SET following_count = following_count + ? WHERE id = ?", (step, follower_id)
    )
    tx.db.execute("UPDATE account SET follower_count = follower_count + ? WHERE id = ?", (step, followee_id))


def store_bytes(tx: Tx, account_id: str, step_bytes: int) -> None:
    """What an account's creations take up. [writer]"""
    tx.db.execute("UPDATE account SET stored_bytes = stored_bytes + ? WHERE id = ?", (step_bytes, account_id))


def stored_bytes(db: Connection, account_id: str) -> int:
    """[any thread with a snapshot]"""
    return int(db.execute("SELECT stored_bytes FROM account WHERE id = ?", (account_id,)).fetchone()[0])
