"""The first description's paths for audio and feeds, asked by curl as a person would, and each answer looked at field by field."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from relay.core.tonality import camelot
from relay.wire.owning import PostDetails
from tests.support.engines import Engines
from tests.support.loops import as_file, short_flac
from tests.support.music import piece
from tests.support.relay import RelayClient, RelayProcess, running_relay
from tests.support.seed_models import AUDIO_POST, departures

BOTH_ENGINES = True


@pytest.fixture(scope="module")
def relay(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    with running_relay(tmp_path_factory.mktemp("relay") / "data", engines=engines) as process:
        yield process


@pytest.fixture(scope="module")
def owner(relay: RelayProcess) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        client.sign_in("holder")
        yield client


def curl(client: RelayClient, path: str, *arguments: str) -> tuple[int, bytes]:
    """Status and body."""
    assert client.pair is not None
    address = path if path.startswith("http") else f"{client.url}/api/v1{path}"
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "120", "-w", "%{stderr}%{http_code}", "-H", f"Authorization: Bearer {client.pair.access_token}", *arguments, address],
        capture_output=True,
        check=True,
    )  # fmt: skip
    return int(done.stderr), done.stdout


def asked(client: RelayClient, path: str, *arguments: str) -> Any:  # any: JSON
    status, body = curl(client, path, *arguments)
    assert status in (200, 201), body
    return json.loads(body)


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("loops") / "loop.flac"
    file.write_bytes(short_flac(96_000))
    return file


def test_a_loop_goes_up_by_plain_fields_without_key_and_hash(owner: RelayClient, loop: Path) -> None:
    fields = (
        "title=Dusk",
        "bpm=128.5",
        "key=F# minor",
        "genre=dub, techno",
        "genre=live",
        "daw=Ableton Live",
        "duration_bars=1",
    )
    flags = [each for field in fields for each in ("-F", field)]
    post = asked(owner, "/audio/upload", "-F", f"audio=@{loop}", *flags)
    assert not departures(AUDIO_POST, post)
    assert (post["title"], post["bpm"], post["key"], post["daw"]) == (
        "Dusk",
        128.5,
        "F# minor",
        "Ableton Live",
    )
    assert (post["genre"], post["duration_bars"], post["duration_ms"]) == (["dub", "techno", "live"], 1, 2000)
    again = asked(owner, "/audio/upload", "-F", "title=Dusk", "-F", f"audio=@{loop}")
    assert again["id"] != post["id"], "without a key each upload is a post of its own"
    assert (again["bpm"], again["key"], again["duration_bars"]) == (None, None, None), "a tone has no tempo"


def test_with_a_key_it_is_one_post_and_claims_that_do_not_fit_are_not_believed(
    owner: RelayClient, loop: Path
) -> None:
    key = ("-H", "Idempotency-Key: " + "5" * 32)
    first = asked(
        owner, "/audio/upload", *key, "-F", f"audio=@{loop}", "-F", "bpm=120", "-F", "duration_bars=8"
    )
    assert first["duration_bars"] is None, "two seconds are no eight bars"
    assert asked(owner, "/audio/upload", *key, "-F", f"audio=@{loop}")["id"] == first["id"]


@pytest.mark.parametrize(
    "wrong", ["bpm=fast", "duration_bars=1.5", "visibility=secret", "sha256=x", "plays=7"]
)
def test_a_field_that_is_none_says_so(owner: RelayClient, loop: Path, wrong: str) -> None:
    status, body = curl(owner, "/audio/upload", "-F", f"audio=@{loop}", "-F", wrong)
    assert (
        status in (400, 422) and wrong.partition("=")[0] in json.loads(body)["detail"]
    ) or "each once" in str(body)


def test_tempo_and_key_are_found_where_nobody_gave_them(owner: RelayClient, tmp_path: Path) -> None:
    file = tmp_path / "piece.wav"
    samples = piece(7, bpm=104.0, bars=8).samples
    file.write_bytes(as_file(samples.astype("float64"), 44_100, format="WAV", subtype="PCM_24"))
    post = asked(owner, "/audio/upload", "-F", f"audio=@{file}", "-F", "title=Unsaid")
    assert (
        post["bpm_source"] == "relay"
        and min(abs(post["bpm"] / each - 1) for each in (104.0, 52.0, 208.0)) < 0.04
    )
    assert 0 <= post["bpm_confidence"] <= 1
    if post["key"] is not None:
        assert post["key_source"] == "relay" and camelot(post["key"]) is not None
    given = asked(owner, "/audio/upload", "-F", f"audio=@{file}", "-F", "bpm=90", "-F", "key=Am")
    assert (given["bpm"], given["bpm_source"], given["key"], given["key_source"]) == (90.0, None, "Am", None)
    silent = json.dumps({"title": "looked already", "analysed": True})
    unknown = asked(owner, "/audio/upload", "-F", f"audio=@{file}", "-F", f"meta={silent}")
    assert (unknown["bpm"], unknown["key"]) == (None, None)


def test_what_is_there_of_a_post_is_read_path_by_path(owner: RelayClient, loop: Path) -> None:
    made = asked(owner, "/audio/upload", "-F", f"audio=@{loop}", "-F", "bpm=120", "-F", "title=Paths")
    path = f"/audio/{made['id']}"
    post = asked(owner, path)
    assert {name: post[name] for name in made if name != "lacks"} == {
        name: made[name] for name in made if name != "lacks"
    }
    assert set(post) == set(PostDetails.__struct_fields__) and not departures(AUDIO_POST, post)
    status, picture = curl(owner, f"{path}/waveform")
    assert status == 200 and picture.startswith(b"<svg")
    assert curl(owner, made["waveform_svg"])[1] == picture
    peaks = asked(owner, f"{path}/peaks")
    assert (
        len(peaks["minimum"]) == len(peaks["maximum"]) > 100 and peaks["duration_ms"] == post["duration_ms"]
    )
    assert all(
        -127 <= low <= high <= 127 for low, high in zip(peaks["minimum"], peaks["maximum"], strict=True)
    )
    assert asked(owner, f"{path}/status")["state"] == "ready"
    status, sound = curl(owner, made["audio_url"])
    assert status == 200 and sound[:3] == b"ID3"
    assert curl(owner, made["audio_url"], "-r", "0-2") == (206, b"ID3")
    assert curl(owner, f"{path}/download")[1][:4] == b"fLaC"
    assert curl(owner, path, "-X", "DELETE")[0] == 200
    assert {
        curl(owner, path + each)[0] for each in ("", "/mp3", "/waveform", "/peaks", "/status", "/download")
    } == {410}


def test_what_has_arrived_is_processed_and_processed_again(owner: RelayClient, loop: Path) -> None:
    length = loop.stat().st_size
    sent = (
        "-H",
        "Tus-Resumable: 1.0.0",
        "-H",
        f"Upload-Length: {length}",
        "-H",
        "Content-Type: application/offset+octet-stream",
    )
    status, head = curl(owner, "/uploads", *sent, "--data-binary", f"@{loop}", "-D", "/dev/stdout")
    location = next(line for line in head.decode().splitlines() if line.lower().startswith("location:"))
    assert status == 201
    meta = {"title": "Processed", "bpm": 120.0, "sha256": hashlib.sha256(loop.read_bytes()).hexdigest()}
    asked_for = json.dumps({"upload_id": location.strip().rpartition("/")[2], "meta": meta})
    as_json = ("-H", "Content-Type: application/json", "-H", "Idempotency-Key: " + "7" * 32)
    made = asked(owner, "/audio/process", *as_json, "-d", asked_for)
    assert not departures(AUDIO_POST, made) and (made["title"], made["bpm"]) == ("Processed", 120.0)
    assert asked(owner, "/audio/process", *as_json, "-d", asked_for)["id"] == made["id"]
    again = asked(owner, f"/audio/{made['id']}/process", "-X", "POST")
    assert (again["id"], again["audio_url"]) == (made["id"], made["audio_url"]), "it came out as it was"


def test_the_feeds_have_it_and_say_why(owner: RelayClient, loop: Path) -> None:
    made = asked(owner, "/audio/upload", "-F", f"audio=@{loop}", "-F", "bpm=97", "-F", "genre=feeding")
    reasons = {
        "/feed/global": "new",
        "/feed/latest": "latest",
        "/feed/timeline": "followed",
        f"/feed/user/{made['user_id']}": "author",
        "/feed/user/holder": "author",
        "/feed/tag/Feeding": "tag",
        "/feed/global?bpm_min=97&bpm_max=97": "new",
    }
    for path, reason in reasons.items():
        items = asked(owner, path)["posts"]
        (item,) = [each for each in items if each["id"] == made["id"]]
        assert item["reason"] == reason and not departures(AUDIO_POST, item), path
