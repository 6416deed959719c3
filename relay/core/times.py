"""Times of the wire: RFC 3339 in UTC from Unix microseconds, by arithmetic (Howard Hinnant's civil_from_days)."""

from functools import lru_cache

_DAY_US = 86_400_000_000


def rfc3339(unix_us: int) -> str:
    """2026-11-21T03:52:07.123456Z. unix_us >= 0. [any]"""
    days, us = divmod(unix_us, _DAY_US)
    seconds, micros = divmod(us, 1_000_000)
    hours, rest = divmod(seconds, 3600)
    return f"{_date(days)}T{hours:02}:{rest // 60:02}:{rest % 60:02}.{micros:06}Z"


@lru_cache(512)  # most of what is told is of these days
def _date(days: int) -> str:
    """Of so many days since 1970."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    year = year_of_era + era * 400 + (month <= 2)
    return f"{year:04}-{month:02}-{day:02}"


def parse_rfc3339_us(text: str) -> int:
    """The inverse of rfc3339, for its own form only. Raises ValueError. [any]"""
    year, month, day = int(text[0:4]), int(text[5:7]), int(text[8:10])
    hours, mins, seconds, micros = int(text[11:13]), int(text[14:16]), int(text[17:19]), int(text[20:26])
    shifted_year = year - (month <= 2)
    era, year_of_era = divmod(shifted_year, 400)
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    days = era * 146_097 + day_of_era - 719_468
    return days * _DAY_US + ((hours * 60 + mins) * 60 + seconds) * 1_000_000 + micros
