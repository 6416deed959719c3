"""`relay setup`: what a relay needs to be told before friends can use it, asked once and written beside its data.

It may be run again, also while the relay serves: what was answered before is offered, and the first admin is made once.
"""

import argparse
import ipaddress
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from relay.app.certificates import CHAIN, fingerprint, make_certificate
from relay.app.commands.arguments import add_command
from relay.app.commands.invite import day_of
from relay.app.commands.operate import NotDone, operate
from relay.app.commands.report import Report
from relay.app.config import DEFAULT_PORT, BadConfig, Config
from relay.app.operating import AddAdmin, AddInvite, Link
from relay.app.settings import PREFIX, SETTINGS, config_of
from relay.app.settings_file import read_settings, write_settings
from relay.features.accounts.newcomers import Registration

EXAMPLES = """
relay setup --data /srv/relay
relay setup --data /srv/relay --url https://relay.example --behind-proxy 127.0.0.1 --admin mira --yes
relay setup --data ./relay-data --url https://192.168.1.20:8700 --admin mira --yes
"""
TEXT = """Ask for address, certificate, sign-in, mail and storage, write the answers into relay.env in the data folder, make the first
admin, and print a link for that admin and one for friends. May be run again at any time."""
CERTIFICATE = "Certificate: a proxy before it has one (proxy), there is one in a file (file), make one (make)"
MAKE = "make"
START = "SIDECHAIN_START_RELAY"
"""Variable in which a package says how its relay is started."""
SHOWN_CHARS = 32
"""128 bits of the fingerprint: nobody makes another certificate with the same."""
INVITED, DAYS = 10, 7
Answers = dict[str, str]


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands, "setup", run, summary="what a first run asks", text=TEXT, examples=EXAMPLES
    )
    parser.add_argument("--data", metavar="FOLDER", help="folder of the relay's data (./relay-data)")
    parser.add_argument("--url", help="address at which people reach it, with its scheme and port")
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--behind-proxy", metavar="ADDRESSES", help="a proxy with the certificate: its addresses, by commas"
    )
    way.add_argument("--certificate", metavar="FILE", help="certificate chain of its own, PEM; with --key")
    parser.add_argument("--key", metavar="FILE", help="and its private key, PEM")
    parser.add_argument(
        "--registration", metavar="WORD", help="who may make an account: closed, invite (default) or open"
    )
    parser.add_argument(
        "--smtp-url", metavar="URL", help="mail server, for who forgets a password; none: no mail"
    )
    parser.add_argument("--mail-from", metavar="ADDRESS", help="address that letters come from")
    parser.add_argument("--database-url", metavar="URL", help="PostgreSQL in place of SQLite in the folder")
    parser.add_argument("--admin", metavar="NAME", help="user name of the first admin")
    parser.add_argument("--yes", action="store_true", help="ask nothing: take what is offered")
    parser.add_argument("--json", action="store_true", help="answer as JSON")


def run(given: argparse.Namespace) -> int:
    """Raises BadConfig, NotDone, DataInUse, DatabaseError, OSError."""
    ask = _asker(given)
    folder = Path(
        ask("Folder of its data", given.data, os.environ.get(f"{PREFIX}DATA", "./relay-data"), _any)
    ).absolute()
    was = read_settings(folder)
    answers = was | _address(ask, given, was) | _sign_in(ask, given, was) | _mail(ask, given, was)
    answers |= _storage(ask, given, was)
    admin = ask("User name of the first admin", given.admin, "", _any)
    config = config_of(answers, {"data": str(folder)})  # what does not fit is said before anything is written
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if answers.get(PREFIX + "TLS_CERTIFICATE") == MAKE:
        host = urlsplit(answers[PREFIX + "PUBLIC_URL"]).hostname or ""
        chain, key = make_certificate(folder, host, datetime.now(UTC))
        answers |= {PREFIX + "TLS_CERTIFICATE": str(chain), PREFIX + "TLS_KEY": str(key)}
        config = config_of(answers, {"data": str(folder)})
    file = write_settings(folder, {name: value for name, value in answers.items() if value})
    links = _links(config, admin)
    _tell(Report(as_json=given.json), config, file, links)
    return 0


Ask = Callable[[str, str | None, str, Callable[[str], str]], str]


def _asker(given: argparse.Namespace) -> Ask:
    """Asks a person; takes what a flag says, or what is offered where nobody is to be asked. Raises BadConfig."""
    if not given.yes and not sys.stdin.isatty():
        raise BadConfig("--yes", "is needed where there is nobody to ask; flags answer then.")

    def ask(question: str, said: str | None, offered: str, fits: Callable[[str], str]) -> str:
        if said is not None or given.yes:
            return fits(offered if said is None else said)
        while True:
            shown = f"{question} [{offered}]: " if offered else f"{question}: "
            print(shown, end="", file=sys.stderr, flush=True)
            line = sys.stdin.readline()
            if not line:
                raise BadConfig("setup", "was ended before all was answered; nothing was written.")
            try:
                return fits(line.strip() or offered)
            except BadConfig as error:
                print(f"  {error}", file=sys.stderr, flush=True)

    return ask


# the questions ----------------------------------------------------------------------------------------------------------


def _address(ask: Ask, given: argparse.Namespace, was: Mapping[str, str]) -> Answers:
    offered = was.get(PREFIX + "PUBLIC_URL", f"http://127.0.0.1:{DEFAULT_PORT}")
    url = ask(
        "Address at which people reach it (https://relay.example, https://192.168.1.20:8700)",
        given.url,
        offered,
        _url,
    )
    parts = urlsplit(url)
    answers = {PREFIX + "PUBLIC_URL": url}
    answers |= dict.fromkeys((PREFIX + "TRUSTED_PROXIES", PREFIX + "TLS_CERTIFICATE", PREFIX + "TLS_KEY"), "")
    if parts.scheme == "http":
        return answers | {PREFIX + "HOST": "127.0.0.1", PREFIX + "PORT": str(parts.port or 80)}
    how = "proxy" if given.behind_proxy is not None else "file" if given.certificate else None
    how = ask(
        CERTIFICATE, how, _certificate_offered(parts.hostname or "", was), _one_of("proxy", "file", "make")
    )
    if how == "proxy":
        offered = was.get(PREFIX + "TRUSTED_PROXIES") or "127.0.0.1"
        proxies = ask("Addresses of the proxy", given.behind_proxy, offered, _setting("trusted_proxies"))
        return answers | {
            PREFIX + "TRUSTED_PROXIES": proxies,
            PREFIX + "HOST": was.get(PREFIX + "HOST", "127.0.0.1"),
            PREFIX + "PORT": was.get(PREFIX + "PORT", str(DEFAULT_PORT)),
        }
    answers |= {PREFIX + "HOST": "0.0.0.0", PREFIX + "PORT": str(parts.port or 443)}
    if how == "make":
        return answers | {PREFIX + "TLS_CERTIFICATE": MAKE, PREFIX + "TLS_KEY": MAKE}
    chain = ask(
        "File of the certificate chain (PEM)",
        given.certificate,
        was.get(PREFIX + "TLS_CERTIFICATE", ""),
        _file,
    )
    key = ask("File of its private key (PEM)", given.key, was.get(PREFIX + "TLS_KEY", ""), _file)
    return answers | {PREFIX + "TLS_CERTIFICATE": chain, PREFIX + "TLS_KEY": key}


def _certificate_offered(host: str, was: Mapping[str, str]) -> str:
    """As it was; for an address of one's own network one is made, for no authority vouches for it."""
    if had := was.get(PREFIX + "TLS_CERTIFICATE"):
        return "make" if Path(had).name == CHAIN else "file"
    return "make" if _is_private(host) else "proxy"


def _sign_in(ask: Ask, given: argparse.Namespace, was: Mapping[str, str]) -> Answers:
    name = PREFIX + "REGISTRATION"
    offered = was.get(name, Registration.INVITE.value)
    question = "Who may make an account (closed, invite: who has a link, open)"
    return {name: ask(question, given.registration, offered, _setting("registration"))}


def _mail(ask: Ask, given: argparse.Namespace, was: Mapping[str, str]) -> Answers:
    """Both, or neither."""
    server, sender = PREFIX + "SMTP_URL", PREFIX + "MAIL_FROM"
    question = "Mail server, for who forgets a password (none, or smtp://user:password@host:587)"
    url = ask(question, given.smtp_url, was.get(server, "none"), _unless("none", _setting("smtp_url")))
    if not url:
        return {server: "", sender: ""}
    offered = was.get(sender, "")
    return {
        server: url,
        sender: ask("Address that letters come from", given.mail_from, offered, _setting("mail_from")),
    }


def _storage(ask: Ask, given: argparse.Namespace, was: Mapping[str, str]) -> Answers:
    name = PREFIX + "DATABASE_URL"
    question = "Database: its own in the folder (folder), or postgresql://…"

    fits = _unless("folder", _setting("database_url"))
    return {name: ask(question, given.database_url, was.get(name, "folder"), fits)}


# what answers may be ------------------------------------------------------------------------------------------------------


def _any(text: str) -> str:
    return text


def _one_of(*words: str) -> Callable[[str], str]:
    def fits(text: str) -> str:
        if text not in words:
            raise BadConfig("The answer", f"is one of {', '.join(words)}.")
        return text

    return fits


def _unless(word: str, fits: Callable[[str], str]) -> Callable[[str], str]:
    """ "" for the word, which stands for leaving it out."""
    return lambda text: "" if text in ("", word) else fits(text)


def _setting(field: str) -> Callable[[str], str]:
    """As the table of settings reads it."""
    row = next(each for each in SETTINGS if each.field == field)

    def fits(text: str) -> str:
        try:
            row.read(text)
        except ValueError as error:
            raise BadConfig(row.option, f"{error}.") from None
        return text

    return fits


def _file(text: str) -> str:
    if not text or not Path(text).is_file():
        raise BadConfig("The file", f"{text or 'that is meant'} is not there.")
    return str(Path(text).absolute())


def _url(text: str) -> str:
    """https, or http on this machine alone. Raises BadConfig."""
    try:
        parts = urlsplit(text.rstrip("/"))
        fits = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and not parts.path
        )
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError:
        fits = False
    if not fits:
        raise BadConfig("--url", "is an address such as https://relay.example or https://192.168.1.20:8700.")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost"):
        why = "is https for who comes from another machine; in your own network a certificate is made."
        raise BadConfig("--url", why)
    return text.rstrip("/")


def _is_private(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


# what comes of it -----------------------------------------------------------------------------------------------------------


def _links(config: Config, admin: str) -> dict[str, Link]:
    """Of the admin, once; and one for friends where they may make accounts. Raises NotDone."""
    links: dict[str, Link] = {}
    if admin:
        try:
            made = operate(config, AddAdmin(username=admin))
            assert isinstance(made, Link)  # what AddAdmin is answered with
            links["admin"] = made
        except NotDone as refused:
            print(f"No new admin: {refused}", file=sys.stderr, flush=True)
    if config.registration is Registration.INVITE:
        invite = operate(config, AddInvite(uses=INVITED, days=DAYS))
        assert isinstance(invite, Link)
        links["invite"] = invite
    return links


def _tell(report: Report, config: Config, file: Path, links: Mapping[str, Link]) -> None:
    url, own = str(config.public_url), config.tls_certificate
    made = fingerprint(own) if own is not None and own.name == CHAIN else ""
    start = os.environ.get(START, f"sidechain relay --data {config.data}")
    said = [f"Written: {file}", "", "Start it:", f"  {start}"]
    whose = {
        "admin": "You choose a password, once, at:",
        "invite": f"Up to {INVITED} friends make an account at:",
    }
    for name, link in links.items():
        said += ["", whose[name], f"  {url}{link.path}", f"  until {day_of(link.expires_us)}"]
    said += ["", "Each of you, on your own machine:", f"  sidechain setup --relay {url}"]
    if made:
        said[-1] += f" --fingerprint {made[:SHOWN_CHARS]}"
        said += [
            f"Browsers ask whether they shall trust it, once: its certificate's SHA-256 is {in_groups(made)}."
        ]
    values = {name: f"{url}{link.path}" for name, link in links.items()}
    report.result(said, {"file": str(file), "url": url, "fingerprint": made, **values})


def in_groups(fingerprint: str) -> str:
    """As browsers show it. [any]"""
    return ":".join(fingerprint[at : at + 2] for at in range(0, len(fingerprint), 2)).upper()
