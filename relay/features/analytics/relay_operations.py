"""/api/v1/analytics/content and /platform, and their pages: what is made on this relay, and how it goes."""

from collections.abc import Iterator, Sequence

from relay.core.access import Action
from relay.core.calls import Answer, AnyAnswer, AnyCall, AnyRow, Page, Render, Row
from relay.engine.database import Database
from relay.features.analytics import charts
from relay.features.analytics.content import TEMPO_STEP_BPM, Content
from relay.features.analytics.operations import RANGES, Asked, RangeQuery, csv_answer
from relay.features.analytics.own import Range
from relay.features.analytics.platform import platform_numbers
from relay.features.analytics.telling import Cell, as_csv
from relay.wire import analytics_operations as wire
from relay.wire.analytics import ContentNumbers, PlatformNumbers, TempoRange

CONTENT_PATH, PLATFORM_PATH = "/explore/numbers", "/moderation/numbers"
DAY_COLUMNS = (
    "day",
    "active",
    "engaged",
    "hearers",
    "sign_ups",
    "made",
    "forks",
    "jobs_done",
    "jobs_failed",
)
USUAL_BPM = (60, 180)
RATES = {
    "uploads": "of the last week's uploads became a post",
    "shared": "of what is written in the studio is shared, with everybody or by a link",
    "forked": "of what is shared with everybody was forked",
    "samples": "of all accounts uploaded a sample",
    "migrated": "of all accounts brought what they had made without one",
    "crash_free": "of all uses without a crash",
}


def rows(db: Database, content: Content, render: Render) -> list[AnyRow]:
    async def of_content(call: Asked) -> Answer[ContentNumbers]:
        numbers = await content.numbers(call.query.days)
        if call.query.format == "csv":
            return csv_answer("content", as_csv(("what", "of", "n"), _lines(numbers)))
        return Answer(value=numbers)

    async def platform(days: str) -> PlatformNumbers:
        within = Range.of(int(days))
        return await db.read(lambda reader: platform_numbers(reader, within))

    async def of_platform(call: Asked) -> Answer[PlatformNumbers]:
        numbers = await platform(call.query.days)
        if call.query.format == "csv":
            days = ([getattr(day, name) for name in DAY_COLUMNS] for day in numbers.days)
            return csv_answer("platform", as_csv(DAY_COLUMNS, days))
        return Answer(value=numbers)

    async def content_page(call: AnyCall) -> AnyAnswer:
        numbers = await content.numbers(call.query.days)
        tempi = _by_tens(numbers.tempi)
        return render(
            "content_numbers.html",
            call.session,
            numbers=numbers,
            range=call.query.days,
            ranges=RANGES,
            tempi=charts.columns(list(tempi.values())),
            slowest=min(tempi),
            fastest=max(tempi) + TEMPO_STEP_BPM,
        )

    async def platform_page(call: AnyCall) -> AnyAnswer:
        numbers = await platform(call.query.days)
        days = numbers.days
        return render(
            "platform_numbers.html",
            call.session,
            numbers=numbers,
            range=call.query.days,
            ranges=RANGES,
            rates={words: getattr(numbers.rates, name) for name, words in RATES.items()},
            active=charts.columns([day.active for day in days]),
            engaged=charts.columns([day.engaged for day in days]),
            hearers=charts.columns([day.hearers for day in days]),
            sign_ups=charts.columns([day.sign_ups for day in days]),
            made=charts.columns([day.made for day in days]),
        )

    return [
        Row(wire.CONTENT_NUMBERS, Action.FEED_READ, of_content),
        Row(wire.PLATFORM_NUMBERS, Action.NUMBERS_OF_PLATFORM, of_platform),
        Page("GET", CONTENT_PATH, Action.FEED_READ, content_page, query=RangeQuery),
        Page("GET", PLATFORM_PATH, Action.NUMBERS_OF_PLATFORM, platform_page, query=RangeQuery),
    ]


def _by_tens(tempi: Sequence[TempoRange]) -> dict[int, int]:
    """Without gaps, and at least those of USUAL_BPM."""
    counted = {each.bpm_from: each.count for each in tempi}
    first, last = min((USUAL_BPM[0], *counted)), max((USUAL_BPM[1], *counted))
    return {bpm: counted.get(bpm, 0) for bpm in range(first, last + 1, TEMPO_STEP_BPM)}


def _lines(numbers: ContentNumbers) -> Iterator[Sequence[Cell]]:
    """All of it in one table."""
    yield from (("listeners", each.title or each.id, each.listeners) for each in numbers.rankings)
    yield from (("key", each.key, each.count) for each in numbers.keys)
    yield from (("tempo", f"{each.bpm_from} to {each.bpm_to}", each.count) for each in numbers.tempi)
    yield from (("instrument", each.title, each.usage_count) for each in numbers.instruments)
    yield from (("made", each.kind, each.made) for each in numbers.kinds)
    yield from (("shared", each.kind, each.shared) for each in numbers.kinds)
    yield from (("forked", each.kind, each.forked) for each in numbers.kinds)
