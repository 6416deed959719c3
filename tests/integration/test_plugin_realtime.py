"""Checks on every format's process() and memory that must pass, and must fail when the plugin has a fault."""

import random
import subprocess
from pathlib import Path

import pytest

from daemon.cli.stage import Stage
from tests.support.clap import RTSAN_BUILD, begin_clap, binary, made_for_tests, rtsan_build, rtsan_program
from tests.support.deadlines import HANG_S
from tests.support.hosts import BUILD, Stretch, host_environment, make, plugin_bundles, program
from tests.support.native import ROOT
from tests.support.whole import short_folder

FORMATS = ("vst3", "clap", "lv2")
SECONDS, SEED = 12, 20260711


def check(plugin_format: str, host: Path, plugin: Path, *wrapper: str) -> subprocess.CompletedProcess[str]:
    """Noise in blocks of 0 to 16384 frames through the plugin, without a daemon, under a transport that does all it can."""
    name = "sidechain-mono" if "mono" in plugin.name else "sidechain"
    bundle = plugin_bundles() / ".lv2" / f"{name}.lv2"
    with short_folder() as folder:
        return subprocess.run(
            [*wrapper, host, plugin_format, plugin, bundle, str(SECONDS), str(SEED)],
            env=host_environment(folder / "run"),
            capture_output=True,
            text=True,
            check=False,
            timeout=HANG_S,
        )


def faulty(plugin_format: str, build: Path = BUILD, *settings: str) -> Path:
    """A plugin that allocates, locks, writes, and reads behind an end when process() hears what the transport says."""
    target = build / "tests" / f"sidechain_faulty.{plugin_format}"
    make("tests/plugin", f"BUILD={target.parent}", f"PLUGIN={build}", *settings, str(target))
    return target


@pytest.mark.parametrize("name", ["sidechain", "sidechain-mono"])
@pytest.mark.parametrize("plugin_format", FORMATS)
def test_any_blocks_pass_to_the_bit_and_call_nothing(plugin_format: str, name: str) -> None:
    ran = check(
        plugin_format, made_for_tests("check_formats_trap"), binary(plugin_bundles(), plugin_format, name)
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "calls 0\n", "")


@pytest.mark.parametrize("plugin_format", FORMATS)
def test_the_trap_catches_a_faulty_plugin(plugin_format: str) -> None:
    plugin_bundles()
    ran = check(plugin_format, made_for_tests("check_formats_trap"), faulty(plugin_format))
    assert ran.returncode == 0 and int(ran.stdout.split()[1]) > 100, ran.stderr


@pytest.mark.parametrize("plugin_format", FORMATS)
def test_the_realtime_sanitizer_has_nothing_to_say(plugin_format: str) -> None:
    ran = check(plugin_format, rtsan_program("check_formats_rtsan"), rtsan_build(plugin_format)[0])
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("plugin_format", FORMATS)
def test_the_realtime_sanitizer_catches_a_faulty_plugin(plugin_format: str) -> None:
    _, compilers = rtsan_build(plugin_format)
    plugin = faulty(plugin_format, RTSAN_BUILD, *compilers)
    ran = check(plugin_format, rtsan_program("check_formats_rtsan"), plugin)
    assert ran.returncode != 0 and "RealtimeSanitizer: unsafe-library-call" in ran.stderr


async def test_keep_on_the_audio_thread_does_nothing_that_could_wait() -> None:
    with short_folder() as folder:
        host, plugin = rtsan_program("clap_host_rtsan"), rtsan_build()[0]
        async with Stage(folder) as stage, begin_clap(stage, host=host, plugin=plugin) as beside:
            sizes = random.Random(3)
            await beside.host.open(longest=16_384)
            await beside.host.play(Stretch(frames=10 * 48_000), next_block=lambda: sizes.randrange(16_385))
            await beside.host.do("set 0 1")
            await beside.host.do("idle")


def under_memcheck(plugin_format: str, plugin: Path, report: Path) -> subprocess.CompletedProcess[str]:
    valgrind = (
        program("valgrind", "valgrind"),
        "--error-exitcode=9",
        "--leak-check=full",
        f"--suppressions={ROOT / 'tests/plugin/memcheck.supp'}",
        "--show-leak-kinds=definite",
        "--errors-for-leak-kinds=definite",
        f"--log-file={report}",
    )
    return check(plugin_format, made_for_tests("check_formats"), plugin, *valgrind)


@pytest.mark.parametrize("plugin_format", FORMATS)
def test_memcheck_finds_no_error_and_no_leak(plugin_format: str, tmp_path: Path) -> None:
    ran = under_memcheck(plugin_format, binary(plugin_bundles(), plugin_format), tmp_path / "memcheck")
    assert ran.returncode == 0, (tmp_path / "memcheck").read_text() + ran.stderr


def test_memcheck_catches_a_faulty_plugin(tmp_path: Path) -> None:
    plugin_bundles()
    ran = under_memcheck("clap", faulty("clap"), tmp_path / "memcheck")
    report = (tmp_path / "memcheck").read_text()
    assert ran.returncode == 9 and "Invalid read" in report and "sc_timeline_hear" in report, (
        report + ran.stderr
    )
