"""`python -m tests.support.compiled`: all that the tests compile, made before they begin, so that no test waits for it."""

from tests.support.clap import made_for_tests, rtsan_build
from tests.support.hosts import plugin_bundles
from tests.support.native import build


def main() -> None:
    for target in ("all", "tests", "tests-asan", "tests-tsan"):
        build(target)
    plugin_bundles()
    made_for_tests("clap_host_trap")
    rtsan_build()


if __name__ == "__main__":
    print("compiling the plugin and the test programs …", flush=True)
    main()
