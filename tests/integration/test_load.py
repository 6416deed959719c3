"""The load that an operator puts on a relay: it says what was answered how fast, leaves nothing behind, and loads nobody else's relay."""

import json
from contextlib import closing

import pytest

from benchmarks.load import NAME, NotOurs, main, percentiles, token_for
from tests.support.clients import client_of
from tests.support.relay import RelayClient, RelayProcess


def test_it_reads_hears_posts_and_is_told_and_deletes_what_it_posted(
    relay: RelayProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [relay.url, "--seconds", "1", "--readers", "2", "--sockets", "3", "--json"]
    assert main(given) == 0
    said = json.loads(capsys.readouterr().out)
    rows = {row["what"]: row for row in said["asked"]}
    assert set(rows) == {"feed", "post", "sound", "upload", "told"}
    assert all(row["failed"] == 0 and 0 <= row["p50_ms"] <= row["p95_ms"] for row in rows.values())
    assert said["sockets_ended"] == said["sockets_refused"] == 0
    assert rows["told"]["count"] == 3 * rows["upload"]["count"]
    with closing(RelayClient(relay.url)) as client:
        client.sign_in(NAME)
        assert client.http.get(f"/feed/user/{NAME}").json()["posts"] == []


def test_it_loads_no_relay_of_others(relay: RelayProcess, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotOurs, match="not on this machine"):
        token_for("https://relay.example", None)
    somebody = client_of(relay, "no-admin")
    assert somebody.pair is not None
    with pytest.raises(NotOurs, match="no token of an admin"):
        token_for(relay.url, somebody.pair.access_token)
    assert main([relay.url, "--token", "x" * 40]) == 2
    assert "it answers 401" in capsys.readouterr().err
    assert main(["http://127.0.0.1:1"]) == 2


def test_percentiles() -> None:
    assert percentiles([1.0]) == (1.0, 1.0)
    assert percentiles(list(map(float, range(100)))) == (50.0, 95.0)
