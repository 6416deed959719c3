"""Letters by SMTP (RFC 5321, 6409, 8314), to the one server that the settings name. smtplib waits, so it does in threads.

Passwords and secrets cross no network readable: TLS from the first byte (smtps://) or before anything is said (STARTTLS); without
TLS only to a server on this very machine.
"""

import asyncio
import ipaddress
import smtplib
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, make_msgid
from urllib.parse import unquote, urlsplit

from msgspec import Struct

LIMIT_S = 15.0
"""For one step of the conversation."""
SUBMISSION_PORT, SUBMISSIONS_PORT = 587, 465
FINAL = 500
"""Codes from here on: asking again would be answered the same (RFC 5321, 4.2.1)."""


class BadMailUrl(ValueError):
    """A sentence: what is wrong with it. Without the URL, which may hold a password."""


class MailUnavailable(Exception):
    """The server cannot be reached, or says that it cannot take a letter now."""


class MailRefused(Exception):
    """The server does not take this letter, now or ever."""


class Server(Struct, frozen=True, kw_only=True):
    """user "": it asks for none. from_the_start: TLS before SMTP. on_this_machine: no TLS is needed."""

    host: str
    port: int
    user: str
    password: str
    from_the_start: bool
    on_this_machine: bool


class _Policy(EmailPolicy):
    """A link in a header (List-Unsubscribe) stays on its line, however long it is: folded, it would be encoded as words, and no mail
    program would know it."""

    def fold(self, name: str, value: str) -> str:
        return f"{name}: {value}{self.linesep}" if _is_link(value) else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        if _is_link(value):
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


class Letter(Struct, frozen=True, kw_only=True):
    """Plain text, to one address. name: of this one letter; sent twice, a mailbox may know it again by that. headers: more of them."""

    to: str
    subject: str
    text: str
    name: str | None = None
    headers: Mapping[str, str] = {}


def server_of(url: str) -> Server:
    """smtp://[user:password@]host[:port] or smtps://…. Raises BadMailUrl. [any]"""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadMailUrl("has no host and port that can be read") from None
    if parts.scheme not in ("smtp", "smtps") or not host or port == 0 or parts.path.strip("/") or parts.query:
        raise BadMailUrl("is smtp://user:password@host:587 or smtps://user:password@host:465")
    from_the_start = parts.scheme == "smtps"
    return Server(
        host=host,
        port=port or (SUBMISSIONS_PORT if from_the_start else SUBMISSION_PORT),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        from_the_start=from_the_start,
        on_this_machine=_is_this_machine(host),
    )


class Mailer:
    """sender: the address that letters come from. [loop]"""

    def __init__(self, server: Server, sender: str) -> None:
        self.server = server
        self._sender = sender

    async def send(self, letter: Letter) -> None:
        """Taken by the server when it returns. Raises MailUnavailable, MailRefused."""
        await asyncio.to_thread(self._send, letter)

    def _send(self, letter: Letter) -> None:
        try:
            with self._connected() as smtp:
                smtp.send_message(self._message(letter))
        except smtplib.SMTPRecipientsRefused as error:
            ((code, _),) = error.recipients.values()
            raise (MailRefused if code >= FINAL else MailUnavailable)(
                f"it refused the recipient: {code}"
            ) from None
        except smtplib.SMTPAuthenticationError as error:  # what an operator mends, so letters wait
            raise MailUnavailable(f"it refused the name or the password: {error.smtp_code}") from None
        except smtplib.SMTPResponseException as error:
            kind = MailRefused if error.smtp_code >= FINAL else MailUnavailable
            raise kind(f"it said {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise MailUnavailable(f"{type(error).__name__}: {error}") from None

    def _connected(self) -> smtplib.SMTP:
        """After its greeting, encrypted where it has to be, and signed in. Raises SMTPException, OSError."""
        server, context = self.server, ssl.create_default_context()
        if server.from_the_start:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=LIMIT_S, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=LIMIT_S)
        try:
            smtp.ehlo()
            if not server.from_the_start and (not server.on_this_machine or smtp.has_extn("starttls")):
                smtp.starttls(context=context)  # raises where it offers none
                smtp.ehlo()
            if server.user:
                smtp.login(server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage(policy=_Policy())
        message["From"], message["To"], message["Subject"] = self._sender, letter.to, letter.subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = self._name_of(letter)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence is told to us
        for name, value in letter.headers.items():
            message[name] = value
        message.set_content(letter.text)
        return message

    def _name_of(self, letter: Letter) -> str:
        domain = self._sender.rpartition("@")[2].rstrip(">")
        return make_msgid(domain=domain) if letter.name is None else f"<{letter.name}@{domain}>"


def _is_link(value: str) -> bool:
    return value.startswith(("<https://", "<http://"))


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
