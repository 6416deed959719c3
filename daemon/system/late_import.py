"""A module that is imported when something of it is used: what a start can do without is not waited for."""

import importlib.util
import sys
from types import ModuleType


def imported_late(name: str) -> ModuleType:
    """The module `name`, whose code runs at the first look at an attribute of it. [loop; first use not from two threads at once]

    importlib.util.LazyLoader says what is promised. Raises ModuleNotFoundError at once.
    """
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
