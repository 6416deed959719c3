"""A person's jobs over REST and the WebSocket, on both engines: seen, followed, cancelled; those of others are not there."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from hashlib import sha256
from itertools import groupby
from pathlib import Path

import pytest

from relay.features.creations.making import ENCODE_FROM, STORE_FROM
from relay.wire import events
from tests.support.engines import ClusterServers, Engines
from tests.support.loops import short_flac
from tests.support.relay import CALL_LIMIT_S, RelayClient, RelayProcess, RelaySocket, running_relay

BOTH_ENGINES = True
AUDIO = short_flac(4800)
NO_WORKERS = {"AUDIO_PROCESSING_ENABLED": "false"}


@pytest.fixture(scope="module")
def idle(
    request: pytest.FixtureRequest, engines: Engines, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RelayProcess]:
    """A relay that takes jobs and does none; it shares nothing with the module's other one."""
    folder = tmp_path_factory.mktemp("idle")
    with ExitStack() as stack:
        own: Engines = engines
        if engines.environment:
            servers: ClusterServers = request.getfixturevalue("servers")
            own = stack.enter_context(servers.engines(folder))
        off = Engines({**own.environment, **NO_WORKERS})
        yield stack.enter_context(running_relay(folder / "data", engines=off))


def person(relay: RelayProcess, name: str) -> RelayClient:
    client = RelayClient(relay.url)
    client.sign_in(f"{name}.{secrets.token_hex(4)}")
    return client


def progress(socket: RelaySocket) -> events.JobProgress:
    """The next that is told."""
    while True:
        message = socket.next(CALL_LIMIT_S)
        told = events.read_payload(message) if isinstance(message, events.Event) else None
        if isinstance(told, events.JobProgress):
            assert isinstance(message, events.Event) and message.cursor is None
            return told


def test_a_job_is_seen_by_whose_it_is_and_told_while_it_runs(relay: RelayProcess) -> None:
    with closing(person(relay, "anna")) as anna, closing(person(relay, "ben")) as ben:
        ben.follow(anna.username)
        with (
            closing(anna.socket(jobs=True)) as mine,
            closing(ben.socket(jobs=True, global_feed=True)) as others,
        ):
            key = secrets.token_hex(16)
            anna.post(AUDIO, entry_id=key)
            told = [progress(mine)]
            while told[-1].state == "running":
                told.append(progress(mine))
            heard = others.expect(events.Event)
            assert isinstance(events.read_payload(heard), events.FeedNewPost), "of the post, not of the job"
        stages = [stage for stage, _ in groupby(each.stage for each in told)]
        assert stages == ["", "fetch", "encode", "store", ""]
        assert told[-1].state == "done" and {each.job_id for each in told} == {told[0].job_id}
        fractions = [each.fraction for each in told]
        assert fractions == sorted(fractions) and fractions[-1] == 1.0
        (job,) = anna.http.get("/jobs").json()["jobs"]
        assert job == anna.http.get(f"/jobs/{told[0].job_id}").json()
        assert (job["kind"], job["state"], job["attempts"], job["error"]) == ("post", "done", 1, None)
        assert job["key"] == key, "which of one's uploads it is of"
        assert job["ended_at"] >= job["created_at"]
        assert ben.http.get("/jobs").json() == {"jobs": [], "next": None}
        for answer in (ben.http.get(f"/jobs/{job['id']}"), ben.http.post(f"/jobs/{job['id']}/cancel")):
            assert answer.status_code == 404
        again = anna.http.post(f"/jobs/{job['id']}/cancel").json()
        assert again == job, "what has ended stays as it ended"


def test_jobs_are_listed_in_pages_newest_first(idle: RelayProcess) -> None:
    with (
        closing(person(idle, "anna")) as anna,
        ThreadPoolExecutor(3) as pool,
        closing(anna.socket(jobs=True)) as socket,
    ):
        asked = [pool.submit(anna.upload, AUDIO) for _ in range(3)]
        ids = wait_for_jobs(anna, 3)
        first = anna.http.get("/jobs", params={"limit": 2}).json()
        rest = anna.http.get("/jobs", params={"limit": 2, "cursor": first["next"]}).json()
        assert [each["id"] for each in (*first["jobs"], *rest["jobs"])] == ids and rest["next"] is None
        for job_id in ids:
            assert anna.http.post(f"/jobs/{job_id}/cancel").json()["state"] == "cancelled"
        assert {progress(socket).job_id for _ in ids} == set(ids)
        assert {each.result().status_code for each in asked} == {422}


def test_who_waits_for_what_is_cancelled_hears_it_and_may_ask_anew(idle: RelayProcess) -> None:
    with closing(person(idle, "anna")) as anna, ThreadPoolExecutor(1) as pool:
        begun = anna.tus("POST", "/uploads/", AUDIO, upload_length=str(len(AUDIO)))
        upload_id = begun.headers["location"].rpartition("/")[2]
        body = {"upload_id": upload_id, "meta": {"title": "x", "sha256": sha256(AUDIO).hexdigest()}}
        key = {"idempotency-key": secrets.token_hex(16)}
        asked = pool.submit(lambda: anna.http.post("/audio/process", json=body, headers=key))
        (job_id,) = wait_for_jobs(anna, 1)
        cancelled = [anna.http.post(f"/jobs/{job_id}/cancel").json() for _ in range(2)]
        assert cancelled[0] == cancelled[1] and cancelled[0]["state"] == "cancelled"
        assert asked.result().json()["code"] == "cancelled"
        asked = pool.submit(lambda: anna.http.post("/audio/process", json=body, headers=key))
        second = wait_for_jobs(anna, 2)[0]
        assert second != job_id, "the key is free, and the upload is there still"
        anna.http.post(f"/jobs/{second}/cancel").raise_for_status()
        assert asked.result().status_code == 422


def test_one_that_runs_is_ended_where_it_runs_and_the_next_goes_on(relay: RelayProcess) -> None:
    long = short_flac(120 * 48_000)  # so that it is still being encoded when it is cancelled
    with (
        closing(person(relay, "anna")) as anna,
        ThreadPoolExecutor(1) as pool,
        closing(anna.socket(jobs=True)) as socket,
    ):
        asked = pool.submit(anna.upload, long)
        while (told := progress(socket)).fraction <= ENCODE_FROM:
            assert told.state == "running"
        assert told.stage == "encode" and told.fraction < STORE_FROM
        assert anna.http.post(f"/jobs/{told.job_id}/cancel").json()["state"] == "cancelled"
        assert asked.result().json()["code"] == "cancelled"
        assert progress(socket).state == "cancelled"
        assert anna.post(AUDIO).title == "test"
        assert [each["state"] for each in anna.http.get("/jobs").json()["jobs"]] == ["done", "cancelled"]
        assert len(anna.http.get("/feed/timeline").json()["posts"]) == 1


def wait_for_jobs(client: RelayClient, count: int) -> list[str]:
    """The ids of an account's jobs, once there are so many; whoever made them waits for them."""
    for _ in range(10_000):
        found = [each["id"] for each in client.http.get("/jobs").json()["jobs"]]
        if len(found) == count:
            return found
    raise AssertionError("they never came")


def test_a_job_that_runs_at_another_process_is_told_here(servers: ClusterServers, tmp_path: Path) -> None:
    """What a worker says goes over the wire, the end with the commit."""
    with (
        servers.engines(tmp_path) as engines,
        running_relay(tmp_path / "works", engines=engines) as works,
        running_relay(tmp_path / "idle", engines=Engines({**engines.environment, **NO_WORKERS})) as idle,
        closing(person(idle, "anna")) as anna,
        closing(anna.socket(jobs=True)) as socket,
    ):
        anna.post(AUDIO)
        told = [progress(socket)]
        while told[-1].state == "running":
            told.append(progress(socket))
        assert told[-1].state == "done" and "encode" in {each.stage for each in told}
        assert works.process.poll() is None
