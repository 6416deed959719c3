"""What the desktop needs of the operating system, under one name whichever it is: private files, who lives, whose a peer is,
clocks, limits of this process. No other module of bridge, daemon or tray names what only one system has; how a connection is
taken in stands in bridge.listener_posix and bridge.listener_windows, and the sandbox stands alone.
"""

import sys

if sys.platform == "win32":
    from bridge.system_windows import *  # noqa: F403
else:
    from bridge.system_posix import *  # noqa: F403
