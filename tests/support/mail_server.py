"""A real mail server for tests: aiosmtpd as a process of its own, with or without TLS, which asks for a name and a password.

python -m tests.support.mail_server FOLDER [--starttls | --tls]    prints its port; each letter it takes is a file in FOLDER/box/new
"""

import argparse
import asyncio
import email.policy
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from tests.support.deadlines import HANG_S
from tests.support.relay import ROOT

NAME, PASSWORD = "relay", "a word of the test"
BOX = "box"
REFUSED = "nobody@refused.example"


class MailServer:
    """url: as the setting of a relay. letters: what it has taken, the oldest first."""

    def __init__(self, folder: Path, port: int, scheme: str) -> None:
        self.folder = folder
        self.url = f"{scheme}://{NAME}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{port}"
        self.port = port

    @property
    def letters(self) -> list[EmailMessage]:
        parser = BytesParser(EmailMessage, policy=email.policy.default)
        files = sorted((self.folder / BOX / "new").glob("*"), key=lambda file: file.stat().st_mtime_ns)
        return [parser.parsebytes(file.read_bytes()) for file in files]

    def wait_for(self, count: int, of: Callable[[EmailMessage], bool] = lambda _: True) -> list[EmailMessage]:
        """So many of those letters, once they are there."""
        until = time.monotonic() + HANG_S
        while len(found := [each for each in self.letters if of(each)]) < count:
            assert time.monotonic() < until, [each["subject"] for each in self.letters]
            time.sleep(0.02)
        return found


def make_tls(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key; who is to trust it is told by SSL_CERT_FILE."""
    from relay.app.certificates import make_certificate

    folder.mkdir(exist_ok=True)
    return make_certificate(folder, "127.0.0.1", datetime.now(UTC))


@contextmanager
def running_mail_server(folder: Path, *options: str, port: int = 0) -> Iterator[MailServer]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.support.mail_server", str(folder), "--port", str(port), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            yield MailServer(folder, int(said), "smtps" if "--tls" in options else "smtp")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(HANG_S)


def main() -> None:
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Mailbox
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--starttls", action="store_true")
    parser.add_argument("--tls", action="store_true")
    given = parser.parse_args()

    class Handler(Mailbox):
        async def handle_RCPT(
            self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
        ) -> str:
            if address == REFUSED:
                return "550 there is no such box"
            envelope.rcpt_tos.append(address)
            return "250 OK"

    def authenticate(_: SMTP, __: Session, ___: Envelope, ____: str, said: object) -> AuthResult:
        assert isinstance(said, LoginPassword)
        return AuthResult(success=(said.login, said.password) == (NAME.encode(), PASSWORD.encode()))

    class Bound(Controller):
        def _trigger_server(self) -> None:
            """It would connect to itself to see whether it answers; port 0 it cannot know before."""
            assert isinstance(self.server, asyncio.Server)
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd types only some of itself

    context = None
    if given.tls or given.starttls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*make_tls(given.folder / "tls"))
    controller = Bound(
        Handler(given.folder / BOX),
        hostname="127.0.0.1",
        port=given.port,
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=given.starttls,  # over TLS from the start it does not know that it is
        ssl_context=context if given.tls else None,
        tls_context=context if given.starttls else None,
        require_starttls=given.starttls,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    controller.start()
    try:
        print(controller.port, flush=True)
        signal.pause()
    finally:
        controller.stop()


if __name__ == "__main__":
    main()
