"""What is written to people of their notifications. Plain text, no picture; every letter says how to get no more of them (RFC 8058)."""

from collections.abc import Sequence

from relay.engine.mail import Letter
from relay.wire.notifications import Notification

MAX_SHOWN = 30
"""Lines of one letter; it says how many more there are."""
MAX_SUBJECT_CHARS = 120
SPANS = {"daily": "today", "weekly": "this week"}


def told(
    *,
    name: str,
    to: str,
    username: str,
    notifications: Sequence[Notification],
    group_key: str,
    stop_url: str,
    choose_url: str,
    host: str,
) -> Letter:
    """name: of the letter, the same in every try. group_key: of the delivery. [any]"""
    lines = "\n\n".join(map(_line, notifications[:MAX_SHOWN]))
    left = len(notifications) - MAX_SHOWN
    more = f"\n\nAnd {left} more: {choose_url.removesuffix('/preferences')}" if left > 0 else ""
    text = f"""{lines}{more}

--
To {username} at {host}, who chose to get this by mail.
Choose what you get: {choose_url}
Stop these letters, without signing in: {stop_url}
"""
    return Letter(
        to=to,
        subject=_subject(notifications, group_key),
        text=text,
        name=name,
        headers={
            "List-Unsubscribe": f"<{stop_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )


def switched_off(to: str, username: str, url: str, why: str, host: str, page_url: str) -> Letter:
    """[any]"""
    text = f"""{username}, your webhook at {host} is called no more:

{url}

{why}

What was to go there stays in your notifications. Once it answers again, switch it on: {page_url}
"""
    return Letter(to=to, subject="Your webhook was switched off", text=text)


def _subject(notifications: Sequence[Notification], group_key: str) -> str:
    count = len(notifications)
    if group_key in SPANS:
        return f"{count} {'notification' if count == 1 else 'notifications'} {SPANS[group_key]}"
    first = notifications[0].sentence
    whole = first if count == 1 else f"{first}, and {count - 1} more"
    return whole if len(whole) <= MAX_SUBJECT_CHARS else f"{whole[: MAX_SUBJECT_CHARS - 1]}…"


def _line(each: Notification) -> str:
    words = f"\n  {each.text}".replace("\n", "\n  ") if each.text else ""
    return f"- {each.sentence}{words}\n  {each.url}"
