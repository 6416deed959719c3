"""What reports, decisions, appeals and lines of the log are about, as it is now, whoever may see it: for moderators."""

from msgspec import Struct

from relay.core.refusal import Refusal
from relay.core.visibility import Audience, Shown, State, audience
from relay.engine.database import Connection
from relay.features.accounts import api as accounts
from relay.features.comments import api as comments
from relay.features.creations import api as creations
from relay.features.moderation import store

VISIBLE, HIDDEN, SUSPENDED, GONE = "visible", "hidden", "suspended", "gone"
"""States of a subject."""


class Subject(Struct, frozen=True, kw_only=True):
    """owner_id: whose it is. words: what it says; url: where moderators look at it. Of what is gone: neither."""

    owner_id: str | None = None
    words: str = ""
    url: str = ""
    state: str = VISIBLE


def subject(db: Connection, base_url: str, kind: str, object_id: str) -> Subject:
    """What is reported or was decided on. Of what is for some alone it says only what moderators may look at.

    [any thread with a snapshot]
    """
    match kind:
        case "post":
            return _post(db, base_url, object_id)
        case "comment":
            return _comment(db, base_url, object_id)
        case "appeal":
            return Subject(owner_id=store.appellant(db, object_id))
        case _:
            return _account(db, base_url, object_id)


def _post(db: Connection, base_url: str, post_id: str) -> Subject:
    shown = creations.shown_of(db, [post_id]).get(post_id)
    post = creations.told(db, [post_id], base_url).get(post_id)
    if shown is None or post is None:
        return Subject(owner_id=None if shown is None else shown.owner_id, state=GONE)
    state = HIDDEN if shown.state is State.HIDDEN else VISIBLE
    if is_before_moderators(db, post_id, shown):
        return Subject(
            owner_id=shown.owner_id,
            words=post.title,
            url=f"{base_url}/moderation/posts/{post_id}",
            state=state,
        )
    if audience(shown) is Audience.EVERYBODY:
        return Subject(owner_id=shown.owner_id, words=post.title, url=post.page_url)
    return Subject(owner_id=shown.owner_id)


def is_before_moderators(db: Connection, post_id: str, shown: Shown) -> bool:
    """Whether they look at it whoever may see it: it is hidden, or a report of it or of a comment on it is open."""
    return (
        shown.state is State.HIDDEN
        or store.is_reported(db, "post", post_id)
        or store.is_comment_reported(db, post_id)
    )


def _comment(db: Connection, base_url: str, comment_id: str) -> Subject:
    said = comments.any_of(db, comment_id)
    if said is None:
        return Subject(state=GONE)
    on = _post(db, base_url, said.creation_id)
    return Subject(owner_id=said.author_id, words=said.words if on.url else "", url=on.url)


def _account(db: Connection, base_url: str, account_id: str) -> Subject:
    try:
        person = accounts.find_any(db, account_id)
    except Refusal:
        return Subject(state=GONE)
    if accounts.is_deleted(db, account_id):
        return Subject(owner_id=account_id, state=GONE)
    state = SUSPENDED if accounts.is_suspended(db, account_id) else VISIBLE
    return Subject(owner_id=account_id, words=person.bio, url=f"{base_url}/@{person.username}", state=state)


def names(db: Connection, account_ids: set[str]) -> dict[str, str]:
    """Usernames of those of them who are still there. [any thread with a snapshot]"""
    people = accounts.profiles(db, sorted(account_ids))
    return {id_: each.username for id_, each in people.items() if not accounts.is_deleted(db, id_)}
