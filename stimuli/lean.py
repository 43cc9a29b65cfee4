"""PsychoPy without what a window never uses, so that a session's first frame comes sooner.

`psychopy.visual` imports libraries for tables, fits and spreadsheets: half of its time. Here they
come when something first asks for them, which a session never does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from threading import RLock
from types import ModuleType

LATER = ("pandas", "json_tricks", "scipy.interpolate", "requests")
WITHOUT = ("matplotlib", "openpyxl")
_loading = RLock()


class _Later(ModuleType):
    """A module that is executed when something of it is first asked for."""

    def __getattr__(self, name: str) -> object:
        with _loading:
            if type(self) is _Later:  # nobody else has done it meanwhile
                _load(self, name)
        return getattr(self, name)


@contextmanager
def lean_imports(later: Sequence[str] = LATER, without: Sequence[str] = WITHOUT) -> Iterator[None]:
    """Import PsychoPy within this block, and nothing else; what is there already stays as it is.

    Parameters
    ----------
    later : sequence of str
        Modules that come when something first asks for them.
    without : sequence of str
        Modules that are not to be found in the block: PsychoPy looks into ours at once, and can do
        without.
    """
    for name in later:
        if name not in sys.modules and (spec := find_spec(name)) is not None:
            module = module_from_spec(spec)
            module.__dict__.pop("__path__", None)  # a module of it would come without it
            module.__class__ = _Later
            sys.modules[name] = module
    # What is None there is not to be found.
    hidden = [name for name in without if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def _load(module: ModuleType, asked: str) -> None:
    spec = module.__spec__
    if spec is None or spec.loader is None or module.__dict__.get("__coming__"):
        raise AttributeError(asked)  # by the module itself, which looks whether it has it
    if spec.submodule_search_locations is not None:
        module.__path__ = spec.submodule_search_locations
    module.__dict__["__coming__"] = True
    try:
        spec.loader.exec_module(module)
        module.__class__ = ModuleType
    finally:
        del module.__dict__["__coming__"]
