"""What every sequence layer is: a causal map of sequences whose memory is a state that the caller may keep."""

import math
from typing import Any

import torch
from torch import Tensor, nn

State = tuple[Tensor, ...]


class SequenceLayer(nn.Module):
    """Base of the layers; input and output are ``(batch, time, width)``, the state is a tuple of real tensors.

    Whole sequences are computed in parallel over time where the equations allow it, single steps by recurrence, with equal
    outputs. Weights come from a seed alone. Precision and device are those of the parameters; the memory of a layer in half
    precision is kept in single precision. A subclass gives `state_shapes` and `_sequence`.

    Attributes
    ----------
    width
        Size of the last axis of input and output.
    no_weight_decay
        Names of the layer's own parameters that an optimizer should not pull towards zero, because zero is not neutral for
        them: time constants, gate biases, skips. See `undecayed_parameters`.
    """

    no_weight_decay: tuple[str, ...] = ()

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = checked_size("width", width)

    @property
    def working_dtype(self) -> torch.dtype:
        """Precision of the memory: that of the parameters, but at least single."""
        return torch.promote_types(next(self.parameters()).dtype, torch.float32)

    def state_shapes(self, batch: int) -> tuple[tuple[int, ...], ...]:
        """Shapes of the tensors of the state.

        Parameters
        ----------
        batch
            Sequences side by side.
        """
        raise NotImplementedError

    def initial_state(self, batch: int) -> State:
        """State before the first step, on the device of the parameters.

        Parameters
        ----------
        batch
            Sequences side by side.
        """
        device = next(self.parameters()).device
        return tuple(torch.zeros(shape, dtype=self.working_dtype, device=device) for shape in self.state_shapes(batch))

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """A whole sequence, or the next part of one.

        Parameters
        ----------
        x
            ``(batch, time, width)`` with a step at least.
        state
            After the part before; None at the beginning.

        Returns
        -------
        tuple
            Outputs ``(batch, time, width)`` and the state after the last step.

        Raises
        ------
        ValueError
            If the shape of input or state does not fit.
        """
        check_sequence(self, x, self.width)
        return self._sequence(x, self._checked_state(x, state))

    def outputs(self, x: Tensor) -> Tensor:
        """The outputs of a whole sequence without the last state, which some layers need not compute then.

        Parameters
        ----------
        x
            ``(batch, time, width)`` with a step at least.
        """
        return self(x)[0]

    def step(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """One step.

        Parameters
        ----------
        x
            ``(batch, width)``.
        state
            After the step before; None at the beginning.

        Returns
        -------
        tuple
            Output ``(batch, width)`` and the state after the step.

        Raises
        ------
        ValueError
            If the shape of input or state does not fit.
        """
        y, state = self(one_step(x, self.width), state)
        return y[:, 0], state

    def extra_repr(self) -> str:
        """Width, as printed in the representation."""
        return f"width={self.width}"

    def _sequence(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        raise NotImplementedError

    def _checked_state(self, x: Tensor, state: State | None) -> State:
        if state is None:
            return self.initial_state(x.shape[0])
        expected, received = self.state_shapes(x.shape[0]), tuple(tuple(part.shape) for part in state)
        if received != expected:
            raise ValueError(
                f"{type(self).__name__} keeps a state of shapes {expected} for {x.shape[0]} sequences, received "
                f"{received}; give None at the beginning of a sequence."
            )
        return state


def check_sequence(owner: nn.Module, x: Tensor, width: int) -> None:
    """Refuse what is no sequence of this width.

    Raises
    ------
    ValueError
        If the shape is not ``(batch, time, width)`` with a step at least.
    """
    if x.ndim != 3 or x.shape[1] == 0 or x.shape[2] != width:
        raise ValueError(
            f"{type(owner).__name__} takes (batch, time, {width}) with a step at least, received shape "
            f"{tuple(x.shape)}; build it with width equal to the size of the last axis."
        )


def one_step(x: Tensor, width: int) -> Tensor:
    """A step ``(batch, width)`` as a sequence ``(batch, 1, width)``.

    Raises
    ------
    ValueError
        If it has another number of axes.
    """
    if x.ndim != 2:
        raise ValueError(
            f"a step takes (batch, {width}), received shape {tuple(x.shape)}; call the module itself with sequences."
        )
    return x[:, None]


def undecayed_parameters(module: nn.Module) -> list[str]:
    """Full names, sorted, of the parameters that the sequence layers inside a module list in ``no_weight_decay``.

    Parameters
    ----------
    module
        Any module; an optimizer puts these of its ``named_parameters`` in a group with weight decay 0.
    """
    names = []
    for prefix, part in module.named_modules():
        own: tuple[str, ...] = getattr(part, "no_weight_decay", ())
        names += [f"{prefix}.{name}" if prefix else name for name in own]
    return sorted(names)


def seeded_linear(inputs: int, outputs: int, random: torch.Generator, *, bias: bool = True) -> nn.Linear:
    """A linear layer that starts uniform within 1/sqrt(inputs), as torch's own does, from a generator.

    Parameters
    ----------
    inputs, outputs
        Sizes of the last axis.
    random
        Source of the weights.
    bias
        Whether it has one.
    """
    layer: Any = nn.utils.skip_init(nn.Linear, inputs, outputs, bias=bias)
    bound = 1 / math.sqrt(inputs)
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -bound, bound, generator=random)
    return layer


def log_uniform(shape: tuple[int, ...], low: float, high: float, random: torch.Generator) -> Tensor:
    """Logarithms, uniform between those of two positive numbers.

    Parameters
    ----------
    shape
        Of the result.
    low, high
        Ends of the range.
    random
        Source of the numbers.

    Raises
    ------
    ValueError
        If the ends are not positive and in order.
    """
    if not 0 < low <= high < math.inf:
        raise ValueError(
            f"a range of step sizes needs 0 < low <= high, received {low} and {high}; 0.001, 0.1 is usual."
        )
    return torch.empty(shape).uniform_(math.log(low), math.log(high), generator=random)


def checked_size(name: str, size: int) -> int:
    """The size itself.

    Raises
    ------
    ValueError
        If it is below 1.
    """
    if size < 1:
        raise ValueError(f"{name} must be at least 1, received {size}.")
    return size
