"""Sequence layers by name, as configurations write them."""

from collections.abc import Callable

from .attention_recurrence import Aaren
from .legendre_memory import LMU
from .mamba import Mamba
from .matrix_memory import MLSTM
from .minimal_recurrence import MinGRU, MinLSTM
from .s4 import S4
from .scalar_memory import SLSTM
from .sequence_layer import SequenceLayer

KINDS: dict[str, Callable[..., SequenceLayer]] = {
    "aaren": Aaren,
    "lmu": LMU,
    "mamba": Mamba,
    "min_gru": MinGRU,
    "min_lstm": MinLSTM,
    "mlstm": MLSTM,
    "s4": S4,
    "slstm": SLSTM,
}


def list_sequence_layers() -> list[str]:
    """Names that `make_sequence_layer` knows, sorted."""
    return sorted(KINDS)


def make_sequence_layer(kind: str, width: int, **options: object) -> SequenceLayer:
    """A layer from sequences to sequences of the same width.

    Parameters
    ----------
    kind
        One of `list_sequence_layers`.
    width
        Of input and output.
    **options
        Further keywords of the class, such as ``seed``.

    Raises
    ------
    ValueError
        If there is no such kind, or it has no such option.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; it must be one of {', '.join(list_sequence_layers())}.")
    try:
        return KINDS[kind](width, **options)
    except TypeError as error:
        raise ValueError(f"sequence layer {kind!r} cannot be built from the options {options}: {error}.") from None
