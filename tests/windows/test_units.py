"""Unit tests that are of no system, and tests of Windows' own faces (inside/), run by Windows' own Python."""

from tests.support.deadlines import COMPILE_HANG_S
from tests.windows.wine import PYTHON, run

PARTS = [
    "tests/windows/inside",
    "tests/unit/plugin_protocol",
    "tests/unit/bridge",
    "tests/unit/tray",
]
OF_ANOTHER_SYSTEM = [
    "tests/unit/bridge/test_listener_posix.py",
    "tests/unit/bridge/test_paths.py",  # modes; what stands in their place, the C client's tests and inside/ try
    "tests/unit/tray/test_dbus_menu.py",
    "tests/unit/tray/test_desktop.py",
]


def test_units_in_windows_python() -> None:
    left_out = [f"--ignore={each}" for each in OF_ANOTHER_SYSTEM]
    words = ["-q", "-p", "no:cacheprovider", "--noconftest", "--hypothesis-profile=ci", "-m", "not slow"]
    run(PYTHON, "-m", "pytest", *words, *left_out, *PARTS, timeout_s=COMPILE_HANG_S)
