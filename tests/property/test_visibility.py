"""Who sees what: random histories, and everything that can be seen of them held against a slow oracle on both engines.

The oracle knows `relay.core.visibility` and plain lists; the relay has SQL, indexes, a hub and a log.
"""

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from audio.analyse.likeness_scale import DIMENSIONS
from relay.core.access import Actor
from relay.core.cursor import BEGINNING
from relay.core.refusal import Refusal
from relay.core.visibility import (
    Audience,
    State,
    Visibility,
    audience,
)
from relay.core.words import read_query
from relay.engine.database import Connection as Reader
from relay.engine.database import Tx
from relay.engine.jobs import table as jobs
from relay.engine.jobs.workers import Work
from relay.engine.objects.folder import FolderObjects
from relay.features.accounts import api as accounts
from relay.features.comments import store as comments
from relay.features.comments.service import Comments
from relay.features.comments.service import erase_some as erase_comments
from relay.features.comments.store import miscounts as miscounts_of_comments
from relay.features.creations import changes, lineage, posts, reading, versions
from relay.features.creations import store as creations
from relay.features.creations.api import Position, position
from relay.features.creations.kinds import PREVIEW
from relay.features.creations.remix_list import remixes
from relay.features.feeds import discovery, exploring
from relay.features.feeds import store as feeds
from relay.features.feeds.engagement import miscounts as miscounts_of_signs
from relay.features.feeds.filters import ALL
from relay.features.feeds.ranking import TRENDING_FROM
from relay.features.feeds.timeline import timeline
from relay.features.graph import blocks, lists, requests
from relay.features.graph import store as graph
from relay.features.leaving.erasing import JOB_KIND as ERASE
from relay.features.leaving.erasing import Erasing
from relay.features.leaving.export import lists_of, nothing_else
from relay.features.live.hub import Connection
from relay.features.moderation.service import suspend
from relay.features.notifications.service import Notifications
from relay.features.reactions.api import likers
from relay.features.reactions.erasing import erase_some as erase_reactions
from relay.features.reactions.keeping import Keeping
from relay.features.reactions.lists import reposts_page
from relay.features.reactions.service import Reactions
from relay.features.reactions.store import miscounts as miscounts_of_likes
from relay.features.recommending import similar
from relay.features.recommending.choosing import MOST_OF_AUTHOR
from relay.features.recommending.for_you import for_you
from relay.features.recommending.people import similar_people
from relay.features.recommending.sounds import Sounds
from relay.features.search import store as search
from relay.wire.comments import REPLIES_SHOWN, NewComment
from relay.wire.events import (
    CommentAdded,
    Event,
    FeedAuthorRemoved,
    FeedNewPost,
    FeedPostChanged,
    FeedPostRemoved,
    FeedReposted,
    FeedRepostRemoved,
    SocialFollowAccepted,
    SocialFollowRequest,
    SocialNewFollow,
    SocialNewReaction,
    SocialNewRemix,
    SocialNewRepost,
    read_payload,
)
from relay.wire.operations import ManyPaging
from relay.wire.owning import MAX_REMIXES, PostEdit
from relay.wire.rest import InboxItem, LikeRequest, RepostRequest
from tests.support.house import BASE_URL, TAG, House, house, new_post, waiting
from tests.support.postgres import PostgresServer, database_of
from tests.support.visibility_oracle import Oracle, Told

HISTORIES = int(os.environ.get("SIDECHAIN_HISTORIES", "40"))
"""How many are tried, besides the stories; a fifth of them on PostgreSQL."""
Cut = Callable[[str], Awaitable[None]]
ALIKE = np.full(DIMENSIONS, DIMENSIONS**-0.5, np.float32).tobytes()
"""How every post sounds, so that each is like all others, and goes with them."""
SAID = "said"
"""In every comment."""
NAMES = ("anna", "ben", "carl")
WHO = st.integers(0, len(NAMES) - 1)
WHICH = st.integers(0, 5)  # of the posts there are
STEP = st.one_of(
    st.tuples(st.just("post"), WHO, st.sampled_from(Visibility)),
    st.tuples(st.just("moderate"), WHICH, st.sampled_from([State.HIDDEN, State.READY, State.FAILED])),
    st.tuples(
        st.just("edit"), WHICH, st.none() | WHO, st.sampled_from(Visibility), st.sampled_from(["", "a", "b"])
    ),
    st.tuples(st.just("edit"), WHICH, st.none(), st.sampled_from(Visibility), st.just("")),
    st.tuples(st.just("edit"), WHICH, st.none(), st.sampled_from(Visibility), st.just(""), st.booleans()),
    st.tuples(st.just("delete"), WHICH, st.none() | WHO),
    st.tuples(
        st.sampled_from(["follow", "follow", "unfollow", "block", "unblock", "mute", "unmute"]), WHO, WHO
    ),
    st.tuples(st.sampled_from(["accept", "accept", "decline", "remove"]), WHO, WHO),
    st.tuples(st.sampled_from(["private", "public"]), WHO),
    st.tuples(st.sampled_from(["like", "like", "unlike"]), WHO, WHICH),
    st.tuples(st.sampled_from(["comment", "answer", "uncomment"]), WHO, WHICH),
    st.tuples(st.sampled_from(["repost", "repost", "unrepost"]), WHO, WHICH),
    st.tuples(st.sampled_from([*["suspend", "unsuspend"] * 3, "leave"]), WHO),
)
STEPS = st.lists(STEP, min_size=6, max_size=30)
FOLLOWED = [("follow", 1, 0), ("follow", 2, 1), ("post", 0, Visibility.PUBLIC), ("like", 1, 0)]
TALK = [("comment", 1, 0), ("answer", 2, 0), ("answer", 0, 0), ("comment", 2, 0)]
SHOW = [("edit", 0, None, each, "") for each in Visibility]  # private, unlisted, followers, public
STORIES = [
    [*FOLLOWED, *SHOW, *SHOW],  # fewer and fewer see it, and come to see it again
    [*FOLLOWED, *reversed(SHOW), ("delete", 0, 1), ("delete", 0, None), ("delete", 0, None), *SHOW],
    [*FOLLOWED, ("edit", 0, None, Visibility.FOLLOWERS, "a"), ("block", 0, 1), ("delete", 0, None)],
    [("follow", 1, 0), ("post", 0, Visibility.PRIVATE), *SHOW, ("moderate", 0, State.HIDDEN), *SHOW],
    [
        ("private", 0),
        *FOLLOWED,
        ("accept", 0, 1),
        *SHOW,
        ("like", 1, 0),
        ("remove", 0, 1),
        ("public", 0),
        *SHOW,
    ],
    [
        *FOLLOWED,
        ("private", 0),
        ("post", 0, Visibility.PUBLIC),
        ("follow", 2, 0),
        ("mute", 0, 2),
        ("public", 0),
    ],
    [("private", 0), ("follow", 1, 0), ("decline", 0, 1), ("follow", 1, 0), ("block", 0, 1), ("public", 0)],
    [*FOLLOWED, ("mute", 1, 0), *SHOW, ("unmute", 1, 0), *SHOW, ("mute", 0, 1), ("unblock", 0, 1)],
    [*FOLLOWED, ("moderate", 0, State.HIDDEN), SHOW[0], ("moderate", 0, State.READY)],
    [
        *FOLLOWED,
        *[("edit", 0, None, Visibility.PUBLIC, "", archived) for archived in (True, True, False)],
        *SHOW,
    ],
    [  # ben shows anna's post to carl, who comes to follow her; and so does carl himself
        ("post", 0, Visibility.PUBLIC),
        ("follow", 2, 1),
        ("repost", 1, 0),
        ("repost", 2, 0),
        ("follow", 2, 0),
        ("unfollow", 2, 0),
        ("unrepost", 1, 0),
        *SHOW,
        ("mute", 2, 0),
    ],
    [("post", 0, Visibility.PUBLIC), ("follow", 2, 1), ("repost", 1, 0), ("mute", 2, 1), ("repost", 2, 0)],
    [
        ("post", 0, Visibility.PUBLIC),
        ("follow", 2, 1),
        ("repost", 1, 0),
        ("block", 0, 2),
        ("delete", 0, None),
    ],
    [  # what one no longer sees one shows no longer, either
        ("post", 0, Visibility.PUBLIC),
        ("follow", 2, 1),
        ("repost", 1, 0),
        ("edit", 0, None, Visibility.PRIVATE, ""),
        ("unrepost", 1, 0),
        ("edit", 0, None, Visibility.PUBLIC, ""),
    ],
    [  # who shows it, and then whose it is, is suspended
        *FOLLOWED,
        *TALK,
        ("follow", 2, 1),
        ("repost", 1, 0),
        ("suspend", 1),
        ("edit", 0, None, Visibility.PUBLIC, "b"),
        ("unsuspend", 1),
        ("suspend", 0),
        ("unsuspend", 0),
        *SHOW,
    ],
    [*FOLLOWED, *TALK, ("follow", 2, 1), ("repost", 1, 0), ("leave", 1), *SHOW, ("leave", 0), ("suspend", 2)],
    [
        ("private", 0),
        ("follow", 1, 0),
        ("suspend", 1),
        ("public", 0),
        ("unsuspend", 1),
        ("unfollow", 1, 0),
        ("follow", 1, 0),
    ],
    [
        ("post", 0, Visibility.PUBLIC),
        ("follow", 2, 1),
        ("repost", 1, 0),
        ("private", 0),
        ("public", 0),
        ("leave", 0),
    ],
    [*FOLLOWED, ("edit", 0, None, Visibility.PRIVATE, "", True), *SHOW, ("delete", 0, None)],
    [*FOLLOWED, *TALK, ("block", 2, 1), ("uncomment", 1, 0), ("unblock", 2, 1), *SHOW, ("delete", 0, None)],
    [*FOLLOWED, *TALK, ("block", 0, 1), *TALK, ("uncomment", 0, 1), ("uncomment", 0, 0), ("uncomment", 2, 1)],
    [  # ben makes something from anna's post, and shows it to more and more; anna mutes, blocks, and deletes hers
        ("post", 0, Visibility.PUBLIC),
        ("post", 1, Visibility.PRIVATE),
        *[("edit", 1, None, each, "") for each in Visibility],
        ("mute", 0, 1),
        ("post", 1, Visibility.PUBLIC),
        ("unmute", 0, 1),
        ("moderate", 1, State.HIDDEN),
        ("post", 2, Visibility.PUBLIC),
        ("block", 0, 2),
        ("suspend", 1),
        ("unsuspend", 1),
        ("delete", 2, None),
        ("moderate", 1, State.READY),
    ],
    [
        ("post", 0, Visibility.PUBLIC),
        ("private", 1),
        ("post", 1, Visibility.PUBLIC),
        ("follow", 0, 1),
        ("accept", 1, 0),
        ("edit", 1, None, Visibility.PUBLIC, "a"),
        ("post", 1, Visibility.FOLLOWERS),
        ("leave", 2),
        ("delete", 0, None),
        ("post", 1, Visibility.PUBLIC),
    ],
    [("post", 0, Visibility.PUBLIC), ("post", 1, Visibility.PUBLIC), ("like", 0, 1), ("leave", 1)],
]


async def happen(here: House, oracle: Oracle, people: list[str], step: tuple[object, ...], cut: Cut) -> None:
    """One step, in the relay and in the oracle. cut: ends the connections of somebody, as losing all sign-ins does."""
    oracle.at += 1
    what, one, *rest = step
    ids = list(oracle.posts)
    by_others = ("moderate", "edit", "delete", "unsuspend", "leave")
    if what not in by_others and people[int(str(one))] in oracle.suspended:
        return  # the gate lets none of it through
    match what:
        case "suspend" | "unsuspend" | "leave":
            await _shut_out(here, oracle, people, int(str(one)), str(what), cut)
        case "post":
            owner, visibility = people[int(str(one))], Visibility(str(rest[0]))
            post_id = await here.db.write(
                lambda tx: new_post(
                    tx,
                    owner,
                    at_us=oracle.at,
                    visibility=visibility,
                    bpm=120.0,
                    key="Am",
                    parent_id=ids[0] if ids else None,
                    vector=ALIKE,
                )
            )
            oracle.post(post_id, owner, visibility, ids[0] if ids else None)  # of the first that there is
        case "moderate" if ids:
            await _moderate(here, oracle, ids[int(str(one)) % len(ids)], State(str(rest[0])))
        case "edit" | "delete" if ids:
            post_id = ids[int(str(one)) % len(ids)]
            who = oracle.posts[post_id].owner if rest[0] is None else people[int(str(rest[0]))]
            await _own(here, oracle, who, post_id, rest[1:])
        case "like" | "unlike" if ids:
            await _like(here, oracle, people[int(str(one))], ids[int(str(rest[0])) % len(ids)], str(what))
        case "repost" | "unrepost" if ids:
            await _repost(here, oracle, people[int(str(one))], ids[int(str(rest[0])) % len(ids)], str(what))
        case "comment" | "answer" if ids:
            await _comment(here, oracle, people[int(str(one))], ids[int(str(rest[0])) % len(ids)], what)
        case "uncomment" if oracle.comments:
            given = list(oracle.comments)[int(str(rest[0])) % len(oracle.comments)]
            await _uncomment(here, oracle, people[int(str(one))], given)
        case "private" | "public":
            await _set_private(here, oracle, people[int(str(one))], what == "private")
        case (
            "follow" | "unfollow" | "block" | "unblock" | "mute" | "unmute" | "accept" | "decline" | "remove"
        ) if one != rest[0]:
            await _relate(here, oracle, str(what), people[int(str(one))], people[int(str(rest[0]))])
    await here.settled()


async def _moderate(here: House, oracle: Oracle, post_id: str, state: State) -> None:
    """As who looks after a relay does: nobody is told."""

    def work(tx: Tx) -> None:
        if was := changes.standing(tx.db, post_id):
            changes.set_shown(tx, was, was.shown.visibility, state, oracle.at)

    await here.db.write(work)
    post = oracle.posts[post_id]
    if post.shown.state is not State.DELETED:
        post.shown = replace(post.shown, state=state)


async def _shut_out(here: House, oracle: Oracle, people: list[str], which: int, what: str, cut: Cut) -> None:
    """As moderators do, and as somebody does who deletes their account, with all that follows."""
    who = people[which]
    if who in oracle.gone or (what == "suspend" and who in oracle.suspended):
        return
    if what == "unsuspend":
        await here.db.write(lambda tx: suspend(tx, who, False))
        if who in oracle.suspended:
            oracle.unsuspend(who)
        return
    await cut(who)
    if what == "suspend":
        await here.db.write(lambda tx: suspend(tx, who, True))
        oracle.suspend(who)
        return
    steps = (erase_comments, erase_reactions)
    erasing = Erasing(here.db, here.removals, partial(suspend, on=True), steps)
    await erasing.begin(who, NAMES[which])
    job = await here.db.write(lambda tx: jobs.claim(tx, "test", {ERASE: nothing_else}))
    assert job is not None and job.account_id == who
    await erasing.make(Work(job, "test", lambda _: None))
    oracle.leave(who)


async def _own(here: House, oracle: Oracle, who: str, post_id: str, edit: list[object]) -> None:
    """edit: visibility and title, perhaps whether it is archived; none: delete."""
    if who in oracle.suspended:
        return
    actor, expected = Actor(user_id=who), oracle.refusal(who, post_id)
    if expected is None and who != oracle.posts[post_id].owner:
        expected = "not_found"
    try:
        if edit:
            visibility, title = Visibility(str(edit[0])), str(edit[1])
            archived = bool(edit[2]) if len(edit) > 2 else None
            change = PostEdit(visibility=visibility.value, title=title, archived=archived)
            await here.owning.edit(actor, post_id, change)
        else:
            await here.owning.delete(actor, post_id)
    except Refusal as refusal:
        assert refusal.code == expected
        return
    assert expected is None
    if edit:
        oracle.edit(post_id, visibility, title, archived)
    else:
        oracle.delete(post_id)


async def _like(here: House, oracle: Oracle, who: str, post_id: str, what: str) -> None:
    reactions = Reactions(here.db, BASE_URL)
    change = reactions.like if what == "like" else reactions.unlike
    expected = oracle.refusal(who, post_id)
    try:
        await change(who, LikeRequest(post_id=post_id))
    except Refusal as refusal:
        assert refusal.code == expected
        return
    assert expected is None
    if what == "like":
        oracle.like(who, post_id)
    else:
        oracle.likes.discard((who, post_id))


async def _repost(here: House, oracle: Oracle, who: str, post_id: str, what: str) -> None:
    keeping, expected = Keeping(here.db, BASE_URL), oracle.refusal(who, post_id)
    if what == "repost" and expected is None:
        if audience(oracle.posts[post_id].shown) is not Audience.EVERYBODY:
            expected = "not_found"
        elif who == oracle.posts[post_id].owner:
            expected = "validation"
    if what == "unrepost":
        oracle.unrepost(who, post_id)
    try:
        if what == "repost":
            await keeping.repost(who, RepostRequest(post_id=post_id, text=what))
        else:
            await keeping.unrepost(who, post_id)
    except Refusal as refusal:
        assert refusal.code == expected
        return
    assert expected is None
    if what == "repost":
        oracle.repost(who, post_id)


async def _comment(here: House, oracle: Oracle, who: str, post_id: str, what: object) -> None:
    roots = [id_ for id_, each in oracle.comments.items() if (each.post_id, each.root) == (post_id, id_)]
    root = roots[0] if roots and what == "answer" else None
    expected = oracle.refusal(who, post_id)
    if (
        expected is None
        and root is not None
        and not (oracle.comments[root].ready and oracle.sees_comment(who, root))
    ):
        expected = "not_found"
    try:
        given = NewComment(text=f"{SAID} {oracle.at}", parent_id=root)
        made = await Comments(here.db, BASE_URL).write(who, post_id, given)
    except Refusal as refusal:
        assert refusal.code == expected
        return
    assert expected is None
    oracle.comment(made.id, who, post_id, made.root_id)


async def _uncomment(here: House, oracle: Oracle, who: str, comment_id: str) -> None:
    comment = oracle.comments[comment_id]
    is_theirs = who in (comment.author, oracle.posts[comment.post_id].owner)
    allowed = is_theirs and comment.ready and oracle.sees_comment(who, comment_id)
    try:
        await Comments(here.db, BASE_URL).delete(Actor(user_id=who), comment_id)
    except Refusal as refusal:
        assert refusal.code == "not_found" and not allowed
        return
    assert allowed
    oracle.uncomment(comment_id)


async def _set_private(here: House, oracle: Oracle, who: str, private: bool) -> None:
    """As Profiles does."""

    def work(tx: Tx) -> None:
        if accounts.set_private(tx, who, private):
            creations.note_owner(tx, who)
        if not private:
            requests.accept_some(tx, who)

    await here.db.write(work)
    oracle.set_private(who, private)


async def _relate(here: House, oracle: Oracle, what: str, who: str, other: str) -> None:
    if other in oracle.suspended:
        return  # there is nobody of that name

    def work(tx: Tx) -> None:
        match what:
            case "unfollow":
                requests.withdraw(tx, who, other)
                graph.unfollow(tx, who, other)
            case "remove":
                graph.unfollow(tx, other, who)
            case "decline":
                requests.withdraw(tx, other, who)
            case _:
                DEEDS[what](tx, who, other)

    try:
        await here.db.write(work)
        refused = False
    except Refusal:
        refused = True
    match what:
        case "follow":
            assert oracle.follow(who, other) is not refused
        case "accept":
            assert oracle.accept(who, other) is not refused
        case "unfollow":
            oracle.asked.pop((who, other), None)
            oracle.end_follow(who, other)
        case "remove":
            oracle.end_follow(other, who)
        case "decline":
            oracle.asked.pop((other, who), None)
        case "block":
            oracle.block(who, other)
        case "unblock":
            oracle.blocks.discard((who, other))
        case "mute":
            oracle.mutes.add((who, other))
        case "unmute":
            oracle.mutes.discard((who, other))


DEEDS: dict[str, Callable[[Tx, str, str], object]] = {
    "follow": requests.follow,
    "accept": requests.accept,
    "block": blocks.block,
    "unblock": blocks.unblock,
    "mute": blocks.mute,
    "unmute": blocks.unmute,
}


def check_reads(oracle: Oracle, people: list[str], db: Reader) -> None:
    """Every read there is, of every post, for everybody. [any thread with a snapshot]"""
    newest_first = sorted(oracle.posts, key=lambda id_: (oracle.posts[id_].at, id_), reverse=True)
    for post_id, post in oracle.posts.items():
        for_all = audience(post.shown) is Audience.EVERYBODY
        assert posts.is_embeddable(db, post_id) is for_all
        assert (refusal_of(partial(posts.embeddable, db, post_id, BASE_URL)) is None) is for_all
    counts = {id_: each.post_count for id_, each in accounts.profiles(db, people).items()}
    for owner in people:
        mine = [each for each in oracle.posts.values() if each.owner == owner]
        assert counts[owner] == sum(
            creations.is_counted(each.shown.visibility, each.shown.state) for each in mine
        )
    check_lists(oracle, people, db)
    for miscounts in (
        reading.miscounts,
        graph.miscounts,
        miscounts_of_likes,
        miscounts_of_signs,
        miscounts_of_comments,
    ):
        assert miscounts(db) == []
    lookers = (None, *(who for who in people if who not in oracle.suspended))
    for who in lookers:
        check_comments(oracle, who, db)
        check_people(oracle, who, people, db)
        check_recommended(oracle, who, people, db)
    for who in lookers:
        for post_id in oracle.posts:
            for read in (
                partial(posts.one, db, post_id, who, BASE_URL),
                partial(versions.figures, db, post_id, who),
                partial(versions.asset, db, post_id, PREVIEW, who),
                partial(posts.reactable, db, post_id, who or "", BASE_URL),
            ):
                assert refusal_of(read) == oracle.refusal(who, post_id)
        if newest_first:
            check_lineage(oracle, who, newest_first, db)
        at = position(who, None, 100)
        ask = discovery.Ask(viewer=who or "", cursor=None, limit=100, filter=ALL)
        for_all_of_them = [id_ for id_ in newest_first if in_global_feed(oracle, who, id_)]
        assert ids_of(discovery.latest(db, ask, BASE_URL)) == for_all_of_them
        assert sorted(ids_of(discovery.hot(db, ask, BASE_URL))) == sorted(for_all_of_them)
        known = [id_ for id_ in for_all_of_them if len(oracle.signs(id_)) >= TRENDING_FROM]
        assert sorted(ids_of(discovery.trending(db, ask, BASE_URL))) == sorted(known)
        tagged = [id_ for id_ in newest_first if oracle.wants(who, id_)]
        assert ids_of(discovery.tagged(db, TAG, ask, BASE_URL)) == tagged
        asked = search.Ask(viewer=who or "", query=read_query(TAG), cursor=None, limit=100)
        assert sorted(ids_of(search.posts(db, asked, BASE_URL))) == sorted(tagged)
        whom = {each.id for each in exploring.people(db, who or "")}
        owners = {oracle.posts[id_].owner for id_ in for_all_of_them} - {who}
        assert whom == {each for each in owners if (who, each) not in oracle.follows}
        counted = {each.tag: each.posts for each in search.tags(db, who or "", TAG)}
        assert counted == ({TAG: len(for_all_of_them)} if for_all_of_them else {})
        for owner in people:
            found = [each.post.id for each in feeds.of(db, owner, at, BASE_URL)[0]]
            owners = [id_ for id_ in newest_first if oracle.posts[id_].owner == owner]
            assert found == [id_ for id_ in owners if oracle.may_find(who, id_)]
        if who is not None:
            found = [each.post.id for each in timeline(db, at, BASE_URL)[0]]
            heard = [id_ for id_ in newest_first if oracle.hears(who, oracle.posts[id_].owner)]
            assert found == oracle.shown_on(who) + [id_ for id_ in heard if oracle.wants(who, id_)]
            assert found == paged(lambda at: timeline(db, at, BASE_URL), who)


def check_recommended(oracle: Oracle, who: str | None, people: list[str], db: Reader) -> None:
    """All of it is for everybody; that which may be shown is, but for too many of one author."""
    sounds, viewer = Sounds(), who or ""
    wanted = {id_ for id_ in oracle.posts if in_global_feed(oracle, who, id_)}
    for post_id in oracle.posts:
        for read in (
            partial(similar.similar, db, sounds, 0, post_id, viewer, 50, BASE_URL),
            partial(similar.goes_with, db, post_id, viewer, 50, BASE_URL),
        ):
            assert refusal_of(read) == oracle.refusal(who, post_id)
            if oracle.may_read(who, post_id):
                check_spread(oracle, [each.post.id for each in read()], wanted - {post_id})
    if who is not None:
        known = {each for by, each in oracle.likes if by == who} | {
            id_ for id_ in oracle.posts if who in oracle.signs(id_)
        }
        offered = for_you(db, sounds, 0, who, 50, BASE_URL)
        own = {id_ for id_ in wanted if oracle.posts[id_].owner == who}
        check_spread(oracle, [each.post.id for each in offered], wanted - known - own)
    for other in people:
        asked = partial(similar_people, db, sounds, 0, other, viewer, 50)
        if oracle.is_there(who, other):
            owners = {oracle.posts[id_].owner for id_ in wanted}
            alike = owners - {other, viewer} if other in owners else set()
            assert {each.person.id for each in asked()} == alike


def check_spread(oracle: Oracle, found: list[str], wanted: set[str]) -> None:
    """At most two of one author, and nobody less."""
    by = Counter(oracle.posts[id_].owner for id_ in wanted)
    assert set(found) <= wanted and len(set(found)) == len(found)
    assert Counter(oracle.posts[id_].owner for id_ in found) == {
        who: min(n, MOST_OF_AUTHOR) for who, n in by.items()
    }


def check_lineage(oracle: Oracle, who: str | None, newest_first: list[str], db: Reader) -> None:
    """Of what each post says that it was made from, and what was made of the first."""
    first, *others = newest_first[::-1]
    for post_id in others:
        parent = lineage.made_from(db, post_id, who)
        assert (parent is not None and parent.id == first) is oracle.may_find(who, first)
    made = [id_ for id_ in others[::-1] if oracle.wants(who, id_)]
    assert [each.id for each in lineage.made_of(db, first, who)] == made[:MAX_REMIXES]
    assert lineage.counted(db, first, who) == len(made)
    for post_id in oracle.posts:

        def read(at: Position, post_id: str = post_id) -> feeds.Page:
            found = remixes(db, post_id, at, BASE_URL)
            return found.details, found.next

        whole = partial(read, position(who, None, 100))
        assert refusal_of(whole) == oracle.refusal(who, post_id)
        if oracle.may_read(who, post_id):
            wanted = made if post_id == first else []
            assert ids_of(whole()) == paged(read, who) == wanted


def ids_of(page: feeds.Page) -> list[str]:
    return [each.post.id for each in page[0]]


def check_people(oracle: Oracle, who: str | None, people: list[str], db: Reader) -> None:
    """Whom a search finds, who likes and shows a post; and what an archive of one's own has."""
    for n, other in enumerate(people):
        asked = search.Ask(viewer=who or "", query=read_query(NAMES[n]), cursor=None, limit=9)
        found, _ = search.people(db, asked)
        assert [each.id for each in found] == ([other] if oracle.is_there(who, other) else [])
    for post_id in oracle.posts:
        if oracle.may_read(who, post_id):
            liked = {by for by, which in oracle.likes if which == post_id and oracle.is_there(who, by)}
            assert {each.id for each in likers(db, who, post_id)} == liked
            shown = {by for by, which in oracle.reposts if which == post_id and oracle.is_there(who, by)}
            page = reposts_page(db, who, post_id, ManyPaging(), BASE_URL)
            assert {each.user.id for each in page.reposts} == shown
    if who is not None:
        kept = lists_of(db, who)
        own = {id_ for id_, each in oracle.posts.items() if each.owner == who}
        gone = {id_ for id_, each in oracle.posts.items() if each.shown.state is State.DELETED}
        assert {each["id"] for each in kept["posts"]} == own - gone
        said = {id_ for id_, each in oracle.comments.items() if each.author == who and each.ready}
        assert {each["id"] for each in kept["comments"]} == said
        for name, held in (("likes", oracle.likes), ("reposts", oracle.reposts)):
            assert {each["creation_id"] for each in kept[name]} == {which for by, which in held if by == who}


NOTED_AS = {
    "follow": "follow",
    "request": "follow_request",
    "accepted": "follow_accepted",
    "like": "reaction",
    "repost": "repost",
    "comment": "comment",
    "remix": "remix",
}
ALSO_ACTS = ("comment", "repost", "remix")
"""What stands among the notifications alone, and not in the inbox."""


def check_comments(oracle: Oracle, who: str | None, db: Reader) -> None:
    """Each by its id, and all on the list of their post with the first answers to them."""
    for id_ in oracle.comments:
        assert (comments.one(db, id_, who) is not None) is oracle.sees_comment(who, id_)
    asked = search.Ask(viewer=who or "", query=read_query(SAID), cursor=None, limit=100)
    found, _ = search.comments(db, asked)
    assert {each.id for each in found} == {id_ for id_ in oracle.comments if oracle.finds_comment(who, id_)}
    for post_id in oracle.posts:
        read = partial(Comments.page, Comments(None, BASE_URL), db, who, post_id, None, 100)  # type: ignore[arg-type]
        assert refusal_of(read) == oracle.refusal(who, post_id)
        if oracle.may_read(who, post_id):
            seen = [id_ for id_, each in oracle.comments.items() if each.post_id == post_id]
            seen = [id_ for id_ in seen if oracle.sees_comment(who, id_)]
            roots = [id_ for id_ in seen if oracle.comments[id_].root == id_]
            shown = read().comments
            assert [each.id for each in shown] == roots[::-1]
            for each in shown:
                answers = [id_ for id_ in seen if oracle.comments[id_].root == each.id != id_]
                assert [answer.id for answer in each.replies] == answers[:REPLIES_SHOWN]


def check_lists(oracle: Oracle, people: list[str], db: Reader) -> None:
    """Who follows, asks, blocks, mutes: for whoever looks, without those with whom there is a block."""
    pairs = {
        lists.List.FOLLOWERS: {(b, a) for a, b in oracle.follows},
        lists.List.FOLLOWING: set(oracle.follows),
        lists.List.REQUESTS: {(b, a) for a, b in oracle.asked},
        lists.List.MUTED: oracle.mutes,
        lists.List.BLOCKED: oracle.blocks,
    }
    for which, of in pairs.items():
        for owner in people:
            for viewer in [each for each in people if each not in oracle.suspended]:
                found, _ = lists.people(db, which, owner, viewer=viewer, before=BEGINNING, limit=9)
                shown = {
                    who
                    for whose, who in of
                    if whose == owner and (which is lists.List.BLOCKED or oracle.is_there(viewer, who))
                }
                assert {each.id for each in found} == shown


def paged(read: Callable[[Position], feeds.Page], who: str | None) -> list[str]:
    """The same list, a post a page."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page, cursor = read(position(who, cursor, 1))
        found += [each.post.id for each in page]
    return found


def in_global_feed(oracle: Oracle, who: str | None, post_id: str) -> bool:
    shown = oracle.posts[post_id].shown
    return oracle.wants(who, post_id) and audience(shown) is Audience.EVERYBODY


def refusal_of(read: Callable[[], object]) -> str | None:
    try:
        read()
    except Refusal as refusal:
        return refusal.code
    return None


def told(events: list[Event]) -> list[Told]:
    found: list[Told] = []
    for event in events:
        match read_payload(event):
            case FeedNewPost(post=post):
                found.append(("post", post.id))
            case FeedPostChanged(post=post):
                found.append(("changed", post.id))
            case FeedPostRemoved(post_id=post_id):
                found.append(("removed", post_id))
            case FeedReposted(post=post):
                assert post.reposted_by_id is not None
                found.append(("shown", post.reposted_by_id + post.id))
            case FeedRepostRemoved(post_id=post_id, user_id=user_id):
                found.append(("unshown", user_id + post_id))
            case FeedAuthorRemoved(user_id=user_id):
                found.append(("parted", user_id))
            case CommentAdded(comment=comment):
                found.append(("comment", comment.id))
            case SocialNewFollow(follower=follower):
                found.append(("follow", follower.id))
            case SocialFollowRequest(requester=person):
                found.append(("request", person.id))
            case SocialFollowAccepted(user=person):
                found.append(("accepted", person.id))
            case SocialNewRepost(repost=repost):
                found.append(("repost", repost.user.id + repost.post_id))
            case SocialNewRemix(user_id=user_id, remix=remix):
                found.append(("remix", user_id + remix.id))
            case SocialNewReaction(reaction=reaction):
                found.append(("like", reaction.user_id + reaction.post_id))
    return found


async def a_history(url: str, shelf: FolderObjects, steps: list[tuple[object, ...]]) -> None:
    async with house(url, shelf) as here:
        people = [await here.account(name) for name in NAMES]
        oracle = Oracle(live={who: [] for who in people}, connected={*people})
        begun: dict[str, str] = {}
        live: dict[str, Connection] = {}
        for who in people:
            live[who] = here.connection(who)
            snapshot = await here.join(live[who], None)
            here.hub.go_live(live[who], snapshot.entry)
            begun[who] = snapshot.cursor
        everything = here.connection(people[-1])
        here.hub.go_live(everything, (await here.join(everything, None, global_feed=True)).entry)

        async def cut(who: str) -> None:
            """What they heard so far is all that they hear."""
            if who not in oracle.connected:
                return
            oracle.connected.remove(who)
            assert told(await waiting(live[who])) == oracle.live[who]
            here.hub.remove(live[who])
            if who == people[-1]:
                assert told(await waiting(everything)) == oracle.live_all
                here.hub.remove(everything)

        for step in steps:
            await happen(here, oracle, people, step, cut)
        await here.db.read(partial(check_reads, oracle, people))
        for who in people:
            await cut(who)
            if who in oracle.suspended:
                continue
            again = here.connection(who)
            snapshot = await here.join(again, begun[who])
            assert snapshot.recovered
            assert told([each.event(again.encoding) for each in snapshot.messages]) == oracle.replay(who)
            here.hub.remove(again)
            inbox = (await here.live.inbox(who, None, 100)).items
            page = await Notifications(here.db, BASE_URL).page(who, None, 100)
            noted = [each for _, to, each, _ in oracle.inbox if to == who and oracle.is_noted(who, each)]
            assert sum(len(each.ids) for each in page.notifications) == len(noted)
            assert {each.kind for each in page.notifications} <= {NOTED_AS[kind] for kind, _ in noted} | {
                "reply"
            }
            acts = [each for _, to, each, _ in oracle.inbox if to == who and each[0] not in ALSO_ACTS]
            kept = [each for each in acts if oracle.stands(who, each)]
            assert [kind_of(each) for each in inbox][::-1] == [kind for kind, _ in kept]


def kind_of(item: InboxItem) -> str:
    said = {
        "follow": item.follower,
        "like": item.reaction,
        "request": item.requester,
        "accepted": item.accepted,
    }
    (kind,) = [kind for kind, what in said.items() if what is not None]
    return kind


def also_stories(test: Callable[..., None]) -> Callable[..., None]:
    """What happens is likely to go wrong, besides what chance finds."""
    for steps in STORIES:
        test = example(steps)(test)
    return test


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> FolderObjects:
    return FolderObjects(tmp_path_factory.mktemp("shelf") / "objects")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, shelf: FolderObjects) -> Path:
    """A database with nothing but its tables, to be copied: making them takes longer than a history."""
    path = tmp_path_factory.mktemp("empty") / "relay.db"

    async def make() -> None:
        async with house(f"sqlite:///{path}", shelf):
            pass

    asyncio.run(make())
    return path


@pytest.fixture(scope="module")
def empty_on_postgresql(postgres: PostgresServer, shelf: FolderObjects) -> Iterator[str]:
    with database_of(postgres) as name:

        async def make() -> None:
            async with house(postgres.url(database=name), shelf):
                pass

        asyncio.run(make())
        yield name


def test_everything_shows_exactly_what_the_rule_says(empty: Path, shelf: FolderObjects) -> None:
    @settings(max_examples=HISTORIES, deadline=None)
    @also_stories
    @given(STEPS)
    def histories(steps: list[tuple[object, ...]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = shutil.copy(empty, Path(folder) / "relay.db")
            asyncio.run(a_history(f"sqlite:///{path}", shelf, steps))

    histories()


@pytest.mark.slow
def test_everything_shows_exactly_what_the_rule_says_on_postgresql(
    postgres: PostgresServer, empty_on_postgresql: str, shelf: FolderObjects
) -> None:
    @settings(max_examples=HISTORIES // 5, deadline=None)
    @also_stories
    @given(STEPS)
    def histories(steps: list[tuple[object, ...]]) -> None:
        with database_of(postgres, empty_on_postgresql) as copy:
            asyncio.run(a_history(postgres.url(database=copy), shelf, steps))

    histories()
