"""Cells by name, as configurations write them."""

from collections.abc import Callable, Mapping
from typing import Any

from .cell import RecurrentCell
from .gated_cells import GRUCell, IntersectionRNNCell, LSTMCell, UGRNNCell
from .leaky_cells import ConvBasicCell, IdentityCell, TimeDecayCell, VanillaCell
from .reciprocal_cell import ReciprocalGatedCell, ReciprocalOptions

# Cells that take more than their input and their state.
WITH_BESIDE = ("reciprocal_gated",)


def _reciprocal(
    channels: int,
    kernel_size: int | tuple[int, int] | None,
    *,
    residual_channels: int = 0,
    feedback_channels: int = 0,
    cell_channels: int | None = None,
    **paths: Any,
) -> RecurrentCell:
    # Without a bypass the gate of the output is that of the cell alone.
    paths.setdefault("residual_to_out_gate", residual_channels > 0)
    return ReciprocalGatedCell(
        channels,
        channels,
        cell_channels=cell_channels,
        residual_channels=residual_channels,
        feedback_channels=feedback_channels,
        options=ReciprocalOptions(kernel_size=kernel_size, **paths),
    )


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
    "reciprocal_gated": _reciprocal,
}


def list_cells() -> list[str]:
    """Names that `make_cell` knows, sorted."""
    return sorted(KINDS)


def make_cell(
    name: str,
    channels: int,
    *,
    kernel_size: int | tuple[int, int] | None = None,
    residual_channels: int = 0,
    feedback_channels: int = 0,
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
    residual_channels, feedback_channels
        Of a bypass and of long-range feedback, which the reciprocal gated cell takes beside its input; 0 for none.
    options
        Further keywords of the class, such as ``{"layer_norm": True}``; of the reciprocal gated cell also the fields of
        `ReciprocalOptions`, where ``residual_to_out_gate`` is True if there is a bypass, unless it is given.

    Raises
    ------
    ValueError
        If there is no such cell, the cell has no such option, or it takes no bypass and no feedback.
    """
    if name not in KINDS:
        raise ValueError(f"cell is {name!r}; it must be one of {', '.join(list_cells())}.")
    beside = {"residual_channels": residual_channels, "feedback_channels": feedback_channels}
    if name not in WITH_BESIDE:
        if any(beside.values()):
            raise ValueError(
                f"cell {name!r} takes no bypass and no feedback, received {residual_channels} and {feedback_channels} "
                f"channels of them; only {', '.join(WITH_BESIDE)} does."
            )
        beside = {}
    try:
        return KINDS[name](channels, kernel_size, **beside, **(options or {}))
    except TypeError as error:
        raise ValueError(f"cell {name!r} cannot be built from the options {dict(options or {})}: {error}.") from None
