"""What is written to people about their password. Plain text; no picture, one link at most."""

from relay.engine.mail import Letter


def reset(to: str, username: str, link: str, host: str) -> Letter:
    """[any]"""
    text = f"""Somebody, perhaps you, asked for a new password for {username} at {host}.

This link sets one, once, within an hour:

{link}

If it was not you, do nothing: the password stays as it is. Nobody at {host} will ever ask you for it.
"""
    return Letter(to=to, subject=f"A new password for {username}", text=text)


def changed(to: str, username: str, forgot: str, host: str) -> Letter:
    """forgot: page on which a link is asked for that sets another. [any]"""
    text = f"""The password of {username} at {host} was changed just now, and every other browser was signed out.

If it was not you, somebody else is signed in as you. Take it back by a new password, and tell who runs {host}:

{forgot}
"""
    return Letter(to=to, subject=f"Your password at {host} was changed", text=text)
