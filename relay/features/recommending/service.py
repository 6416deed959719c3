"""What is recommended, asked for: each list is one read, of one snapshot."""

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from relay.engine.database import Connection, Database, Tx
from relay.features.creations import api as creations
from relay.features.creations.api import Detail
from relay.features.recommending import feedback, for_you, people, similar
from relay.features.recommending.feedback import Feedback
from relay.features.recommending.sounds import Sounds
from relay.wire.recommending import SimilarPerson

T = TypeVar("T")
BESIDE_A_POST = 5


class Beside(Struct, frozen=True, kw_only=True):
    """What stands beside a post on its page."""

    goes_with: list[Detail]
    similar: list[Detail]


class Recommending:
    """[loop]"""

    def __init__(self, db: Database, sounds: Sounds, base_url: str) -> None:
        self._db = db
        self._sounds = sounds
        self._base_url = base_url

    async def similar(self, post_id: str, viewer: str, limit: int) -> list[Detail]:
        """Raises Refusal: not_found, gone."""
        return await self._read(
            lambda db, noted: similar.similar(db, self._sounds, noted, post_id, viewer, limit, self._base_url)
        )

    async def goes_with(self, post_id: str, viewer: str, limit: int) -> list[Detail]:
        """Raises Refusal: not_found, gone."""
        return await self._db.read(lambda db: similar.goes_with(db, post_id, viewer, limit, self._base_url))

    async def beside(self, post_id: str, viewer: str) -> Beside:
        """What goes with it is not said a second time. Raises Refusal: not_found, gone."""

        def work(db: Connection, noted: int) -> Beside:
            fits = similar.goes_with(db, post_id, viewer, BESIDE_A_POST, self._base_url)
            said = {each.post.id for each in fits}
            near = similar.similar(
                db, self._sounds, noted, post_id, viewer, BESIDE_A_POST + len(said), self._base_url
            )
            others = [each for each in near if each.post.id not in said]
            return Beside(goes_with=fits, similar=others[:BESIDE_A_POST])

        return await self._read(work)

    async def similar_people(self, name: str, viewer: str, limit: int) -> list[SimilarPerson]:
        """Raises Refusal: not_found."""
        return await self._read(
            lambda db, noted: people.similar_people(db, self._sounds, noted, name, viewer, limit)
        )

    async def for_you(self, viewer: str, limit: int) -> list[Detail]:
        """The best first."""
        return await self._read(
            lambda db, noted: for_you.for_you(db, self._sounds, noted, viewer, limit, self._base_url)
        )

    async def is_known(self, viewer: str) -> bool:
        """Whether there is anything that they like."""
        return await self._db.read(lambda db: bool(for_you.taste(db, viewer).liked))

    async def give_feedback(self, account_id: str, post_id: str, said: Feedback) -> Feedback:
        """All that is said of the post now. Raises Refusal: not_found, gone, quota_exceeded."""

        def work(tx: Tx) -> Feedback:
            creations.reactable(tx.db, post_id, account_id, self._base_url)
            return feedback.give(tx, account_id, post_id, said)

        return await self._db.write(work)

    async def take_feedback_back(self, account_id: str, post_id: str) -> None:
        """Also of what one may no longer see. Raises Refusal: not_found, gone; then it is taken back all the same."""
        await self._db.write(lambda tx: feedback.take_back(tx, account_id, post_id))
        await self._db.read(lambda db: creations.reactable(db, post_id, account_id, self._base_url))

    async def _read(self, work: Callable[[Connection, int], T]) -> T:
        """work is given what was noted before its snapshot."""
        noted = self._sounds.noted
        return await self._db.read(lambda db: work(db, noted))
