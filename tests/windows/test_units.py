"""Unit tests that are of no system, and tests of Windows' own faces (inside/), run by Windows' own Python."""

import pytest

from tests.support.deadlines import COMPILE_HANG_S
from tests.windows.wine import PYTHON, run

PARTS = {
    "wire": ["tests/windows/inside", "tests/unit/plugin_protocol", "tests/unit/bridge", "tests/unit/tray"],
    "commands": ["tests/unit/daemon/cli"],
    "daemon": [
        *(f"tests/unit/daemon/{part}" for part in ("core", "features", "library", "settings", "system")),
        "tests/unit/daemon/test_events.py",
    ],
    "audio": [
        *(f"tests/unit/audio/{part}" for part in ("draw", "encode", "kernels", "level", "measure", "read")),
        *(f"tests/unit/audio/analyse/test_{part}.py" for part in ("descriptors", "document", "key")),
        "tests/unit/audio/test_intake_and_level.py",
        "tests/unit/audio/test_loop.py",
        "tests/unit/audio/test_recording.py",
    ],
}
OF_ANOTHER_SYSTEM = [  # modes, a folder that goes while its files are open, readiness by a descriptor
    "tests/unit/bridge/test_listener_posix.py",
    "tests/unit/bridge/test_paths.py",  # modes; what stands in their place, the C client's tests and inside/ try
    "tests/unit/daemon/cli/test_manual.py",  # of man
    "tests/unit/daemon/features/doctor/test_bundle.py",
    "tests/unit/daemon/features/doctor/test_checks.py",
    "tests/unit/daemon/features/link/test_sleep.py",
    "tests/unit/daemon/features/rendering/test_pipeline.py",
    "tests/unit/daemon/features/rendering/test_render_cache.py",
    "tests/unit/daemon/features/status/test_library_watch.py",
    "tests/unit/daemon/features/status/test_run_folder_watch.py",
    "tests/unit/daemon/settings/test_reading.py",
    "tests/unit/daemon/system/test_files.py",
    "tests/unit/daemon/system/test_process.py",
    "tests/unit/daemon/system/test_start_file.py",
    "tests/unit/tray/test_dbus_menu.py",
]
# scipy and pyloudnorm are libraries that only tests compare with; odd files are a folder beside a checkout. Wine 8 has no crealf, which numpy asks
# of C for an array of complex64 times a number of Python: nothing of ours does that, some tests of audio/analyse do.
BESIDE_WHAT_IS_NOT_INSTALLED = [
    "tests/unit/audio/kernels/test_kernels.py",
    "tests/unit/audio/measure/test_loudness.py",
    "tests/unit/audio/measure/test_peak.py",
    "tests/unit/audio/read/test_odd_files.py",
]


@pytest.mark.parametrize("part", PARTS)
def test_units_in_windows_python(part: str) -> None:
    left_out = [f"--ignore={each}" for each in OF_ANOTHER_SYSTEM + BESIDE_WHAT_IS_NOT_INSTALLED]
    words = ["-q", "-p", "no:cacheprovider", "--noconftest", "--hypothesis-profile=ci", "-m", "not slow"]
    run(PYTHON, "-m", "pytest", *words, *left_out, *PARTS[part], timeout_s=COMPILE_HANG_S)
