"""Cells by name, as configurations write them."""

from collections.abc import Callable, Mapping

from .cell import RecurrentCell
from .gated_cells import GRUCell, IntersectionRNNCell, LSTMCell, UGRNNCell
from .leaky_cells import ConvBasicCell, IdentityCell, TimeDecayCell, VanillaCell

# Each takes (channels, kernel size, options).
KINDS: dict[str, Callable[..., RecurrentCell]] = {
    "identity": lambda channels, kernel_size, **options: IdentityCell(channels, **options),
    "time_decay": lambda channels, kernel_size, **options: TimeDecayCell(channels, **options),
    "vanilla": lambda channels, kernel_size, **options: VanillaCell(
        channels, channels, kernel_size=kernel_size, **options
    ),
    "conv_basic": lambda channels, kernel_size, **options: ConvBasicCell(
        channels, channels, kernel_size=kernel_size, **options
    ),
    "ugrnn": lambda channels, kernel_size, **options: UGRNNCell(channels, kernel_size=kernel_size, **options),
    "intersection": lambda channels, kernel_size, **options: IntersectionRNNCell(
        channels, kernel_size=kernel_size, **options
    ),
    "gru": lambda channels, kernel_size, **options: GRUCell(channels, kernel_size=kernel_size, **options),
    "lstm": lambda channels, kernel_size, **options: LSTMCell(channels, kernel_size=kernel_size, **options),
}


def list_cells() -> list[str]:
    """Names that `make_cell` knows, sorted."""
    return sorted(KINDS)


def make_cell(
    name: str,
    channels: int,
    *,
    kernel_size: int | tuple[int, int] | None = None,
    options: Mapping[str, object] | None = None,
) -> RecurrentCell:
    """A cell with as many output as input channels.

    Parameters
    ----------
    name
        One of `list_cells`.
    channels
        Of the input and the output.
    kernel_size
        Of its convolutions; None for fully connected. Identity and time decay have none and ignore it.
    options
        Further keywords of the class, such as ``{"layer_norm": True}``.

    Raises
    ------
    ValueError
        If there is no such cell, or the cell has no such option.
    """
    if name not in KINDS:
        raise ValueError(f"cell is {name!r}; it must be one of {', '.join(list_cells())}.")
    try:
        return KINDS[name](channels, kernel_size, **(options or {}))
    except TypeError as error:
        raise ValueError(f"cell {name!r} cannot be built from the options {dict(options or {})}: {error}.") from None
