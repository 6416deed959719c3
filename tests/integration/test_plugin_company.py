"""Many instances in one host, in every format: an identity each, one worker thread and one ZeroMQ context for all."""

import asyncio
from pathlib import Path

import pytest

from daemon.cli.stage import Stage, end
from tests.support.clap import binary, made_for_tests
from tests.support.deadlines import HANG_S
from tests.support.hosts import host_environment, instances, plugin_bundles, thread_names, until_heard
from tests.support.whole import short_folder

INSTANCES = 16


@pytest.mark.parametrize("plugin_format", ["vst3", "clap", "lv2"])
async def test_instances_of_one_host_share_a_worker_and_no_identity(plugin_format: str) -> None:
    """A duplicated track is another instance too: nothing but the controls could be copied."""
    bundles = plugin_bundles()
    command = (
        made_for_tests("check_formats"),
        plugin_format,
        binary(bundles, plugin_format),
        bundles / ".lv2" / "sidechain.lv2",
        "hold",
        str(INSTANCES),
    )
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            process = await asyncio.create_subprocess_exec(
                *command,
                env=host_environment(daemon.run),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            try:
                assert process.stdout and process.stdin
                assert await process.stdout.readline() == b"held\n"
                await until_heard(daemon, 512, count=INSTANCES)
                known = await instances(daemon)
                assert len({i.instance for i in known}) == INSTANCES
                assert {i.pid for i in known} == {process.pid}
                threads = thread_names(process.pid)
                assert threads.count("sidechain") == 1, threads
                assert not [name for name in threads if name.startswith("ZMQ")], "no library brings its own"
                process.stdin.close()
                async with asyncio.timeout(HANG_S):
                    assert await process.wait() == 0
                assert _segments(daemon.run) == []
            finally:
                await end(process)


def _segments(run_dir: Path) -> list[Path]:
    return list(run_dir.glob("sdc.*"))
