"""Language networks: untrained attention with byte-pair tokens."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bpe import ByteLevelBPE, find_gpt2_bpe
    from .suma import Suma, SumaConfig

_HOME = {"ByteLevelBPE": "bpe", "find_gpt2_bpe": "bpe", "Suma": "suma", "SumaConfig": "suma"}

__all__ = ["ByteLevelBPE", "Suma", "SumaConfig", "find_gpt2_bpe"]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
