"""Numbers for language recordings that were measured elsewhere: what leaks, what length explains, untrained attention.

The expected values were measured on the same public files with code of another origin: ridge with a leave-one-out penalty.
"""

import functools

import numpy as np
import pytest

from alignment import LeakageWarning, score
from neuromodels import create_model

PEREIRA = "language/pereira2018.384-ridge"
TUCKUTE = "language/tuckute2024-ridge"
PUBLIC_PART = "responses_public667.csv"
SEEDS = (10, 20, 30, 42, 50)

# null model, split, correlation, tolerance
PEREIRA_NULLS = [
    ("OASM", "passage5", 0.000, 0.01),
    ("OASM", "shuffled5", 0.454, 0.03),
    ("length + position", "passage5", 0.380, 0.03),
    ("length + position", "shuffled5", 0.374, 0.03),
]
TUCKUTE_LENGTH = (0.266, 0.04)
TUCKUTE_ATTENTION = (0.111, 0.05)
TUCKUTE_CEILING = 0.559

pytestmark = pytest.mark.filterwarnings("ignore:the chosen penalty lies on the edge")


@functools.cache
def tokenizer():
    """GPT-2's tokens, which the expected values count."""
    from neuromodels.language import ByteLevelBPE, find_gpt2_bpe

    return ByteLevelBPE.from_folder(find_gpt2_bpe(None))


class LengthModel:
    """The cheapest model there is; the null models stand beside its score."""

    name, revision, layers, input_spec = "test/length", "", ("characters",), {"kind": "text"}

    def record(self, stimuli, layers=None):
        return {"characters": np.array([[len(text)] for text in stimuli], dtype=float)}

    def n_tokens(self, texts):
        return [len(tokenizer().encode(text)) for text in texts]


@functools.cache
def nulls(benchmark, split):
    """Correlation of every null model, and the warnings of the score."""
    result = score(LengthModel(), benchmark, split=split, n_boot=20, cache=False)
    return {name: result.baseline_row(name)["raw"] for name in result.baselines}, result


def require_public_part(result):
    """Skip where the whole table of 1,000 sentences is used: its numbers are others."""
    if PUBLIC_PART not in result.provenance["files"]:
        pytest.skip(f"the recording here is {list(result.provenance['files'])}, not {PUBLIC_PART}")


@pytest.mark.filterwarnings("ignore::alignment.LeakageWarning")
@pytest.mark.parametrize(("null", "split", "expected", "tolerance"), PEREIRA_NULLS)
def test_pereira2018_nulls(real_data, null, split, expected, tolerance):
    received, _ = nulls(PEREIRA, split)
    assert received[null] == pytest.approx(expected, abs=tolerance)


def test_pereira2018_shuffled_split_warns(real_data):
    with pytest.warns(LeakageWarning, match="384 test presentations .*under it and .*under split 'passage5'"):
        score(LengthModel(), PEREIRA, split="shuffled5", n_boot=2, cache=False)


# Neighbours in the file of 667 sentences are alike, and its folds are shuffled as published.
@pytest.mark.filterwarnings("ignore::alignment.LeakageWarning")
def test_tuckute2024_length_explains_a_quarter(real_data):
    received, result = nulls(TUCKUTE, "kfold5")
    require_public_part(result)
    expected, tolerance = TUCKUTE_LENGTH
    assert received["length + position"] == pytest.approx(expected, abs=tolerance)


@pytest.mark.filterwarnings("ignore::alignment.LeakageWarning")
def test_tuckute2024_ceiling_is_quoted_with_its_source(real_data):
    _, result = nulls(TUCKUTE, "kfold5")
    assert result.ceiling == TUCKUTE_CEILING
    (step,) = [step for step in result.protocol if step.startswith("Ceiling:")]
    assert "quoted, not computed" in step
    assert "Tuckute et al. 2024" in step and "0.559" in step
    assert result.value == pytest.approx(result.row("characters")["raw"] / TUCKUTE_CEILING)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::alignment.LeakageWarning")
def test_tuckute2024_untrained_attention_stays_below_length(real_data):
    scores = []
    for seed in SEEDS:
        model = create_model("language/suma-small", seed=seed)
        result = score(model, TUCKUTE, layers=["self_attn"], n_boot=20, cache=False)
        require_public_part(result)
        scores.append(result.row("self_attn")["raw"])
    expected, tolerance = TUCKUTE_ATTENTION
    assert np.mean(scores) == pytest.approx(expected, abs=tolerance)
    assert np.std(scores, ddof=1) < 0.06
    assert np.mean(scores) < result.baseline_row("length + position")["raw"]
