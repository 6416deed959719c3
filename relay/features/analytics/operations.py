"""/api/v1/analytics, and /numbers: what somebody is told of their own posts, as JSON, CSV and pictures."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import Answer, AnyAnswer, AnyCall, AnyRow, Call, Page, Render, Row
from relay.engine.database import Database
from relay.features.analytics import charts
from relay.features.analytics.own import Range, own_numbers, post_numbers
from relay.features.analytics.telling import as_csv
from relay.features.creations import api as creations
from relay.wire import analytics_operations as wire
from relay.wire.analytics import DayNumbers, NumbersQuery, OwnNumbers, PostOverTime
from relay.wire.analytics import Range as RangeName
from relay.wire.operation import Nothing

PATH = "/numbers"
RANGES: dict[str, str] = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "A year"}
SAID = ("likes", "reactions", "comments", "reposts")
Asked = Call[Nothing, NumbersQuery]


class RangeQuery(Struct, frozen=True, kw_only=True):
    """Query of a page of numbers."""

    days: RangeName = "30"


def csv_answer(name: str, content: bytes) -> Answer[Any]:  # any: the row's type is of its JSON
    """[any]"""
    return Answer(
        content=content,
        media_type="text/csv; charset=utf-8",
        headers={
            "content-disposition": f'attachment; filename="{name}.csv"',
            "cache-control": "private, no-store",
        },
    )


def rows(db: Database, base_url: str, render: Render) -> list[AnyRow]:
    async def own(call: AnyCall) -> OwnNumbers:
        within = Range.of(int(call.query.days))
        return await db.read(lambda reader: own_numbers(reader, call.account_id, within, base_url))

    async def of_post(call: AnyCall) -> PostOverTime:
        within, post_id = Range.of(int(call.query.days)), call.path["post_id"]
        return await db.read(lambda reader: post_numbers(reader, call.actor, post_id, within, base_url))

    async def told(call: Asked) -> Answer[OwnNumbers]:
        numbers = await own(call)
        return _days_csv(numbers.days) if call.query.format == "csv" else Answer(value=numbers)

    async def told_of_post(call: Asked) -> Answer[PostOverTime]:
        numbers = await of_post(call)
        return _days_csv(numbers.days) if call.query.format == "csv" else Answer(value=numbers)

    async def page(call: AnyCall) -> AnyAnswer:
        numbers = await own(call)
        followers = [day.followers or 0 for day in numbers.days]
        return render(
            "numbers.html",
            call.session,
            numbers=numbers,
            range=call.query.days,
            ranges=RANGES,
            listeners=charts.columns([day.listeners for day in numbers.days]),
            said=charts.columns([_said(day) for day in numbers.days]),
            followers=charts.area(followers),
            gained=followers[-1] - followers[0],
        )

    async def page_of_post(call: AnyCall) -> AnyAnswer:
        numbers = await of_post(call)
        post_id = call.path["post_id"]
        detail = await db.read(lambda reader: creations.one(reader, post_id, call.account_id, base_url))
        return render(
            "numbers_of_post.html",
            call.session,
            numbers=numbers,
            detail=detail,
            range=call.query.days,
            ranges=RANGES,
            listeners=charts.columns([day.listeners for day in numbers.days]),
            said=charts.columns([_said(day) for day in numbers.days]),
            stops=None if numbers.stops is None else charts.columns(numbers.stops),
        )

    return [
        Row(wire.OWN_NUMBERS, Action.NUMBERS_READ, told),
        Row(wire.POST_NUMBERS, Action.NUMBERS_OF_POST, told_of_post),
        Page("GET", PATH, Action.NUMBERS_READ, page, query=RangeQuery),
        Page("GET", f"{PATH}/posts/{{post_id}}", Action.NUMBERS_OF_POST, page_of_post, query=RangeQuery),
    ]


def _said(day: DayNumbers) -> int:
    return day.likes + day.reactions + day.comments + day.reposts


def _days_csv(days: Sequence[DayNumbers]) -> Answer[Any]:  # any: as csv_answer
    header = ("day", "plays", "listeners", *SAID, "followers")
    return csv_answer("numbers", as_csv(header, ([getattr(day, name) for name in header] for day in days)))
