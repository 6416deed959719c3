"""When something is taken to somebody, and when it is tried again. Decides only; the times are given."""

import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from relay.core.refusal import Refusal
from relay.features.notifications.api import Kind

SECOND_US = 1_000_000
DAY_US = 24 * 3600 * SECOND_US
MAX_ATTEMPTS = 6
RETRY_US = tuple(seconds * SECOND_US for seconds in (30, 120, 600, 3_600, 6 * 3_600))
"""Before each further try: after these, seven hours and a half are over."""
MAX_ASKED_WAIT_US = 24 * 3600 * SECOND_US
"""What a service may ask for (Retry-After)."""
MAX_FAILURES = 12
"""Calls of a webhook that failed in a row: then it is switched off."""
DIGEST_HOUR = 8
"""Of the day of whom it is for; of the week, on Mondays."""


class Channel(StrEnum):
    """A way to somebody beside the site, its WebSocket and the desktop, which tell of all that is in the list."""

    MAIL = "mail"
    PUSH = "push"
    WEBHOOK = "webhook"


class Priority(StrEnum):
    """How soon, and whether quiet hours hold."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Letters(StrEnum):
    """How often somebody is written to."""

    EACH = "each"
    DAILY = "daily"
    WEEKLY = "weekly"


GATHER_S = {
    Channel.MAIL: {Priority.LOW: 1_800, Priority.NORMAL: 300, Priority.HIGH: 30, Priority.URGENT: 0},
    Channel.PUSH: {Priority.LOW: 300, Priority.NORMAL: 30, Priority.HIGH: 0, Priority.URGENT: 0},
    Channel.WEBHOOK: dict.fromkeys(Priority, 0),
}
"""So long the first of several waits for the others."""
MOST = {
    Channel.MAIL: (24, DAY_US),
    Channel.PUSH: (60, 3600 * SECOND_US),
    Channel.WEBHOOK: (1_000, 3600 * SECOND_US),
}
"""Of each channel, deliveries to one account in so long; the rest waits, gathered."""
PRIORITIES = {
    Kind.FOLLOW: Priority.LOW,
    Kind.FOLLOW_REQUEST: Priority.HIGH,
    Kind.FOLLOW_ACCEPTED: Priority.LOW,
    Kind.REACTION: Priority.LOW,
    Kind.REPOST: Priority.NORMAL,
    Kind.COMMENT: Priority.NORMAL,
    Kind.REPLY: Priority.HIGH,
    Kind.MENTION: Priority.HIGH,
    Kind.REMIX: Priority.NORMAL,
}
"""Unless somebody chooses otherwise."""
TOLD_BY = {Channel.MAIL: False, Channel.PUSH: True, Channel.WEBHOOK: True}
"""Likewise. An address was given for a password; a browser or a webhook for this."""


class Choice(Struct, frozen=True, kw_only=True):
    """Of one kind."""

    mail: bool
    push: bool
    webhook: bool
    priority: Priority

    def by(self, channel: Channel) -> bool:
        return bool(getattr(self, channel.value))


class Schedule(Struct, frozen=True, kw_only=True):
    """quiet_from_min, quiet_to_min: of the day in time_zone; None: no hours are quiet. From 23:00 to 7:00 goes over midnight."""

    letters: Letters = Letters.EACH
    time_zone: str = "UTC"
    quiet_from_min: int | None = None
    quiet_to_min: int | None = None


def default_choice(kind: Kind) -> Choice:
    """[any]"""
    return Choice(
        mail=TOLD_BY[Channel.MAIL],
        push=TOLD_BY[Channel.PUSH],
        webhook=TOLD_BY[Channel.WEBHOOK],
        priority=PRIORITIES[kind],
    )


def zone_of(name: str) -> datetime.tzinfo:
    """Raises Refusal: validation. [any]"""
    if name == "UTC":
        return datetime.UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refusal(
            "validation", "This time zone is not known here.", "Give one such as Europe/Berlin, or UTC."
        ) from None


def due_us(channel: Channel, priority: Priority, schedule: Schedule, now_us: int) -> int:
    """When what has just happened is taken to somebody, at the earliest. [any]"""
    if channel is Channel.MAIL and schedule.letters is not Letters.EACH and priority is not Priority.URGENT:
        return loud_us(priority, schedule, _digest_us(schedule, now_us))
    at_us = now_us + GATHER_S[channel][priority] * SECOND_US
    return at_us if channel is Channel.WEBHOOK else loud_us(priority, schedule, at_us)


def loud_us(priority: Priority, schedule: Schedule, at_us: int) -> int:
    """at_us, or the end of the quiet hours that it is in. [any]"""
    start, end = schedule.quiet_from_min, schedule.quiet_to_min
    if priority is Priority.URGENT or start is None or end is None or start == end:
        return at_us
    local = _local(schedule, at_us)
    minute = local.hour * 60 + local.minute
    is_quiet = start <= minute < end if start < end else minute >= start or minute < end
    if not is_quiet:
        return at_us
    return _at_clock(local, end, days=1 if start > end and minute >= start else 0)


def group_of(channel: Channel, kind: Kind, priority: Priority, schedule: Schedule, note_id: str) -> str:
    """What is told of together. [any]"""
    match channel:
        case Channel.MAIL if schedule.letters is Letters.EACH or priority is Priority.URGENT:
            return priority.value
        case Channel.MAIL:
            return schedule.letters.value
        case Channel.PUSH:
            return kind.value
        case Channel.WEBHOOK:
            return note_id


def retry_us(attempts: int, asked_s: int | None, now_us: int) -> int | None:
    """When it is tried again after so many; None: never. asked_s: what the service says. [any]"""
    if attempts >= MAX_ATTEMPTS:
        return None
    asked_us = 0 if asked_s is None else min(asked_s * SECOND_US, MAX_ASKED_WAIT_US)
    return now_us + max(RETRY_US[attempts - 1], asked_us)


def _digest_us(schedule: Schedule, now_us: int) -> int:
    """The next morning, or Monday's."""
    local = _local(schedule, now_us)
    days = (7 - local.weekday()) % 7 if schedule.letters is Letters.WEEKLY else 0
    at_us = _at_clock(local, DIGEST_HOUR * 60, days=days)
    if at_us > now_us:
        return at_us
    return _at_clock(local, DIGEST_HOUR * 60, days=days + (7 if schedule.letters is Letters.WEEKLY else 1))


def _local(schedule: Schedule, at_us: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at_us // SECOND_US, zone_of(schedule.time_zone))


def _at_clock(local: datetime.datetime, minute: int, *, days: int) -> int:
    """So many days after that day, when its clocks show that minute."""
    day = local.date() + datetime.timedelta(days=days)
    found = datetime.datetime.combine(day, datetime.time(minute // 60, minute % 60), local.tzinfo)
    return int(found.timestamp()) * SECOND_US
