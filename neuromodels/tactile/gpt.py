"""The transformer attender: causal attention over the encoder's steps and a learned token after each of them.

For steps e_1 .. e_T and the action token a, the tokens are e_1, a, e_2, a, .. e_T, a. With n = LN(x)::

    x   = W_e token + position
    x  <- x + W_o softmax(q k^T / sqrt(d) + causal mask) v,   q, k, v = W n + b, per head of width d
    x  <- x + W_2 gelu(W_1 LN(x) + b_1) + b_2
    out = W_h LN(x), at the action tokens
"""

import math

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional

from .stages import Tap, untapped

INIT_STD = 0.02


class GPTBlock(nn.Module):
    """Causal self-attention and an MLP, each of the normalised residual stream.

    Parameters
    ----------
    width
        Of the residual stream.
    heads
        Attention heads.
    dropout
        Share of attention weights, and of what is added to the residual stream, that training leaves out.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp_in = nn.Linear(width, 4 * width)
        self.mlp_out = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, token, width)``."""
        x = x + self._drop(self.attention_out(self._attend(self.qkv(self.attention_norm(x)))))
        inner = functional.gelu(self.mlp_in(self.mlp_norm(x)), approximate="tanh")
        return x + self._drop(self.mlp_out(inner))

    def _attend(self, qkv: Tensor) -> Tensor:
        q, k, v = rearrange(
            qkv, "batch token (part head width) -> part batch head token width", part=3, head=self.heads
        )
        dropped = self.dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(q, k, v, dropout_p=dropped, is_causal=True)
        return rearrange(mixed, "batch head token width -> batch token (head width)")

    def _drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout, self.training)


class GPTAttender(nn.Module):
    """Transformer over the steps, read at the action token behind each step.

    Parameters
    ----------
    size
        Features of a step.
    width
        Of the residual stream, and of the output.
    blocks
        Transformer blocks.
    heads
        Attention heads.
    dropout
        Of the embedding and the blocks.
    positions
        Rows of the position table; at least two a step.

    Notes
    -----
    Weights start N(0, 0.02^2), those that write to the residual stream N(0, (0.02 / sqrt(2 blocks))^2), biases 0, and the
    action token N(0, 1).

    References
    ----------
    Chung, Shen, Kong, Nayebi 2025, arXiv 2505.18361; Radford et al. 2019, "Language models are unsupervised multitask
    learners", for the blocks and the scale of residual weights.
    """

    def __init__(self, size: int, width: int, *, blocks: int, heads: int, dropout: float, positions: int) -> None:
        super().__init__()
        self.size, self.dropout = width, dropout
        self.action_token = nn.Parameter(torch.empty(size))
        self.embedding = nn.Linear(size, width)
        self.position = nn.Embedding(positions, width)
        self.blocks = nn.ModuleList(GPTBlock(width, heads, dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, width, bias=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        nn.init.normal_(self.action_token)
        residual_std = INIT_STD / math.sqrt(2 * len(self.blocks))
        for name, parameter in self.named_parameters():
            if name.endswith(".bias"):
                nn.init.zeros_(parameter)
            elif parameter.ndim == 2:
                writes = name.endswith(("attention_out.weight", "mlp_out.weight"))
                nn.init.normal_(parameter, std=residual_std if writes else INIT_STD)

    def forward(self, encoded: Tensor, *, every_step: bool = True, tap: Tap | None = None) -> Tensor:
        """Attend to the steps so far.

        Parameters
        ----------
        encoded
            ``(batch, time, feature)``.
        every_step
            Whether all steps are needed, or the last only.
        tap
            Where layers are offered for recording.

        Returns
        -------
        Tensor
            ``(batch, time, width)``; time is 1 without ``every_step``.
        """
        offer = tap or untapped
        tokens = torch.stack([encoded, self.action_token.to(encoded.dtype).expand_as(encoded)], 2).flatten(1, 2)
        x = self.embedding(tokens) + self.position.weight[: tokens.shape[1]]
        x = offer("attender.embedding", functional.dropout(x, self.dropout, self.training))
        for number, block in enumerate(self.blocks, 1):
            x = offer(f"attender.block{number}", block(x))
        if tap is None:
            x = x[:, 1::2] if every_step else x[:, -1:]
            return self.head(self.norm(x))
        x = tap("attender.head", self.head(tap("attender.norm", self.norm(x))))
        return x[:, 1::2]
