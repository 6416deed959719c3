"""What is recommended and why: by sound, by company, by key and tempo; on both engines."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import numpy as np
import pytest

from audio.analyse.likeness_scale import DIMENSIONS
from relay.core.access import Actor
from relay.core.refusal import Refusal
from relay.core.visibility import Visibility
from relay.features.feeds import engagement
from relay.features.feeds.ranking import Sign
from relay.features.graph import blocks
from relay.features.leaving.export import lists_of
from relay.features.recommending import feedback, vectors
from relay.features.recommending.feedback import Feedback
from relay.features.recommending.service import Recommending
from relay.features.recommending.sounds import Sounds
from tests.support.house import BASE_URL, House, house, new_post

LONG_AGO_US = 1_000_000


def sound(*parts: float) -> bytes:
    """A vector that points along the first axes by so much."""
    row = np.zeros(DIMENSIONS, np.float32)
    row[: len(parts)] = parts
    return (row / np.linalg.norm(row)).astype(np.float32).tobytes()


class Scene:
    def __init__(self, here: House) -> None:
        self.here = here
        self.sounds = Sounds()
        self.recommending = Recommending(here.db, self.sounds, BASE_URL)
        self.names: dict[str, str] = {}
        here.told.append(self._told)

    def _told(self, effect: object) -> None:
        if isinstance(effect, vectors.VectorChanged):
            self.sounds.changed(effect)

    async def post(
        self,
        name: str,
        owner: str,
        vector: bytes | None = None,
        bpm: float | None = None,
        key: str | None = None,
        visibility: Visibility = Visibility.PUBLIC,
    ) -> str:
        made = await self.here.db.write(
            lambda tx: new_post(
                tx,
                owner,
                title=name,
                bpm=bpm,
                key=key,
                vector=vector,
                visibility=visibility,
                at_us=LONG_AGO_US,
            )
        )
        self.names[made] = name
        return made

    async def give(self, who: str, *posts: str, sign: Sign = Sign.LIKE) -> None:
        for n, post_id in enumerate(posts):
            at_us = LONG_AGO_US + n
            await self.here.db.write(lambda tx: engagement.give(tx, post_id, who, sign, at_us))  # noqa: B023 (awaited)

    def said(self, details: Sequence[object]) -> list[tuple[str, str]]:
        return [(self.names[each.post.id], each.post.why) for each in details]  # type: ignore[attr-defined]


@asynccontextmanager
async def scene(url: str) -> AsyncIterator[Scene]:
    async with house(url) as here:
        yield Scene(here)


async def test_what_sounds_alike_follows_what_changes(database_url: str) -> None:
    async with scene(database_url) as given:
        anna, ben, carl = [await given.here.account(name) for name in ("anna", "ben", "carl")]
        first = await given.post("Dusk", anna, sound(1))
        near = await given.post("Near", ben, sound(1, 0.3))
        await given.post("Far", ben, sound(0, 1))
        await given.post("Unheard", carl)
        assert given.said(await given.recommending.similar(first, "", 9)) == [("Near", "Sounds like “Dusk”.")]

        later = await given.post("Later", carl, sound(1, 0.1))
        await given.here.owning.delete(Actor(user_id=ben), near)
        for viewer in ("", anna):
            found = await given.recommending.similar(first, viewer, 9)
            assert given.said(found) == [("Later", "Sounds like “Dusk”.")]
        await given.here.db.write(lambda tx: blocks.mute(tx, anna, carl))
        assert await given.recommending.similar(first, anna, 9) == []
        assert (await given.recommending.similar(first, "", 1))[0].post.id == later

        given.sounds.lost()  # all is read anew
        assert len(await given.recommending.similar(first, "", 9)) == 1
        hidden = await given.post("Own", carl, sound(1), visibility=Visibility.PRIVATE)
        with pytest.raises(Refusal, match="no such post"):
            await given.recommending.similar(hidden, "", 9)
        assert {name for name, _ in given.said(await given.recommending.similar(hidden, carl, 9))} == {
            "Dusk",
            "Later",
        }


async def test_what_the_same_people_like(database_url: str) -> None:
    """Of two of them and more, by more than having heard it."""
    async with scene(database_url) as given:
        people = [await given.here.account(f"fan{n}") for n in range(4)]
        anna, ben = await given.here.account("anna"), await given.here.account("ben")
        first, other, lonely = (
            await given.post("Dusk", anna),
            await given.post("Dawn", ben),
            await given.post("Noon", ben),
        )
        for who in people[:3]:
            await given.give(who, first, other)
        await given.give(people[0], lonely)
        await given.give(people[3], first, lonely, sign=Sign.PLAY)
        found = await given.recommending.similar(first, "", 9)
        assert given.said(found) == [("Dawn", "3 people who like “Dusk” like this.")]
        assert found[0].post.reason == "people"  # type: ignore[attr-defined]
        whom = await given.recommending.similar_people("anna", "", 9)
        assert [(each.person.username, each.why) for each in whom] == [
            ("ben", "People who like what anna makes like what they make.")
        ]
        assert await given.recommending.similar_people("anna", ben, 9) == []


async def test_what_goes_with_a_post(database_url: str) -> None:
    async with scene(database_url) as given:
        anna, ben, carl = [await given.here.account(name) for name in ("anna", "ben", "carl")]
        first = await given.post("Dusk", anna, sound(1), bpm=124, key="Am")
        await given.post("Fifth", ben, sound(0, 1), bpm=126, key="E minor")
        await given.post("Half", carl, sound(1, 0.2), bpm=62, key="C major")
        await given.post("Fast", carl, sound(1), bpm=140, key="Am")
        await given.post("Off", carl, sound(1), bpm=124, key="F# major")
        await given.post("Unknown", carl, sound(1), bpm=124)
        unknown = await given.post("Free", anna, sound(1), key="Am")
        found = given.said(await given.recommending.goes_with(first, "", 9))
        assert found == [("Half", "Goes with it: 8B, 62 BPM."), ("Fifth", "Goes with it: 9A, 126 BPM.")]
        assert await given.recommending.goes_with(unknown, "", 9) == []
        beside = await given.recommending.beside(first, "")
        assert [name for name, _ in given.said(beside.goes_with)] == ["Half", "Fifth"]
        similar = {name for name, _ in given.said(beside.similar)}
        assert similar <= {"Fast", "Off", "Unknown", "Free"} and "Fast" in similar


async def test_what_is_for_somebody_and_why(database_url: str) -> None:
    """Nothing of theirs, nothing that they know, nothing hidden; what is disliked lowers what is like it; a share of the places for what is new."""
    async with scene(database_url) as given:
        anna = await given.here.account("anna")
        fans = [await given.here.account(f"fan{n}") for n in range(4)]
        makers = [await given.here.account(f"maker{n}") for n in range(9)]
        assert await given.recommending.for_you(anna, 20) == []

        mine = await given.post("Mine", anna, sound(1))
        liked = await given.post("Dusk", makers[0], sound(1))
        alike = await given.post("Near", makers[1], sound(1, 0.5))
        shared = await given.post("Dawn", makers[2], sound(0, 0, 1))
        many = await given.post("Noon", makers[3], sound(0, 0, 0, 1))
        new = [await given.post(f"New {n}", makers[4 + n // 2], sound(0, 0, 0, 0, 1)) for n in range(4)]
        for who in fans[:3]:
            await given.give(who, liked, shared, mine)
            await given.give(who, many, sign=Sign.PLAY)
        assert not await given.recommending.is_known(anna)
        cold = given.said(await given.recommending.for_you(anna, 20))
        assert {name for name, why in cold if why == "Many people like this now."} == {"Dusk", "Dawn", "Noon"}

        await given.give(anna, liked)
        found = given.said(await given.recommending.for_you(anna, 20))
        assert found[:2] == [
            ("Near", "Sounds like “Dusk”, which you like."),
            ("Dawn", "People who like “Dusk” like this."),
        ]
        assert {name for name, _ in found} == {"Dawn", "Near", "Noon", *(f"New {n}" for n in range(4))}
        assert dict(found)["New 0"] == "New here: few know it yet."

        assert await given.recommending.give_feedback(anna, shared, Feedback.HIDE) == Feedback.HIDE
        await given.recommending.give_feedback(anna, alike, Feedback.DISLIKE)
        found = given.said(await given.recommending.for_you(anna, 20))
        assert "Dawn" not in dict(found) and "Sounds like" not in str(found)
        await given.recommending.give_feedback(anna, new[0], Feedback.LIKE)
        assert "which you like" in dict(given.said(await given.recommending.for_you(anna, 20)))["New 1"]
        await given.recommending.take_feedback_back(anna, shared)
        assert "Dawn" in dict(given.said(await given.recommending.for_you(anna, 20)))

        await given.here.db.write(lambda tx: blocks.block(tx, makers[0], anna))  # nor is its title said
        said = dict(given.said(await given.recommending.for_you(anna, 20)))
        assert said["Dawn"] == "People who like what you like like this." and "Dusk" not in str(said)


async def test_what_somebody_says_is_said_once_and_bounded(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert feedback.MAX_OF_ACCOUNT == 5_000
    monkeypatch.setattr(feedback, "MAX_OF_ACCOUNT", 3)
    async with scene(database_url) as given:
        anna, ben = await given.here.account("anna"), await given.here.account("ben")
        posts = [await given.post(f"P{n}", ben) for n in range(5)]
        say = given.recommending.give_feedback
        for _ in range(2):
            assert await say(anna, posts[0], Feedback.LIKE) == Feedback.LIKE
        assert await say(anna, posts[0], Feedback.CLICK) == Feedback.LIKE | Feedback.CLICK
        assert await say(anna, posts[0], Feedback.DISLIKE) == Feedback.DISLIKE | Feedback.CLICK
        await say(anna, posts[1], Feedback.SKIP)
        await say(anna, posts[2], Feedback.HIDE)
        await say(anna, posts[3], Feedback.HIDE)  # what was skipped makes room
        standing = await given.here.db.read(lambda db: [feedback.of(db, anna, each) for each in posts])
        assert standing == [Feedback.DISLIKE | Feedback.CLICK, 0, Feedback.HIDE, Feedback.HIDE, 0]
        with pytest.raises(Refusal, match="3 posts"):
            await say(anna, posts[4], Feedback.LIKE)
        private = await given.post("Own", ben, visibility=Visibility.PRIVATE)
        with pytest.raises(Refusal, match="no such post"):
            await say(anna, private, Feedback.LIKE)
        kept = (await given.here.db.read(lambda db: lists_of(db, anna)))["said_of_recommended"]
        assert {each["creation_id"] for each in kept} == {posts[0], posts[2], posts[3]}
        await given.here.owning.delete(Actor(user_id=ben), posts[2])
        assert await given.here.db.read(lambda db: feedback.of(db, anna, posts[2])) == 0
