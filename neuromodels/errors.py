"""Errors a caller may want to catch; each message says what, received, accepted, what to do."""

import difflib
from collections.abc import Iterable


class NeuromodelsError(Exception):
    """Base class; ``exit_code`` is what the command line returns for it."""

    exit_code = 1


class UnknownNameError(NeuromodelsError, LookupError):
    """A name that no registry holds."""

    exit_code = 2

    @classmethod
    def for_name(cls, kind: str, received: str, known: Iterable[str], hint: str) -> "UnknownNameError":
        """Build the message: the name received, its closest matches, where the full list is."""
        known = sorted(known)
        close = difflib.get_close_matches(received, known, n=3, cutoff=0.4) or known[:3]
        return cls(f"Unknown {kind} {received!r}; closest: {', '.join(close) or 'none'}. {hint}")


class ContractError(NeuromodelsError):
    """A model that breaks the recording contract; the message names the rule."""


class ResourceNotAvailableError(NeuromodelsError):
    """Weights or a tokenizer that are not on this machine; the message says how to get them."""

    exit_code = 3
