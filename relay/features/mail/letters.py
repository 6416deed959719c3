"""What is written to people about their address. Plain text; no picture, no link but the one."""

from relay.engine.mail import Letter


def confirm(to: str, username: str, link: str, host: str) -> Letter:
    """[any]"""
    text = f"""Somebody who is signed in as {username} at {host} gave this address as theirs.

If that was you, open this link within a day and press the button there:

{link}

Letters about your account then come here, such as one that sets a new password. If it was not you, do nothing: without that
button nothing comes here.
"""
    return Letter(to=to, subject=f"Is this your address, {username}?", text=text)
