"""Residual blocks of one kind of sequence layer, each with a norm: what encoders and attenders are built from."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from ...seeding import generator
from .layer_kinds import make_sequence_layer
from .sequence_layer import State, check_sequence, checked_size, one_step

NORM_EPS = 1e-5


class SequenceStack(nn.Module):
    """Blocks x <- x + dropout(layer(LN(x))) and a norm at the end, or x <- LN(x + dropout(layer(x))).

    Parameters
    ----------
    kind
        Of the layers, one of `list_sequence_layers`.
    width
        Of input, output and everything between.
    n_blocks
        Layers, each in a block of its own.
    norm
        ``"pre"`` for the first form, which normalises the last output too; ``"post"`` for the second.
    dropout
        Probability that an element of a layer's output is left out in training.
    options
        Further keywords of the layer, such as ``{"state_size": 32}``.
    seed
        Of the weights; every block draws its own.

    Raises
    ------
    ValueError
        If the kind, an option, a size, the norm or the dropout is not one that is accepted.

    References
    ----------
    Xiong et al. 2020, arXiv 2002.04745, figure 1, for the two places of the norm.
    """

    def __init__(
        self,
        kind: str,
        width: int,
        n_blocks: int,
        *,
        norm: Literal["pre", "post"] = "pre",
        dropout: float = 0.0,
        options: Mapping[str, object] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if norm not in ("pre", "post"):
            raise ValueError(f"norm is {norm!r}; it must be 'pre' or 'post'.")
        checked_size("n_blocks", n_blocks)
        self.width, self.norm_first = width, norm == "pre"
        seeds = torch.randint(2**32, (n_blocks,), generator=generator(seed), device="cpu").tolist()
        self.layers = nn.ModuleList(make_sequence_layer(kind, width, seed=own, **(options or {})) for own in seeds)
        self.norms = nn.ModuleList(nn.LayerNorm(width, eps=NORM_EPS) for _ in seeds)
        self.last_norm = nn.LayerNorm(width, eps=NORM_EPS) if self.norm_first else nn.Identity()
        self.dropout = nn.Dropout(dropout)

    def initial_state(self, batch: int) -> tuple[State, ...]:
        """States of the layers before the first step.

        Parameters
        ----------
        batch
            Sequences side by side.
        """
        return tuple(layer.initial_state(batch) for layer in self.layers)  # type: ignore[operator]

    def forward(self, x: Tensor, state: tuple[State, ...] | None = None) -> tuple[Tensor, tuple[State, ...]]:
        """A whole sequence, or the next part of one.

        Parameters
        ----------
        x
            ``(batch, time, width)`` with a step at least.
        state
            After the part before, one state per layer; None at the beginning.

        Returns
        -------
        tuple
            Outputs ``(batch, time, width)`` and the states after the last step.

        Raises
        ------
        ValueError
            If the shape of input or state does not fit.
        """
        check_sequence(self, x, self.width)
        given = self._one_each(state)
        after = []
        for layer, norm, before in zip(self.layers, self.norms, given, strict=True):
            y, own = layer(norm(x) if self.norm_first else x, before)
            x = self._joined(x, y, norm)
            after.append(own)
        return self.last_norm(x), tuple(after)

    def outputs(self, x: Tensor) -> Tensor:
        """The outputs of whole sequences without the last states, which some layers need not compute then.

        Parameters
        ----------
        x
            ``(batch, time, width)`` with a step at least.
        """
        check_sequence(self, x, self.width)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            y = layer.outputs(norm(x) if self.norm_first else x)  # type: ignore[operator]
            x = self._joined(x, y, norm)
        return self.last_norm(x)

    def step(self, x: Tensor, state: tuple[State, ...] | None = None) -> tuple[Tensor, tuple[State, ...]]:
        """One step.

        Parameters
        ----------
        x
            ``(batch, width)``.
        state
            After the step before, one state per layer; None at the beginning.

        Returns
        -------
        tuple
            Output ``(batch, width)`` and the states after the step.

        Raises
        ------
        ValueError
            If the shape of input or state does not fit.
        """
        y, state = self(one_step(x, self.width), state)
        return y[:, 0], state

    def _joined(self, x: Tensor, y: Tensor, norm: nn.Module) -> Tensor:
        x = x + self.dropout(y)
        return x if self.norm_first else norm(x)

    def _one_each(self, state: tuple[State, ...] | None) -> tuple[State | None, ...]:
        if state is None:
            return (None,) * len(self.layers)
        if len(state) != len(self.layers):
            raise ValueError(
                f"the stack has {len(self.layers)} layers and takes as many states, received {len(state)}; "
                "give None at the beginning of a sequence."
            )
        return state
