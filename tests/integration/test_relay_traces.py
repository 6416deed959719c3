"""Traces of a real relay at a collector that decodes them: what a request waited for, jobs by their kinds, and nothing of anybody."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from relay.engine.traces import NoTracing, open_traces
from tests.support.clients import AUDIO, client_of
from tests.support.collector import Collector, running_collector
from tests.support.engines import Engines
from tests.support.relay import RelayProcess, running_relay

NAME, TITLE = "somebody-to-find", "A title to be found"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


@pytest.fixture(scope="module")
def relay(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    told = {
        "SIDECHAIN_RELAY_TRACES_URL": collector.url,
        "SIDECHAIN_RELAY_PRIVATE_TARGETS": "true",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with running_relay(tmp_path_factory.mktemp("traced") / "data", engines=Engines(told)) as process:
        yield process


def facts(span: Span) -> dict[str, str | int]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_a_request_and_what_it_waited_for_are_one_trace_and_nobody_is_in_it(
    relay: RelayProcess, collector: Collector
) -> None:
    somebody = client_of(relay, NAME)
    assert somebody.pair is not None
    post = somebody.post(AUDIO, title=TITLE)
    outer = somebody.http.get(
        f"/audio/{post.id}?v=7", headers={"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}
    )
    assert outer.status_code == 422
    somebody.http.get(f"/audio/{post.id}").raise_for_status()
    asked = collector.wait_for(
        lambda each: (
            each.name == "GET /api/v1/audio/{post_id}" and facts(each)["http.response.status_code"] == 200
        )
    )
    assert asked.kind == Span.SPAN_KIND_SERVER and not asked.parent_span_id
    assert facts(asked) == {
        "http.request.method": "GET",
        "http.route": "/api/v1/audio/{post_id}",
        "http.response.status_code": 200,
    }
    read = collector.wait_for(
        lambda each: each.parent_span_id == asked.span_id and each.name.startswith("read creations.")
    )
    assert read.trace_id == asked.trace_id
    assert asked.start_time_unix_nano <= read.start_time_unix_nano <= read.end_time_unix_nano
    assert read.end_time_unix_nano <= asked.end_time_unix_nano
    refused = collector.wait_for(lambda each: facts(each).get("http.response.status_code") == 422)
    assert refused.trace_id.hex() != "a" * 32, "nobody else says what trace it is of"
    job = collector.wait_for(lambda each: each.name.startswith("job "))
    assert facts(job) == {"job.attempt": 1}
    collector.wait_for(lambda each: each.parent_span_id == job.span_id and each.name.startswith("write "))
    assert collector.services == {"sidechain-relay"}
    whole = b"".join(collector.bodies)
    for word in (NAME, TITLE, post.id, somebody.user_id, somebody.pair.access_token, "127.0.0.1"):
        assert word.encode() not in whole, word


def test_an_attempt_of_a_delivery_and_a_round_of_a_task_are_traces_of_their_own(
    relay: RelayProcess, collector: Collector
) -> None:
    star, fan = client_of(relay, "star"), client_of(relay, "fan")
    hook = {"url": "https://127.0.0.1:1/hook-to-be-found"}
    star.http.post("/notifications/webhooks", json=hook).raise_for_status()
    fan.follow("star")
    attempt = collector.wait_for(lambda each: each.name == "delivery webhook")
    assert facts(attempt) == {"delivery.attempt": 1} and not attempt.parent_span_id
    for begins in ("read deliveries.", "write deliveries."):
        within = collector.wait_for(
            lambda each: each.parent_span_id == attempt.span_id and each.name.startswith(begins)  # noqa: B023 (waited for)
        )
        assert within.trace_id == attempt.trace_id
    turn = collector.wait_for(lambda each: each.name == "task words")
    assert not turn.parent_span_id
    collector.wait_for(lambda each: each.parent_span_id == turn.span_id and each.name.startswith("read "))
    assert b"hook-to-be-found" not in b"".join(collector.bodies)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(NoTracing, match=r"sidechain\[relay,traces\]"):
        open_traces("http://127.0.0.1:1/v1/traces", "0")


def test_a_collector_that_is_away_keeps_nobody_waiting(tmp_path: Path) -> None:
    with running_relay(
        tmp_path / "data", engines=Engines({"SIDECHAIN_RELAY_TRACES_URL": "http://127.0.0.1:1/v1/traces"})
    ) as process:
        client = client_of(process, NAME)
        assert client.http.get("/feed/global").status_code == 200
        assert process.stop() == 0
