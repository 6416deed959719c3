"""Checks on the plugin's process() and memory that must pass, and must fail when the plugin has a fault."""

import asyncio
import random
from pathlib import Path

import pytest

from daemon.cli.stage import Stage
from tests.support.clap import begin_clap, made_for_tests, rtsan_build
from tests.support.hosts import Stretch, make, plugin_bundles, program
from tests.support.native import ROOT
from tests.support.whole import short_folder

SECOND = Stretch(frames=48_000)


@pytest.fixture(scope="module")
def faulty_plugin() -> Path:
    """Its clock allocates, locks and writes, whenever process() asks for the time."""
    plugin_bundles()
    return made_for_tests("sidechain_faulty.clap")


async def test_the_trap_catches_a_faulty_plugin(faulty_plugin: Path) -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage, begin_clap(stage, plugin=faulty_plugin) as beside:
            await beside.host.open()
            played = await beside.host.play(SECOND)
            assert played.calls >= 5 * SECOND.frames // 512


async def test_the_realtime_sanitizer_has_nothing_to_say() -> None:
    host, plugin = rtsan_build()
    with short_folder() as folder:
        async with Stage(folder) as stage, begin_clap(stage, host=host, plugin=plugin) as beside:
            sizes = random.Random(3)
            await beside.host.open(longest=16_384)
            await beside.host.play(Stretch(frames=10 * 48_000), next_block=lambda: sizes.randrange(16_385))
            await beside.host.do("set 0 1")  # keep, on the audio thread
            await beside.host.do("idle")


async def test_the_realtime_sanitizer_catches_a_faulty_plugin() -> None:
    host, plugin = rtsan_build()
    folder = plugin.parents[2]
    faulty = folder / "tests" / "sidechain_faulty.clap"
    compilers = (f"CC={program('clang-22', 'clang-22')}", f"CXX={program('clang++-22', 'clang-22')}")
    make("tests/plugin", f"BUILD={faulty.parent}", f"PLUGIN={folder}", *compilers, str(faulty))
    with short_folder() as short:
        async with Stage(short) as stage, begin_clap(stage, host=host, plugin=faulty) as beside:
            await beside.host.open()
            with pytest.raises(AssertionError, match="RealtimeSanitizer: unsafe-library-call"):
                await beside.host.play(SECOND)


async def test_memcheck_finds_no_error_and_no_leak(tmp_path: Path) -> None:
    report = tmp_path / "memcheck"
    with short_folder() as folder:
        async with Stage(folder) as stage:
            valgrind = (
                program("valgrind", "valgrind"), "--error-exitcode=9", "--leak-check=full",
                f"--suppressions={ROOT / 'tests/plugin/memcheck.supp'}", "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite", f"--log-file={report}",
            )  # fmt: skip
            async with begin_clap(stage, *valgrind, host=made_for_tests("clap_host")) as beside:
                sizes = random.Random(7)
                await beside.host.open(longest=16_384)
                await beside.host.play(Stretch(frames=4 * 48_000), next_block=lambda: sizes.randrange(16_385))
                await beside.host.do("reactivate 96000 512")
                await beside.host.play(Stretch(frames=48_000), next_block=lambda: 512)
                await beside.host.do("close")
                assert beside.host.process.stdin
                beside.host.process.stdin.close()
                async with asyncio.timeout(60):
                    code = await beside.host.process.wait()
            assert code == 0, await asyncio.to_thread(report.read_text)
