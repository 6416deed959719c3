"""Each check: sound, harmed, and mended; and a network that fails at each step."""

import http.server
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.config import Config
from daemon.core import ring_room
from daemon.core.checks import Check, Outcome
from daemon.core.outbox import Entry
from daemon.features.doctor import checks
from daemon.features.doctor.checks import Stopped
from daemon.features.doctor.checks_relay import check_relay
from daemon.library import sidecars
from tests.support.takes import publish, take
from tests.support.tones import soft_noise


@pytest.fixture
def config(tmp_path: Path) -> Config:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "takes").mkdir(mode=0o700)
    return Config(data_dir=str(data), run_dir=str(tmp_path / "run"), credential_store="file")


def outcomes(found: Iterator[Check] | list[Check]) -> dict[str, Outcome]:
    return {check.name: check.outcome for check in found}


def test_folders_open_to_others_are_closed(config: Config) -> None:
    (config.data / "device.key").write_bytes(b"k")
    (config.data / "device.key").chmod(0o644)
    config.data.chmod(0o755)
    assert outcomes(checks.check_folders(config))["data folder"] is Outcome.REPAIRED
    assert (config.data / "device.key").stat().st_mode & 0o777 == 0o600
    assert outcomes(checks.check_folders(config))["data folder"] is Outcome.OK


def test_a_run_folder_open_to_others_needs_the_person(config: Config) -> None:
    config.run.mkdir(mode=0o755)
    config.run.chmod(0o755)
    assert outcomes(checks.check_folders(config))["run folder"] is Outcome.PROBLEM


def test_a_run_folder_without_room_for_a_ring_is_told(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.run.mkdir(mode=0o700)
    assert outcomes(checks.check_folders(config))["run folder"] is Outcome.OK
    monkeypatch.setattr(ring_room, "RING_ROOM_BYTES", 1 << 60)
    assert outcomes(checks.check_folders(config))["run folder"] is Outcome.PROBLEM


def test_the_credential_store_is_tried_and_left_as_it_was(config: Config) -> None:
    assert checks.check_credentials(config).outcome is Outcome.NOTE
    assert [p.name for p in config.data.iterdir()] == ["takes"]


def test_a_full_disk_is_told(config: Config) -> None:
    poor = Config(data_dir=config.data_dir, run_dir=config.run_dir, min_free_bytes=1 << 60)
    assert checks.check_disk(poor).outcome is Outcome.PROBLEM
    assert checks.check_disk(config).outcome is Outcome.OK


def test_a_stopped_daemons_library_is_mended(config: Config) -> None:
    publish(config.takes, take(1), soft_noise(1000))
    (config.takes / ".tmp-half").mkdir()
    for rounds, wanted in ((0, Outcome.REPAIRED), (1, Outcome.OK)):
        stopped = Stopped(config)
        assert outcomes(stopped.checks())["library"] is wanted, rounds
        assert stopped.store.count_takes() == 1
        stopped.close()
    config.library.write_bytes(b"harm" * 4096)
    stopped = Stopped(config)
    assert outcomes(stopped.checks())["library"] is Outcome.REPAIRED
    stopped.close()
    (check,) = checks.damaged_files(config)
    assert check.outcome is Outcome.NOTE


def test_what_came_to_a_halt_in_the_outbox_needs_the_person() -> None:
    assert checks.check_outbox([("queued", 1), ("needs_attention", 2)]).outcome is Outcome.PROBLEM
    assert checks.check_outbox([("queued", 1), ("accepted", 2)]).outcome is Outcome.OK


def test_every_lossless_copy_is_hashed_again(config: Config) -> None:
    row = take(1, state="ready", flac_sha256="0" * 64, recording={})
    publish(config.takes, row, soft_noise(1000))
    again: list[str] = []
    assert outcomes(checks.check_sound(config, again.append)) == {"sound": Outcome.REPAIRED}
    assert again == [row.take_id]
    (config.takes / row.take_id / "take.wav").write_bytes(b"short")
    assert Outcome.PROBLEM in [c.outcome for c in checks.check_sound(config, again.append)]
    shutil.rmtree(config.takes / row.take_id)
    publish(config.takes, take(2), soft_noise(1000))
    assert outcomes(checks.check_sound(config, again.append)) == {"sound": Outcome.OK}
    told = next(checks.check_sound(config, again.append, known_takes=3))
    assert told.outcome is Outcome.PROBLEM and "Of 3 takes, 2 are not in" in told.sentence
    sidecars.write_entry(config.takes, Entry(entry_id="e" * 32, take_id=take(2).take_id, account=None))


Told = tuple[int, str | None, bytes]  # status, Date, content
LIVE = b'{"status":"live"}'


@pytest.fixture
def answering() -> Iterator[tuple[str, list[Told]]]:
    """A server that answers as told."""
    told: list[Told] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, date, body = told[-1]
            self.send_response_only(status)
            if date:
                self.send_header("Date", date)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", told
    server.shutdown()
    thread.join()
    server.server_close()


def now() -> str:
    from email.utils import formatdate

    return formatdate(usegmt=True)


@pytest.mark.parametrize(
    ("status", "date", "wanted"),
    [
        (200, "now", {"relay answer": Outcome.OK, "clock": Outcome.OK}),
        (200, "Thu, 01 Jan 1970 00:00:00 GMT", {"relay answer": Outcome.OK, "clock": Outcome.PROBLEM}),
        (200, None, {"relay answer": Outcome.OK, "clock": Outcome.NOTE}),
        (503, "now", {"relay answer": Outcome.PROBLEM}),
        (302, "now", {"relay answer": Outcome.PROBLEM}),
    ],
)
def test_what_the_relay_answers(
    answering: tuple[str, list[Told]],
    status: int,
    date: str | None,
    wanted: dict[str, Outcome],
) -> None:
    url, told = answering
    told.append((status, now() if date == "now" else date, LIVE))
    base = {"relay name": Outcome.OK}
    assert outcomes(check_relay(url)) == base | wanted


@pytest.mark.parametrize("page", [b"<html>Sign in", b"", b"[]", b"{}", b"\xff"])
def test_a_portals_page_is_not_taken_for_the_relay(answering: tuple[str, list[Told]], page: bytes) -> None:
    url, told = answering
    told.append((200, now(), page))
    (last,) = [check for check in check_relay(url) if check.name == "relay answer"]
    assert last.outcome is Outcome.PROBLEM and "ign in to the network" in last.next_step


def test_the_first_step_that_fails_ends_the_walk(answering: tuple[str, list[Told]]) -> None:
    url, _ = answering
    assert outcomes(check_relay("")) == {"relay": Outcome.NOTE}
    assert outcomes(check_relay("https://nowhere.invalid")) == {"relay name": Outcome.PROBLEM}
    assert outcomes(check_relay("http://127.0.0.1:1"))["relay connection"] is Outcome.PROBLEM
    tls = outcomes(check_relay(url.replace("http:", "https:")))
    assert tls == {"relay name": Outcome.OK, "relay certificate": Outcome.PROBLEM}


def test_a_kernel_that_lacks_a_part_of_the_sandbox_is_told_of() -> None:
    def said(*parts: str) -> Check:
        return checks.check_sandbox([sys.executable, "-c", f"print({' '.join(parts)!r})"])

    assert said("limits", "privileges", "calls", "files").outcome is Outcome.OK
    lacking = said("limits", "privileges")
    assert lacking.outcome is Outcome.NOTE and "calls, files" in lacking.sentence
    assert checks.check_sandbox(["/none/such"]).outcome is Outcome.NOTE
