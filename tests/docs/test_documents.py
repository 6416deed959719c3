"""Documents say what is true: links lead somewhere, commands exist, every dependency has its reason."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def test_relative_links_lead_to_files() -> None:
    pages = tracked("*.md")
    assert pages
    dead = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in LINK.findall(page.read_text())
        if not link.startswith(("http://", "https://", "mailto:")) and not (page.parent / link).exists()
    ]
    assert dead == []


def test_the_daemons_house_is_as_it_is_drawn() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    block = page.partition("## The daemon's house")[2].split("```")[1]
    drawn = {line.split()[0].rstrip("/") for line in block.splitlines()[2:] if line.startswith("  ")}
    there = {path.name for path in (ROOT / "daemon").iterdir() if path.is_dir() and path.name[0] != "_"}
    assert drawn - {"events.py"} == there
    features = {path.name for path in (ROOT / "daemon/features").iterdir() if (path / "__init__.py").exists()}
    (told,) = [line.partition(": ")[2] for line in block.splitlines() if line.startswith("  features/")]
    assert set(told.split(", ")) == features


def test_the_relays_house_is_as_it_is_drawn() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    block = page.partition("## The relay's house")[2].split("```")[1]
    drawn = {line.split()[0].rstrip("/") for line in block.splitlines() if re.match(r"  \w+/", line)}
    assert drawn == {p.name for p in (ROOT / "relay").iterdir() if (p / "__init__.py").exists()}
    features = {path.name for path in (ROOT / "relay/features").iterdir() if (path / "__init__.py").exists()}
    (told,) = [line.split(maxsplit=1)[1] for line in block.splitlines() if line.startswith("  features/")]
    assert set(told.split(", ")) == features


def test_each_decision_has_a_number_of_its_own_and_carries_it() -> None:
    pages = tracked("docs/decisions/*.md")
    numbers = [page.name[:4] for page in pages]
    assert len(pages) > 20
    assert {number for number in numbers if numbers.count(number) > 1} == set()
    assert [p.name for p in pages if not re.match(rf"# {p.name[:4]}:? \S", p.read_text())] == []


def test_unit_tests_mirror_the_tree() -> None:
    """As contributing.md says."""
    folders = {path.parent.relative_to(ROOT / "tests/unit") for path in tracked("tests/unit/**/test_*.py")}
    assert {str(folder) for folder in folders if not (ROOT / folder).is_dir()} <= {"support"}


def test_make_commands_in_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        word
        for page in tracked("*.md")
        for word in re.findall(r"(?:^ {4}|`)make ([a-z][a-z-]*)", page.read_text(), re.MULTILINE)
    }
    assert {"demo", "test"} <= named <= targets


def test_sidechain_commands_in_documents_exist() -> None:
    from daemon.cli.main import build

    app = build()
    commands = {c.name or c.callback.__name__ for c in app.registered_commands if c.callback}
    commands |= {group.name for group in app.registered_groups} | {"worker"}  # the frozen build's own child
    pages = [ROOT / "README.md", *tracked("docs/*.md", "docs/user/*.md")]
    named = {
        word
        for page in pages
        for word in re.findall(r"(?:^ {4}|`)sidechain ([a-z]+)", page.read_text(), re.MULTILINE)
    }
    assert {"up", "keep"} <= named <= commands


def test_exit_codes_are_the_table_in_the_code() -> None:
    from daemon.errors import EXIT_CODES

    page = (ROOT / "docs/user/troubleshooting.md").read_text()
    rows = [line for line in page.partition("Exit codes")[2].splitlines() if re.match(r"\| \d", line)]
    assert rows == [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]


def test_states_are_those_that_are_shown() -> None:
    from daemon.core.health import SHOWN

    def plain(text: str) -> str:
        return re.sub(r";? \{waiting\}", "", text).format(reason="…", remedy="…", until="…") or "–"

    page = (ROOT / "docs/user/states.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    wanted = [f"| `{s}` | {plain(w.sentence)} | {plain(w.next_step)} | {w.left} |" for s, w in SHOWN.items()]
    assert rows == wanted


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(d for extra in project["optional-dependencies"].values() for d in extra),
    ]
    names = {re.split(r"[<>=; \[]", line)[0] for line in wanted}
    page = (ROOT / "docs" / "dependencies.md").read_text()
    assert {name for name in names if not re.search(rf"\b{re.escape(name)}\b", page)} == set()


@pytest.mark.parametrize("lock", ["desktop", "relay", "dev"])
def test_locks_are_pinned_by_hash_and_name_no_address(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    assert "://" not in text
    packages = re.findall(r"^[a-zA-Z0-9._-]+(?:\[[a-z,]+\])?==", text, re.MULTILINE)
    assert len(packages) > 10 and text.count("--hash=sha256:") >= len(packages)


def test_locks_that_are_installed_together_pin_the_same() -> None:
    """`make setup` takes the desktop's and the relay's at once; `make dev` comes over them."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for lock in ("desktop", "relay", "cluster", "dev"):
        text = (ROOT / "requirements" / f"{lock}.lock").read_text()
        pins = re.findall(r"(?m)^([a-z0-9._-]+)(?:\[[a-z,]+\])?==([^ ;]+)", text)
        for name in {name for name, _ in pins}:  # of some there is one for each version of Python
            found.setdefault(name, set()).add(tuple(sorted(v for each, v in pins if each == name)))
    assert {name: versions for name, versions in found.items() if len(versions) > 1} == {}


def test_a_relay_install_pulls_no_desktop_packages_and_the_reverse() -> None:
    def names(lock: str) -> set[str]:
        text = (ROOT / "requirements" / f"{lock}.lock").read_text()
        return set(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==", text, re.MULTILINE))

    assert names("relay").isdisjoint({"pyzmq", "keyring", "dbus-fast", "pystray", "sounddevice", "httpx2"})
    assert names("desktop").isdisjoint({"httptools", "uvicorn", "jinja2", "joserfc"})


def test_sources_hold_no_machine_paths() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in tracked("*.py", "*.md", "*.toml", "*.c", "*.h", "Makefile", "*.sh", "*.sql")
        if path != Path(__file__)
        if re.search(r"(/home/[a-z]+/|/root/|/Users/[A-Za-z]+/)", path.read_text(errors="replace"))
    ]
    assert found == []


def test_tests_that_documents_name_exist() -> None:
    written: dict[str, str] = {}
    for path in tracked("tests/**/*.py"):
        written[path.name] = written.get(path.name, "") + path.read_text()
    named = {
        found
        for page in tracked("*.md")
        for found in re.findall(r"`(test_\w+\.py)::(test_\w+)`", page.read_text())
    }
    assert len(named) > 12
    assert [pair for pair in named if f"def {pair[1]}(" not in written.get(pair[0], "")] == []
