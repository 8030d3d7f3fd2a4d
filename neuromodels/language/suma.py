"""SUMA: shared-weight untrained multihead attention over byte-pair tokens.

For token states x (token, D), x_0 = E[tokens], heads of width d = D / heads, passes c = 1..C::

    n_c = x_{c-1} / sqrt(mean_D(x_{c-1}^2) + eps)
    q, k, v = n_c Wq^T, n_c Wk^T, n_c Wv^T
    A_h = softmax(q_h k_h^T / sqrt(d) + causal mask)
    o_c = concat_h(A_h v_h) Wo^T
    x_c = x_{c-1} + o_c

The same weights serve every pass; there is no position code and no MLP. All matrices are N(0, init_std^2).
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional

from ..errors import UnknownNameError
from ..recording import Recordable
from ..seeding import generator
from .bpe import ByteLevelBPE, find_gpt2_bpe

GPT2_VOCABULARY = 50_257


@dataclass(frozen=True)
class SumaConfig:
    """Sizes of a SUMA network.

    Attributes
    ----------
    dim
        Width D of a token state; a multiple of ``n_heads``.
    n_heads
        Attention heads.
    n_passes
        How often the one block is applied (``num_cycles`` in the published code).
    init_std
        Standard deviation of every random entry. By default 1.28 / sqrt(D), which is the published 0.02 at D 4096
        and keeps the spread of queries, keys and values at other sizes.
    norm_eps
        eps of RMSNorm.
    vocab_size
        Rows of the embedding table; the published network has LLaMA-2's 32,000, ours GPT-2's 50,257.
    tokenizer
        Folder with GPT-2's ``encoder.json`` and ``vocab.bpe``; None looks in the places that
        `find_gpt2_bpe` lists.
    """

    dim: int = 4096
    n_heads: int = 512
    n_passes: int = 2
    init_std: float | None = None
    norm_eps: float = 1e-6
    vocab_size: int = GPT2_VOCABULARY
    tokenizer: str | Path | None = None

    def __post_init__(self) -> None:
        if self.init_std is None and isinstance(self.dim, int) and self.dim > 0:
            object.__setattr__(self, "init_std", 1.28 / math.sqrt(self.dim))
        for field in ("dim", "n_heads", "n_passes", "vocab_size"):
            if not isinstance(getattr(self, field), int):
                raise ValueError(f"{field} must be a whole number, received {getattr(self, field)}.")
            if getattr(self, field) < 1:
                raise ValueError(f"{field} must be at least 1, received {getattr(self, field)}.")
        for field in ("init_std", "norm_eps"):
            if not getattr(self, field) >= 0:
                raise ValueError(f"{field} must be 0 or more, received {getattr(self, field)}.")
        if self.dim % self.n_heads:
            raise ValueError(f"dim must be a multiple of n_heads, received {self.dim} and {self.n_heads}.")

    @classmethod
    def with_options(cls, **options: object) -> "SumaConfig":
        """Build a configuration; an option that does not exist is an error naming the closest ones."""
        known = [field.name for field in dataclasses.fields(cls)]
        for option in options:
            if option not in known:
                raise UnknownNameError.for_name("SUMA option", option, known, f"All: {', '.join(known)}.")
        return cls(**options)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        # The tokenizer's place is not part of the network: its content is fixed by hash.
        sizes = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "tokenizer"}
        return f"SumaConfig({', '.join(f'{key}={value!r}' for key, value in sizes.items())})"


def _random_linear(dim: int, std: float, rng: torch.Generator) -> nn.Linear:
    linear = nn.utils.skip_init(nn.Linear, dim, dim, bias=False)
    nn.init.normal_(linear.weight, std=std, generator=rng)
    return linear


class Suma(Recordable, nn.Module):
    """Untrained attention network, ``language/suma`` and ``language/suma-small``.

    Recorded layers, of the last pass and the last token: ``input_layernorm`` is n_C, ``self_attn`` is o_C.

    Parameters
    ----------
    config
        Sizes; see `SumaConfig`.
    seed
        Seed of all weights, drawn in the order embedding, q, k, v, o.

    Notes
    -----
    Sizes and initialisation are those of the published command line (1 block, hidden 4096, 512 heads, 2 cycles,
    range 0.02). The published tokenizer is LLaMA-2's, which is gated; this one uses GPT-2's byte-pair tokens.

    References
    ----------
    AlKhamissi, Tuckute, Bosselut, Schrimpf 2024, arXiv 2406.15109.
    """

    layers = ("input_layernorm", "self_attn")
    committed_layer = "self_attn"
    input_spec: dict[str, object] = {"kind": "text"}
    not_keyed = ("_tokenizer", "_last")

    def __init__(self, config: SumaConfig | None = None, *, seed: int) -> None:
        super().__init__()
        self.config = config or SumaConfig()
        self.seed = seed
        dim, rng = self.config.dim, generator(seed)
        assert self.config.init_std is not None
        std = self.config.init_std
        # Given its weight, nn.Embedding draws nothing of its own from the global random state.
        table = nn.init.normal_(torch.empty(self.config.vocab_size, dim), std=std, generator=rng)
        self.embedding = nn.Embedding(self.config.vocab_size, dim, _weight=table)
        self.q, self.k, self.v, self.o = (_random_linear(dim, std, rng) for _ in range(4))
        self.input_norm = nn.RMSNorm(dim, eps=self.config.norm_eps)
        self.final_norm = nn.RMSNorm(dim, eps=self.config.norm_eps)
        self._tokenizer: ByteLevelBPE | None = None
        self._last: Tensor | None = None

    def forward(self, tokens: Tensor) -> Tensor:
        """Normalised states after the last pass.

        Parameters
        ----------
        tokens
            Ids ``(batch, token)``, integers below ``vocab_size``. Shorter texts may be padded on the
            right: attention is causal, so padding never reaches an earlier token.

        Returns
        -------
        Tensor
            ``(batch, token, D)``.
        """
        states = self.embedding(tokens)
        for _ in range(self.config.n_passes):
            normed = self.tap("input_layernorm", self.input_norm(states))
            states = states + self.tap("self_attn", self._attend(normed))
        return self.final_norm(states)

    def _attend(self, normed: Tensor) -> Tensor:
        heads = self.config.n_heads
        q, k, v = (
            rearrange(project(normed), "batch token (head width) -> batch head token width", head=heads)
            for project in (self.q, self.k, self.v)
        )
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o(rearrange(mixed, "batch head token width -> batch token (head width)"))

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text; refuses a text without tokens and ids beyond the embedding table."""
        if self._tokenizer is None:
            self._tokenizer = ByteLevelBPE.from_folder(find_gpt2_bpe(self.config.tokenizer))
        if isinstance(texts, str):
            raise TypeError("stimuli must be a list of texts, received one text; wrap it in a list.")
        for position, text in enumerate(texts):
            if not isinstance(text, str):
                raise TypeError(f"stimulus {position} is a {type(text).__name__}, not a text; mend the list.")
        ids = [self._tokenizer.encode(text) for text in texts]
        for position, tokens in enumerate(ids):
            if not tokens:
                raise ValueError(f"stimulus {position} is an empty text; give at least one character.")
            if max(tokens) >= self.config.vocab_size:
                raise ValueError(
                    f"stimulus {position} has token id {max(tokens)}, but vocab_size is "
                    f"{self.config.vocab_size}; build the model with a larger vocab_size."
                )
        return ids

    def n_tokens(self, stimuli: Sequence[str]) -> list[int]:
        """Length of each text in this model's tokens, for controls that ask what length alone explains."""
        return [len(tokens) for tokens in self.tokenize(stimuli)]

    def batches(self, stimuli: Sequence, batch_size: int) -> Iterator[tuple[list[int], Sequence]]:
        """Batches of similar length, so that little is spent on padding."""
        ids = self.tokenize(stimuli)
        order = sorted(range(len(ids)), key=lambda position: (len(ids[position]), position))
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            yield chosen, [ids[position] for position in chosen]

    def forward_stimuli(self, stimuli: Sequence) -> None:
        """Pad one batch of token lists on the right, run it, remember where each text ends."""
        device = self.embedding.weight.device
        lengths = torch.tensor([len(tokens) for tokens in stimuli])
        padded = torch.zeros(len(stimuli), int(lengths.max()), dtype=torch.long)
        for row, tokens in enumerate(stimuli):
            padded[row, : len(tokens)] = torch.tensor(tokens)
        self._last = (lengths - 1).to(device)
        self(padded.to(device))

    def collect(self, layer: str, values: list[Tensor]) -> Tensor:
        """Last pass, last token: ``(batch, D)``."""
        assert self._last is not None
        final = values[-1]
        return final[torch.arange(len(final), device=final.device), self._last]
