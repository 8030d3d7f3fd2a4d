"""Recurrent networks described as graphs, with feedback and skips, unrolled in time."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .config import GraphConfig, NodeConfig
    from .graph import RecurrentGraph
    from .zhuang import zhuang_graph

_HOME = {"GraphConfig": "config", "NodeConfig": "config", "RecurrentGraph": "graph", "zhuang_graph": "zhuang"}

__all__ = ["GraphConfig", "NodeConfig", "RecurrentGraph", "zhuang_graph"]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
