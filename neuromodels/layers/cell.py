"""What every recurrent cell is: one step from an input and a state to an output and the next state.

In the equations of the cells x is the input, h the state, [a;b] stacks channels, * is a convolution with bias (or a fully
connected map), sigma the logistic function, b_f the forget bias. LN(.) subtracts the mean over channels at every point,
divides by sqrt(variance + 1e-5), then scales and shifts every channel; it stands only where layer norm is asked for.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

NORM_EPS = 1e-5
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "elu": functional.elu,
    "identity": lambda x: x,
    "relu": functional.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}
State = Tensor | None
Step = Callable[..., tuple[Tensor, State]]


class RecurrentCell(nn.Module):
    """Base of the cells; the state is one tensor that the caller keeps.

    The state may be saved as any tensor (``state.contiguous()`` for safetensors) and given back. Cells are compiled by
    ``torch.compile`` and exported by ``torch.export`` for any batch; ``torch.jit.script``, which torch has deprecated in
    favour of these two, does not take them.

    Spatial sizes, precision and device are those of the input. A cell whose kernel size is None is fully connected and
    takes ``(batch, channel)``; otherwise it takes ``(batch, channel, row, col)``. A subclass implements `bind`.

    Attributes
    ----------
    in_channels, out_channels
        Channels of the input and of the output.
    state_channels
        Channels of the state; 0 for a cell without memory, whose state is None.
    """

    def __init__(self, in_channels: int, out_channels: int, state_channels: int) -> None:
        super().__init__()
        for name, size in (("in_channels", in_channels), ("out_channels", out_channels)):
            if size < 1:
                raise ValueError(f"{name} must be at least 1, received {size}.")
        self.in_channels, self.out_channels, self.state_channels = in_channels, out_channels, state_channels

    def initial_state(self, x: Tensor) -> State:
        """Zeros ``(batch, state channel, ...)`` that fit the input ``x``; None for a cell without memory."""
        return x.new_zeros(x.shape[0], self.state_channels, *x.shape[2:]) if self.state_channels else None

    def bind(self, *, repeated: bool = False) -> Step:
        """The step as a function ``(x, state) -> (y, state)``.

        Parameters
        ----------
        repeated
            Whether it will be called for many steps with these weights, so that it pays to make them ready.
        """
        raise NotImplementedError

    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        """One step.

        Parameters
        ----------
        x
            Input ``(batch, in channel, ...)``.
        state
            ``(batch, state channel, ...)`` from the step before; None for zeros.

        Returns
        -------
        tuple
            Output ``(batch, out channel, ...)`` and the next state.

        Raises
        ------
        ValueError
            If channels, batch or spatial size of input and state do not fit.
        """
        return self.bind()(x, self._checked(x, state))

    def run(self, x: Tensor, state: State = None, *beside: Tensor | None) -> tuple[Tensor, State]:
        """All steps of a sequence.

        Parameters
        ----------
        x
            Inputs ``(batch, time, in channel, ...)``.
        state
            Before the first step; None for zeros.
        *beside
            What else the cell takes at every step, ``(batch, time, channel, ...)``; None for what it does not take.

        Returns
        -------
        tuple
            Outputs ``(batch, time, out channel, ...)`` and the state after the last step.
        """
        if x.ndim < 3 or x.shape[1] == 0:
            raise ValueError(
                f"a sequence is (batch, time, channel, ...) with a step at least, received {tuple(x.shape)}."
            )
        for sequence in beside:
            if sequence is not None and sequence.shape[1] != x.shape[1]:
                raise ValueError(
                    f"the input has {x.shape[1]} steps, but what stands beside it has {sequence.shape[1]}; give one for each."
                )
        state, step, outputs = self._checked(x[:, 0], state), self.bind(repeated=True), []
        self._check_beside(x[:, 0], *(None if sequence is None else sequence[:, 0] for sequence in beside))
        steps = [[None] * x.shape[1] if sequence is None else sequence.unbind(1) for sequence in beside]
        for frame, *others in zip(x.unbind(1), *steps, strict=True):
            output, state = step(frame, state, *others)
            outputs.append(output)
        return torch.stack(outputs, 1), state

    def _check_beside(self, x: Tensor, *beside: Tensor | None) -> None:
        if beside:
            raise ValueError(f"{type(self).__name__} takes nothing beside its input and state.")

    def _checked(self, x: Tensor, state: State) -> State:
        name = type(self).__name__
        if x.ndim < 2 or x.shape[1] != self.in_channels:
            raise ValueError(
                f"{name} takes inputs (batch, {self.in_channels}, ...), received shape {tuple(x.shape)}; "
                "build it with in_channels equal to the channels of the input."
            )
        if state is None:
            return self.initial_state(x)
        expected = (x.shape[0], self.state_channels, *x.shape[2:])
        if tuple(state.shape) != expected:
            raise ValueError(
                f"{name} keeps a state of shape {expected} for inputs of shape {tuple(x.shape)}, received "
                f"{tuple(state.shape)}; give None for zeros."
            )
        return state


class ChannelNorm(nn.Module):
    """Layer norm over the channels at every point, for one or several gates stacked along the channels.

    Parameters
    ----------
    channels
        Channels of one gate.
    n_gates
        Gates, each with mean, variance, scale and shift of its own.

    References
    ----------
    Ba, Kiros, Hinton 2016, arXiv 1607.06450, equation 4, over the channels of a point in place of a whole layer.
    """

    def __init__(self, channels: int, n_gates: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_gates, channels))
        self.bias = nn.Parameter(torch.zeros(n_gates, channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``(batch, n_gates * channel, ...)``."""
        last = x.movedim(1, -1).unflatten(-1, self.weight.shape)  # (batch, ..., gate, channel)
        normal = functional.layer_norm(last, self.weight.shape[1:], eps=NORM_EPS)
        # Autocast normalises in single precision; the gates go on in that of the convolution.
        return torch.addcmul(self.bias, normal, self.weight).flatten(-2).movedim(-1, 1).to(x.dtype)


def activation_named(name: str) -> Callable[[Tensor], Tensor]:
    """The function of this name.

    Raises
    ------
    ValueError
        If there is none of this name.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"activation is {name!r}; it must be one of {', '.join(sorted(ACTIVATIONS))}.")
    return ACTIVATIONS[name]
