"""What somebody else gets to read holds no secret, wherever in the log it stood."""

import base64
import secrets
import socket
import zipfile
from pathlib import Path

import pytest

from daemon.config import Config
from daemon.core.checks import note
from daemon.features.doctor.bundle import redact, write_bundle

SEED = bytes(range(32))
JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJvd2wifQ.c2lnbmF0dXJlLW9mLXRoYXQ"
OPAQUE = secrets.token_urlsafe(32)
PLANTED = {
    "access token": (f"Authorization: Bearer {JWT}", JWT),
    "bare token": (f"refused {JWT} twice", JWT),
    "refresh token": (f"refresh {OPAQUE} was used", OPAQUE),
    "token in a field": ('{"refresh_token": "short-but-secret"}', "short-but-secret"),
    "device key": (f"seed {SEED.hex()}", SEED.hex()),
    "device key in base64": (f"seed={base64.urlsafe_b64encode(SEED).decode()}", "AAECAwQF"),
    "code in an address": ("GET http://127.0.0.1:4711/callback/x?code=Zq9&state=Kk2 200", "Zq9"),
    "share link": ("https://relay.example/s/abc123xyz opened", "abc123xyz"),
    "credentials in an address": ("https://owl:pw12345@relay.example/", "pw12345"),
    "device code": ("type BCDF-GHJK there", "BCDF-GHJK"),
    "mail": ("mail to night.owl@mail.example", "night.owl@mail.example"),
    "password": ("password: hunter2", "hunter2"),
    "account": ("entry of nightowl is queued", "nightowl"),
    "home": (f"{Path.home()}/Music/secret song.wav", str(Path.home()) + "/"),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_secret_is_not_in_the_bundle(tmp_path: Path, what: str) -> None:
    line, secret = PLANTED[what]
    config = Config(data_dir=str(tmp_path), run_dir=str(tmp_path / "run"), device_name="Owls Laptop")
    (tmp_path / "daemon.log").write_text(f"2026-11-21 INFO daemon: {line}\n2026-11-21 INFO daemon: ready\n")
    write_bundle(tmp_path / "b.zip", config, [note("x", f"{line} Owls Laptop")], {"nightowl"})
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        assert set(bundle.namelist()) == {"doctor.json", "settings.json", "daemon.log"}
        text = "".join(bundle.read(name).decode() for name in bundle.namelist())
    assert secret not in text and "Owls Laptop" not in text
    assert "ready" in text, "what is no secret stays"


def test_names_are_left_out_also_when_no_daemon_tells_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER", "anna.schmidt")
    monkeypatch.setattr(socket, "gethostname", lambda: "annas-laptop")
    (tmp_path / "account.json").write_text('{"account": "night_owl"}')
    (tmp_path / "daemon.log").write_text("night_owl on annas-laptop in /srv/anna.schmidt/takes\n")
    config = Config(data_dir=str(tmp_path), run_dir=str(tmp_path / "run"))
    write_bundle(tmp_path / "b.zip", config, [], set())
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        assert bundle.read("daemon.log").decode() == "[name] on [name] in /srv/[name]/takes\n"
    assert (tmp_path / "b.zip").stat().st_mode & 0o777 == 0o600


def test_what_helps_stays() -> None:
    line = "entry 0192f3c4a5b6c7d8e9f0a1b2c3d4e5f6 of take 0192f3c4a5b6c7d8e9f0a1b2c3d4e5f7 is accepted (503, 1.5 s)"
    assert redact(line) == line
    assert "relay.example" in redact("https://relay.example/api/v1/feed")
