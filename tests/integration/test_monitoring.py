"""The files for Prometheus and Grafana, in a real Prometheus that asks a real relay: alerts come, panels are drawn from what there is."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.deadlines import HANG_S
from tests.support.engines import Engines
from tests.support.loops import short_flac
from tests.support.oidc_server import free_port
from tests.support.relay import ROOT, RelayClient, RelayProcess, running_relay

MONITORING = ROOT / "packaging" / "monitoring"
PROGRAMS = ROOT / ".build" / "prometheus"
ALERTS = re.findall(r"^ +- alert: (\w+)$", (MONITORING / "alerts.yaml").read_text(), re.MULTILINE)
METRIC = re.compile(r"\b(?:relay|process)_[a-z_]+\b|\bup\b")


def expressions() -> dict[str, str]:
    """Of the dashboard, by panel, as Prometheus is asked for all processes."""
    board = json.loads((MONITORING / "dashboard.json").read_text())
    return {
        f"{panel['title']} {target['refId']}": target["expr"]
        .replace("$instance", ".+")
        .replace("$__rate_interval", "1m")
        .replace("$__interval", "1m")
        for panel in board["panels"]
        for target in panel.get("targets", ())
    }


def promtool(*words: str) -> str:
    ran = subprocess.run(
        [PROGRAMS / "promtool", *words],
        cwd=MONITORING,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_alerts_come_when_they_should_and_not_for_a_relay_that_is_well() -> None:
    assert f"{len(ALERTS)} rules found" in promtool("check", "config", "prometheus.yaml")
    promtool("test", "rules", "alerts_test.yaml")
    tried = (MONITORING / "alerts_test.yaml").read_text()
    assert all(f'alertname="{name}"' in tried for name in ALERTS)


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    folder = tmp_path_factory.mktemp("relay") / "data"
    with running_relay(folder, engines=Engines({"SIDECHAIN_RELAY_METRICS_PORT": "0"})) as relay:
        yield relay


@pytest.fixture(scope="module")
def prometheus(relay: RelayProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Started with our files; it asks the relay five times a second."""
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    config = (MONITORING / "prometheus.yaml").read_text()
    there = httpx.URL(relay.metrics).netloc.decode()
    config = config.replace("127.0.0.1:9100", there).replace("15s", "200ms")
    (folder / "prometheus.yaml").write_text(config.replace("alerts.yaml", str(MONITORING / "alerts.yaml")))
    command = [
        str(PROGRAMS / "prometheus"),
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}/api/v1",
                trust_env=False,
                timeout=HANG_S,
                transport=httpx.HTTPTransport(retries=12),
            ) as client:
                yield client
        finally:
            process.kill()


def asked(prometheus: httpx.Client, expression: str) -> list[Any]:  # any: JSON
    answer = prometheus.get("/query", params={"query": expression})
    assert answer.status_code == 200, (expression, answer.text)
    return list(answer.json()["data"]["result"])


def until(prometheus: httpx.Client, expression: str) -> list[Any]:  # any: JSON
    """What it finds, as soon as that is something."""
    until_s = time.monotonic() + HANG_S
    while not (found := asked(prometheus, expression)):
        assert time.monotonic() < until_s, expression
        time.sleep(0.1)
    return found


def test_every_panel_is_drawn_from_figures_that_the_relay_has(
    relay: RelayProcess, prometheus: httpx.Client
) -> None:
    client = RelayClient(relay.url)
    client.sign_in("ana")
    client.post(short_flac(4810))
    until(prometheus, 'up{job="sidechain-relay"} == 1')
    told = {
        line.split()[2]
        for line in httpx.get(relay.metrics, trust_env=False).text.splitlines()
        if line.startswith("# TYPE")
    }
    known = {"up"} | told | {f"{name}_bucket" for name in told}
    texts = expressions() | {"alerts": (MONITORING / "alerts.yaml").read_text()}
    for panel, expression in texts.items():
        named = {name for name in METRIC.findall(expression) if not expression.startswith("#")}
        assert named <= known, (panel, named - known)
    quiet = {"Rows that fail A"}  # none has
    for panel, expression in expressions().items():
        found = asked(prometheus, expression) if panel in quiet else until(prometheus, expression)
        assert bool(found) is (panel not in quiet), panel
    client.close()


def test_a_relay_that_is_gone_is_told(relay: RelayProcess, prometheus: httpx.Client) -> None:
    until(prometheus, "up == 1")
    relay.kill()
    until(prometheus, 'ALERTS{alertname="RelayDown", alertstate="pending"}')
