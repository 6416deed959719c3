"""Where the frozen relay starts: the command line of `python -m relay`, and `-m MODULE` as Python itself has it, for our own modules."""

import runpy
import sys

from relay.app.commands.main import main

OURS = ("relay", "sandbox")

if sys.argv[1:2] == ["-m"] and sys.argv[2:] and sys.argv[2].split(".")[0] in OURS:
    module = sys.argv[2]
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
else:
    main()
