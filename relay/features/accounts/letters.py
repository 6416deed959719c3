"""What is written to people about the ways in to their account. Plain text; no picture, no link but the one."""

from relay.engine.mail import Letter


def linked(to: str, username: str, *, title: str, page: str, host: str) -> Letter:
    """title: of the provider; page: where links are ended. [any]"""
    text = f"""Whoever signs in to {title} with an account that was linked just now signs in as {username} at {host}, too.

If it was not you, end that link, then change your password: somebody else is signed in as you.

{page}
"""
    return Letter(to=to, subject=f"{title} now signs you in at {host}", text=text)


def unlinked(to: str, username: str, *, title: str, page: str, host: str) -> Letter:
    """As `linked`. [any]"""
    text = f"""An account at {title} signed in as {username} at {host}. That link was ended just now.

If it was not you, change your password and link it again: somebody else is signed in as you.

{page}
"""
    return Letter(to=to, subject=f"{title} no longer signs you in at {host}", text=text)
