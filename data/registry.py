"""Names to things, with close matches on a miss and one import per family.

Used for datasets here and for benchmarks in `alignment`. A family (the part of a name before the slash) maps
to a module that registers its entries when it is imported; other packages add families by entry points.
"""

import difflib
import fnmatch
import re
from importlib import import_module
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from .errors import UnknownNameError

Item = TypeVar("Item")
GRAMMAR = re.compile(r"[a-z0-9_]+/[a-z0-9_.-]+")


class Registry(Generic[Item]):
    """Named items of one kind.

    Parameters
    ----------
    kind
        What an item is, for messages: ``"dataset"``.
    families
        Family name to the module that registers its items.
    entry_point_group
        Group in which other packages declare further families.
    """

    def __init__(self, kind: str, families: dict[str, str], entry_point_group: str) -> None:
        self.kind = kind
        self._families = families
        self._group = entry_point_group
        self._items: dict[str, Item] = {}

    def add(self, name: str, item: Item) -> None:
        """Enter an item; names are ``family/rest`` in lower case and unique."""
        if not GRAMMAR.fullmatch(name):
            raise ValueError(f"{self.kind} name must be family/name in lower case, received {name!r}.")
        if name in self._items:
            raise ValueError(f"{self.kind} {name!r} is registered already; choose another name.")
        self._items[name] = item

    def names(self, pattern: str = "*") -> list[str]:
        """Names that match a shell pattern, sorted."""
        for module in self._modules().values():
            import_module(module)
        return sorted(name for name in self._items if fnmatch.fnmatchcase(name, pattern))

    def get(self, name: str) -> Item:
        """Item of that name; `UnknownNameError` with the closest names otherwise."""
        module = self._modules().get(name.partition("/")[0])
        if name not in self._items and module is not None:
            import_module(module)
        if name not in self._items:
            known = self.names()
            if name in self._items:  # an outside package may add to a family that is not its own
                return self._items[name]
            close = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known[:3]
            raise UnknownNameError(
                f"Unknown {self.kind} {name!r}; closest: {', '.join(close) or 'none'}. "
                f"List all with `neuromodels list {self.kind}s`."
            )
        return self._items[name]

    def _modules(self) -> dict[str, str]:
        outside = {point.name: point.module for point in entry_points(group=self._group)}
        # An outside package may call its entry point as one of our families; both are imported then.
        ours = set(self._families)
        return {
            **{f"{name} (outside)" if name in ours else name: module for name, module in outside.items()},
            **self._families,
        }
