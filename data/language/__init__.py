"""Language recordings: registers every dataset of the family when it is imported."""

from . import gpt2_bpe, pereira2018, planted, tuckute2024

__all__ = ["gpt2_bpe", "pereira2018", "planted", "tuckute2024"]
