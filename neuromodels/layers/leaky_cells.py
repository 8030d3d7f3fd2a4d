"""Cells without gates: none, a decaying trace, and the simple recurrent networks."""

import torch
from torch import Tensor, nn

from .cell import ChannelNorm, RecurrentCell, State, Step, activation_named
from .channel_map import ChannelMap


class IdentityCell(RecurrentCell):
    """y = x; no state.

    Parameters
    ----------
    channels
        Of the input, and of the output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 0)

    def bind(self, *, repeated: bool = False) -> Step:
        """The step as a function ``(x, None) -> (x, None)``."""
        return lambda x, state: (x, None)


class TimeDecayCell(RecurrentCell):
    """h <- x + tau h, y = h, with one tau for all channels.

    At tau = 0, where it starts, the cell has no memory; nothing bounds tau.

    Parameters
    ----------
    channels
        Of the input, the state and the output.
    tau
        Share of the state that the next step keeps.
    trainable
        Whether tau is a parameter; otherwise it is saved as a buffer.

    References
    ----------
    Nayebi et al. 2018, arXiv 1807.00053, the time decay of every layer.
    """

    tau: Tensor

    def __init__(self, channels: int, *, tau: float = 0.0, trainable: bool = True) -> None:
        super().__init__(channels, channels, channels)
        if trainable:
            self.tau = nn.Parameter(torch.tensor(float(tau)))
        else:
            self.register_buffer("tau", torch.tensor(float(tau)))

    def bind(self, *, repeated: bool = False) -> Step:
        """The step as a function ``(x, state) -> (y, state)``."""

        def step(x: Tensor, state: Tensor) -> tuple[Tensor, State]:
            state = torch.addcmul(x, self.tau, state)
            return state, state

        return step


class VanillaCell(RecurrentCell):
    """h <- act(LN(W_i * x + b_i + W_s * h + b_s)), y = h.

    Parameters
    ----------
    in_channels, out_channels
        Of the input; of the state and the output.
    kernel_size
        Of both convolutions; None for fully connected.
    activation
        ``"elu"``, ``"relu"``, ``"tanh"``, ``"sigmoid"`` or ``"identity"``.
    layer_norm
        Whether the sum is normalised before the activation.

    References
    ----------
    Elman 1990, Cognitive Science 14, 179-211, with convolutions for the matrices.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel_size: int | tuple[int, int] | None = 3,
        activation: str = "elu",
        layer_norm: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, out_channels)
        self.activation = activation
        activation_named(activation)
        self.from_input = ChannelMap(in_channels, out_channels, kernel_size)
        self.from_state = ChannelMap(out_channels, out_channels, kernel_size)
        self.norm = ChannelNorm(out_channels) if layer_norm else nn.Identity()

    def bind(self, *, repeated: bool = False) -> Step:
        """The step as a function ``(x, state) -> (y, state)``."""
        from_input, from_state, norm = (
            self.from_input.bind(repeated=repeated),
            self.from_state.bind(repeated=repeated),
            self.norm,
        )
        activation = activation_named(self.activation)

        def step(x: Tensor, state: Tensor) -> tuple[Tensor, State]:
            state = activation(norm(from_input(x) + from_state(state)))
            return state, state

        return step


class ConvBasicCell(VanillaCell):
    """h <- relu(W_i * x + b_i + W_s * h + b_s), y = h: the vanilla cell without layer norm.

    Parameters
    ----------
    in_channels, out_channels
        Of the input; of the state and the output.
    kernel_size
        Of both convolutions; None for fully connected.
    activation
        As for `VanillaCell`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel_size: int | tuple[int, int] | None = 3,
        activation: str = "relu",
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size=kernel_size, activation=activation, layer_norm=False)
