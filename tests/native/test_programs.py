"""The C test programs, plain and under sanitizers. What each one tests is said in its own first comment."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.deadlines import HANG_S
from tests.support.native import SOURCES, run_c_test

GENERATOR = SOURCES / "generate_layout.py"


@pytest.mark.parametrize("variant", ["plain", "asan"])
@pytest.mark.parametrize("name", ["test_ring", "test_msgpack", "test_zmtp"])
def test_pure_parts(name: str, variant: str) -> None:
    run_c_test(name, variant=variant)


@pytest.mark.parametrize("variant", ["plain", "asan"])
@pytest.mark.parametrize(
    "name", ["test_client", "test_client_posix", "test_mending", "test_memory", "test_preview"]
)
def test_parts_that_make_rings(name: str, variant: str, tmp_path: Path) -> None:
    run_c_test(name, str(tmp_path / "run"), variant=variant)


@pytest.mark.parametrize("variant", ["plain", "asan", "tsan"])
def test_threads(variant: str, tmp_path: Path) -> None:
    run_c_test("test_threads", str(tmp_path / "run"), variant=variant)


@pytest.mark.parametrize("name", ["test_preview", "test_mending"])
def test_worker_and_audio_thread_race_for_nothing(name: str, tmp_path: Path) -> None:
    run_c_test(name, str(tmp_path / "run"), variant="tsan")


@pytest.mark.parametrize(
    ("compiler", "language"), [("cc", ["-x", "c", "-std=c11"]), ("c++", ["-x", "c++", "-std=c++17"])]
)
def test_header_stands_alone_in_both_languages(compiler: str, language: list[str]) -> None:
    flags = ["-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror", "-fsyntax-only"]
    source = f'#include "{SOURCES / "sidechain.h"}"\nint main(void) {{ return (int)SC_OK; }}\n'
    subprocess.run([compiler, *language, *flags, "-"], input=source, text=True, check=True, timeout=HANG_S)


def test_generated_layout_is_fresh() -> None:
    subprocess.run([sys.executable, GENERATOR, "--check"], check=True, timeout=HANG_S)
