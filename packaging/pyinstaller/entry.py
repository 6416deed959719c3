"""Where the frozen program starts: the same `sidechain`, and `-m MODULE` as Python itself has it, for our own modules.

So whoever starts a part (`sys.executable, "-m", "relay"`) need not know whether the program is frozen.
"""

import runpy
import sys

from daemon.cli.main import run

OURS = ("daemon", "relay", "sandbox", "tray")

if sys.argv[1:2] == ["-m"] and sys.argv[2:] and sys.argv[2].split(".")[0] in OURS:
    module = sys.argv[2]
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
else:
    run()
