"""One place per system: what only one of them has is named in files that are called after it, and nowhere else."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DESKTOP = ("plugin_protocol", "bridge", "sandbox", "audio", "daemon", "tray")
OF_A_SYSTEM = re.compile(r"(_|/)(linux|macos|posix|unix|x11|windows|pipe)(_|\.)|/xdnd_")
# Words of Linux and POSIX in Python; in C whatever asks which system it is compiled for.
IN_PYTHON = re.compile(r"\bfcntl\b|\bimport resource\b|/proc\b|\bSO_PEERCRED\b|\bCLOCK_BOOTTIME\b|\bWinDLL\b")
IN_C = re.compile(
    r"\b_WIN32\b|\b__linux__\b|\b__APPLE__\b|<windows\.h>|<sys/(socket|mman|un)\.h>|/proc\b|\bSO_PEERCRED\b|\bCLOCK_BOOTTIME\b"
)

# A file that Python's own `open` holds can be neither renamed nor removed on Windows: a Take, while it goes up.
PLAIN_OPEN = re.compile(r"""\bopen\((?:[^()]|\([^()]*\))*["']r?b["']|\bFileIO\(""")


def named(files: list[Path], words: re.Pattern[str]) -> list[str]:
    """Where words stand that belong into a file of a system."""
    assert len(files) > 50
    return [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in files
        if not OF_A_SYSTEM.search(path.relative_to(ROOT).as_posix())
        for found in [words.search(path.read_text("utf-8"))]
        if found
    ]


def test_what_one_system_has_is_named_in_its_own_files() -> None:
    python = [path for name in DESKTOP for path in (ROOT / name).rglob("*.py")]
    assert named(python, IN_PYTHON) == []
    native = [path for name in ("plugin_protocol/c", "plugin") for path in (ROOT / name).rglob("*.[ch]*")]
    assert named([path for path in native if path.suffix in (".c", ".h", ".cpp", ".hpp")], IN_C) == []


def test_a_word_that_stands_elsewhere_is_found() -> None:
    assert IN_PYTHON.search("import fcntl") and IN_PYTHON.search("Path('/proc/self')")
    assert IN_C.search("#ifdef _WIN32") and not OF_A_SYSTEM.search("daemon/system/files.py")
    assert OF_A_SYSTEM.search("bridge/system_posix.py") and OF_A_SYSTEM.search(
        "plugin/ui/drag_source_x11.cpp"
    )


def test_what_the_daemon_reads_it_lets_others_remove() -> None:
    daemon = [path for path in (ROOT / "daemon").rglob("*.py") if path.parent.name != "cli"]
    assert named(daemon, PLAIN_OPEN) == []
    assert PLAIN_OPEN.search('flac.open("rb")') and PLAIN_OPEN.search('open(str(path), "rb")')
