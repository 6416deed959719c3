"""Times of the wire: RFC 3339 in UTC from Unix microseconds, by arithmetic (Howard Hinnant's civil_from_days)."""

_DAY_US = 86_400_000_000


def rfc3339(unix_us: int) -> str:
    """2026-11-21T03:52:07.123456Z. unix_us >= 0. [any]"""
    days, us = divmod(unix_us, _DAY_US)
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    year = year_of_era + era * 400 + (month <= 2)
    seconds, micros = divmod(us, 1_000_000)
    hours, rest = divmod(seconds, 3600)
    return f"{year:04}-{month:02}-{day:02}T{hours:02}:{rest // 60:02}:{rest % 60:02}.{micros:06}Z"
