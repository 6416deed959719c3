"""From what was noted to what still stands, as the rows of the features are now: taken back, deleted, hidden from whoever is
told, across a block, of somebody muted or suspended, it is told of no more.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from relay.engine.database import Connection
from relay.features.accounts import api as accounts
from relay.features.comments import api as comments
from relay.features.creations import api as creations
from relay.features.graph import api as graph
from relay.features.live import api as live
from relay.features.notifications.rules import OF_ACT, Act, Kind
from relay.features.notifications.store import Note
from relay.features.reactions import api as reactions
from relay.wire.rest import Producer


def standing(db: Connection, account_id: str, notes: Sequence[Note]) -> list[Act]:
    """In their order. [any thread with a snapshot]"""
    hidden = live.hidden_from(db, account_id)
    heard = [each for each in notes if each.kind in OF_ACT and each.actor_id not in hidden]
    actors = sorted({each.actor_id for each in heard})
    people = accounts.present(db, actors)
    said = comments.seen(db, [each.about_id for each in heard if _is_said(each)], account_id)
    made = [each.about_id for each in heard if OF_ACT[each.kind] is Kind.REMIX]
    remixes = creations.remixes_of_account(db, account_id, made)
    posts = {each.about_id for each in heard if OF_ACT[each.kind] in (Kind.REACTION, Kind.REPOST)}
    posts |= {each.creation_id for each in said.values()} | {each.parent_id for each in remixes.values()}
    titles = creations.readable_titles(db, sorted(posts), account_id)
    found: list[Act] = []
    for each in heard:
        if (person := people.get(each.actor_id)) is None:
            continue
        comment = said.get(each.about_id)
        post_id = comment.creation_id if comment is not None else each.about_id
        match OF_ACT[each.kind]:
            case Kind.FOLLOW if graph.follows(db, each.actor_id, account_id):
                found.append(_act(each, person))
            case Kind.FOLLOW_REQUEST if graph.is_asked(db, each.actor_id, account_id):
                found.append(_act(each, person))
            case Kind.FOLLOW_ACCEPTED if graph.follows(db, account_id, each.actor_id):
                found.append(_act(each, person))
            case Kind.REACTION if post_id in titles and reactions.stands(
                db, each.actor_id, each.about_id, each.detail
            ):
                found.append(_act(each, person, post_id, titles[post_id]))
            case Kind.REPOST if post_id in titles and reactions.is_reposted(db, each.actor_id, each.about_id):
                found.append(_act(each, person, post_id, titles[post_id]))
            case Kind.COMMENT | Kind.REPLY | Kind.MENTION if comment is not None and post_id in titles:
                found.append(_act(each, person, post_id, titles[post_id], comment.id, comment.words))
            case Kind.REMIX if (remix := remixes.get(each.about_id)) and remix.parent_id in titles:
                act = _act(each, person, remix.parent_id, titles[remix.parent_id])
                found.append(replace(act, made_id=remix.made.id, made_title=remix.made.title))
    return found


def _is_said(note: Note) -> bool:
    return OF_ACT[note.kind] in (Kind.COMMENT, Kind.REPLY, Kind.MENTION)


def _act(
    note: Note, person: Producer, post_id: str = "", title: str = "", comment_id: str = "", text: str = ""
) -> Act:
    return Act(
        id=note.id,
        kind=OF_ACT[note.kind],
        is_like=note.kind == "like",
        actor=person.username,
        at_us=note.at_us,
        seen=note.is_seen,
        read=note.is_read,
        post_id=post_id,
        post_title=title,
        comment_id=comment_id,
        text=text,
    )
