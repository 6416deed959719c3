"""Recommendations for programs."""

from dataclasses import dataclass
from typing import cast

import msgspec

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.limits import Kind
from relay.features.creations.api import Detail
from relay.features.recommending.feedback import Feedback
from relay.features.recommending.service import Recommending
from relay.wire import recommending_operations as wire
from relay.wire.operation import Nothing
from relay.wire.recommending import FeedbackSaid, GivenFeedback, Shortlist, SimilarPeople
from relay.wire.rest import FeedPage, FeedPost

ListCall = Call[Nothing, Shortlist]


@dataclass(frozen=True, kw_only=True, slots=True)
class RecommendingOperations:
    """[loop]"""

    recommending: Recommending

    async def similar(self, call: ListCall) -> FeedPage:
        viewer = call.actor.user_id or ""
        return page(await self.recommending.similar(call.path["post_id"], viewer, call.query.limit))

    async def goes_with(self, call: ListCall) -> FeedPage:
        viewer = call.actor.user_id or ""
        return page(await self.recommending.goes_with(call.path["post_id"], viewer, call.query.limit))

    async def similar_people(self, call: ListCall) -> SimilarPeople:
        viewer, name = call.actor.user_id or "", call.path["name"]
        return SimilarPeople(people=await self.recommending.similar_people(name, viewer, call.query.limit))

    async def for_you(self, call: ListCall) -> FeedPage:
        return page(await self.recommending.for_you(call.account_id, call.query.limit))

    async def give_feedback(self, call: Call[GivenFeedback, Nothing]) -> FeedbackSaid:
        said = Feedback[call.body.said.upper()]
        return _told(await self.recommending.give_feedback(call.account_id, call.path["post_id"], said))

    async def take_feedback_back(self, call: Call[Nothing, Nothing]) -> FeedbackSaid:
        await self.recommending.take_feedback_back(call.account_id, call.path["post_id"])
        return _told(Feedback(0))

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.SIMILAR_POSTS, Action.POST_READ, self.similar),
            Row(wire.GOES_WITH, Action.POST_READ, self.goes_with),
            Row(wire.SIMILAR_PEOPLE, Action.PROFILE_READ, self.similar_people),
            Row(wire.FOR_YOU, Action.TIMELINE_READ, self.for_you),
            Row(wire.GIVE_FEEDBACK, Action.POST_SAVE, self.give_feedback, limit=Kind.SAVE),
            Row(wire.TAKE_FEEDBACK_BACK, Action.POST_SAVE, self.take_feedback_back, limit=Kind.SAVE),
        ]


def page(details: list[Detail]) -> FeedPage:
    """Of details that are FeedPosts; there is no other page. [any]"""
    return FeedPage(posts=[cast(FeedPost, detail.post) for detail in details], next=None)


def _told(said: Feedback) -> FeedbackSaid:
    names = (cast(str, each.name).lower() for each in Feedback if each & said)
    return msgspec.convert({"said": list(names)}, FeedbackSaid)
