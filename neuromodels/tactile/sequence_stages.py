"""Stacks of sequence layers as encoders and attenders."""

from torch import Tensor, nn

from ..layers.sequence import SequenceLayer, SequenceStack
from .stages import Tap, untapped

S4_DROPOUT = 0.2


class SequenceEncoder(nn.Module):
    """A linear map of each step, a stack of sequence layers, and a linear map of what it gives.

    Layers are ``embedding``, ``block1`` .., ``norm`` and ``linear``. S4 has the norm after the sum in each block, so that a
    block is the normalised sum, and there is no norm at the end; in the other stacks a block is what the layer adds to the
    residual stream.

    Parameters
    ----------
    kind
        One of `neuromodels.layers.sequence.list_sequence_layers`.
    in_features
        Channels x rows x columns of a step.
    width, blocks
        Of the stack.
    size
        Features that come out.
    seed
        Of the weights of the stack; the linear maps are drawn from torch's random state.

    References
    ----------
    Chung, Shen, Kong, Nayebi 2025, arXiv 2505.18361, for the stacks of S4 and Mamba.
    """

    def __init__(self, kind: str, in_features: int, *, width: int, blocks: int, size: int, seed: int) -> None:
        super().__init__()
        self.size = size
        self.embedding = nn.Linear(in_features, width)
        self.stack = _stack(kind, width, blocks, seed)
        self.linear = nn.Linear(width, size)

    def forward(self, x: Tensor, *, every_step: bool = True, tap: Tap | None = None) -> Tensor:
        """Encode ``(batch, time, channel, row, col)`` as ``(batch, time or 1, feature)``."""
        offer = tap or untapped
        y = run_stack(self.stack, offer("embedding", self.embedding(x.flatten(2))), offer)
        return offer("linear", self.linear(y if every_step else y[:, -1:]))


class SequenceAttender(nn.Module):
    """A stack of sequence layers over the encoder's features.

    Parameters
    ----------
    kind
        One of `neuromodels.layers.sequence.list_sequence_layers`.
    size
        Features of a step, in and out.
    blocks
        Layers.
    seed
        Of the weights.
    """

    def __init__(self, kind: str, size: int, *, blocks: int, seed: int) -> None:
        super().__init__()
        self.size = size
        self.stack = _stack(kind, size, blocks, seed)

    def forward(self, encoded: Tensor, *, every_step: bool = True, tap: Tap | None = None) -> Tensor:
        """Attend to the steps so far of ``(batch, time, feature)``; time is 1 without ``every_step``."""
        y = run_stack(self.stack, encoded, tap or untapped, "attender.")
        return y if every_step else y[:, -1:]


def run_stack(stack: SequenceStack, x: Tensor, offer: Tap, prefix: str = "") -> Tensor:
    """Outputs of a stack, its layers being offered on the way.

    Parameters
    ----------
    stack
        The stack.
    x
        ``(batch, time, width)``.
    offer
        Takes the name and the value of a layer and returns the value.
    prefix
        Of the names.
    """
    for number, (layer, norm) in enumerate(zip(stack.layers, stack.norms, strict=True), 1):
        assert isinstance(layer, SequenceLayer)
        name = f"{prefix}block{number}"
        if stack.norm_first:
            x = x + stack.dropout(offer(name, layer.outputs(norm(x))))
        else:
            x = offer(name, norm(x + stack.dropout(layer.outputs(x))))
    return offer(f"{prefix}norm", stack.last_norm(x)) if stack.norm_first else x


def _stack(kind: str, width: int, blocks: int, seed: int) -> SequenceStack:
    if kind == "s4":
        inner = {"dropout": S4_DROPOUT}
        return SequenceStack(kind, width, blocks, norm="post", dropout=S4_DROPOUT, options=inner, seed=seed)
    return SequenceStack(kind, width, blocks, seed=seed)
