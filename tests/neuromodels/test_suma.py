"""SUMA against its equations written as plain loops, its random weights, its identity and its refusals."""

import math

import pytest
import torch

from neuromodels.errors import UnknownNameError
from neuromodels.language.bpe import find_gpt2_bpe
from neuromodels.language.suma import Suma, SumaConfig

TEXTS = ["Yes", "The quick brown fox jumps over", "It didn't rain.", "a b c d e f g h", "No"]
SIZES = [(8, 1), (16, 2), (12, 3), (6, 6)]


def small(seed=0, **options):
    options = {"dim": 16, "n_heads": 2, "init_std": 0.32, **options}
    return Suma(SumaConfig(**options), seed=seed).eval()


def matrices(model):
    return {"embedding": model.embedding.weight, **{name: getattr(model, name).weight for name in "qkvo"}}


def normalise(vector, eps):
    scale = 1.0 / math.sqrt(sum(value * value for value in vector) / len(vector) + eps)
    return [value * scale for value in vector]


def times(matrix, vector):
    return [sum(weight * value for weight, value in zip(row, vector, strict=True)) for row in matrix]


def attend(queries, keys, values, at, n_heads):
    """Causal attention of token ``at``: head by head, one earlier token after the other."""
    width = len(queries[at]) // n_heads
    mixed = []
    for head in range(n_heads):
        units = range(head * width, (head + 1) * width)
        scores = []
        for token in range(at + 1):
            scores.append(sum(queries[at][unit] * keys[token][unit] for unit in units) / math.sqrt(width))
        highest = max(scores)
        shares = [math.exp(score - highest) for score in scores]
        for unit in units:
            mixed.append(sum(share * values[token][unit] for token, share in enumerate(shares)) / sum(shares))
    return mixed


def oracle(model, tokens):
    """Final states of all tokens, and n_C and o_C of the last token, in Python floats."""
    config = model.config
    wq, wk, wv, wo = (getattr(model, name).weight.tolist() for name in "qkvo")
    states = [model.embedding.weight[token].tolist() for token in tokens]
    normed, outputs = [], []
    for _ in range(config.n_passes):
        normed = [normalise(state, config.norm_eps) for state in states]
        q, k, v = ([times(matrix, vector) for vector in normed] for matrix in (wq, wk, wv))
        outputs = [times(wo, attend(q, k, v, at, config.n_heads)) for at in range(len(tokens))]
        states = [[a + b for a, b in zip(x, o, strict=True)] for x, o in zip(states, outputs, strict=True)]
    final = [normalise(state, config.norm_eps) for state in states]
    return final, normed[-1], outputs[-1]


def assert_same(received, expected):
    torch.testing.assert_close(received, torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-10)


@pytest.mark.parametrize("n_passes", [1, 2, 3])
@pytest.mark.parametrize(("dim", "n_heads"), SIZES)
def test_record_equals_the_equations(dim, n_heads, n_passes):
    model = small(dim=dim, n_heads=n_heads, n_passes=n_passes, init_std=1.28 / math.sqrt(dim)).double()
    recorded = model.record(TEXTS, batch_size=3)
    for row, tokens in enumerate(model.tokenize(TEXTS)):
        _, normed, output = oracle(model, tokens)
        assert_same(recorded["input_layernorm"][row], normed)
        assert_same(recorded["self_attn"][row], output)


@pytest.mark.parametrize("n_passes", [1, 2, 3])
@pytest.mark.parametrize(("dim", "n_heads"), SIZES)
def test_forward_equals_the_equations_whatever_stands_in_the_padding(dim, n_heads, n_passes):
    model = small(dim=dim, n_heads=n_heads, n_passes=n_passes, init_std=1.28 / math.sqrt(dim)).double()
    ids = model.tokenize(TEXTS)
    longest = max(map(len, ids))
    for padding in (0, 999):
        padded = torch.tensor([tokens + [padding] * (longest - len(tokens)) for tokens in ids])
        with torch.no_grad():
            received = model(padded)
        assert received.shape == (len(TEXTS), longest, dim)
        for row, tokens in enumerate(ids):
            assert_same(received[row, : len(tokens)], oracle(model, tokens)[0])


@pytest.mark.parametrize("norm_eps", [1e-6, 0.5])
def test_eps_stands_under_the_root(norm_eps):
    model = small(norm_eps=norm_eps).double()
    _, normed, output = oracle(model, model.tokenize(["one two three"])[0])
    recorded = model.record(["one two three"])
    assert_same(recorded["input_layernorm"][0], normed)
    assert_same(recorded["self_attn"][0], output)


def test_text_gives_the_same_row_alone_and_among_longer_ones():
    model = small().double()
    together = model.record(TEXTS, batch_size=len(TEXTS))
    for row, text in enumerate(TEXTS):
        for layer, values in model.record([text]).items():
            torch.testing.assert_close(together[layer][row], values[0], rtol=0, atol=1e-12)


def test_one_pass_has_no_position_code():
    # The last token sees the earlier ones as a set; with a second pass their own order of sight matters.
    one, two = small(n_passes=1).double(), small(n_passes=2).double()
    tokens, shuffled = torch.tensor([[11, 22, 33, 44, 55]]), torch.tensor([[33, 11, 44, 22, 55]])
    with torch.no_grad():
        torch.testing.assert_close(one(tokens)[0, -1], one(shuffled)[0, -1], rtol=0, atol=1e-12)
        assert (two(tokens)[0, -1] - two(shuffled)[0, -1]).abs().max() > 1e-3


def test_later_tokens_do_not_reach_earlier_ones():
    model = small().double()
    with torch.no_grad():
        first, second = model(torch.tensor([[1, 2, 3, 4]])), model(torch.tensor([[1, 2, 3, 999]]))
    assert torch.equal(first[0, :3], second[0, :3])
    assert not torch.equal(first[0, 3], second[0, 3])


def test_parameters_and_their_shapes():
    model = small(dim=24, n_heads=3, vocab_size=100)
    assert {name: tuple(value.shape) for name, value in model.named_parameters()} == {
        "embedding.weight": (100, 24),
        "q.weight": (24, 24),
        "k.weight": (24, 24),
        "v.weight": (24, 24),
        "o.weight": (24, 24),
        "input_norm.weight": (24,),
        "final_norm.weight": (24,),
    }
    assert not list(model.buffers())
    assert torch.equal(model.input_norm.weight, torch.ones(24))
    assert torch.equal(model.final_norm.weight, torch.ones(24))


def test_published_sizes_are_the_defaults():
    config = SumaConfig()
    assert (config.dim, config.n_heads, config.n_passes, config.init_std) == (4096, 512, 2, 0.02)
    assert (config.norm_eps, config.vocab_size) == (1e-6, 50_257)


@pytest.mark.parametrize("init_std", [0.02, 1.0])
def test_matrices_are_normal_with_the_asked_spread(init_std):
    model = small(dim=256, n_heads=32, vocab_size=1000, init_std=init_std, seed=3)
    for name, weight in matrices(model).items():
        values = weight.detach().double() / init_std
        n = values.numel()
        assert abs(values.mean()) < 5 / math.sqrt(n), name
        assert abs(values.std() - 1) < 5 / math.sqrt(2 * n), name
        assert abs((values**4).mean() - 3) < 5 * math.sqrt(96 / n), name


def test_matrices_are_drawn_one_after_the_other_from_one_generator():
    model = small(vocab_size=50, seed=7)
    rng = torch.Generator().manual_seed(7)
    for name, weight in matrices(model).items():
        assert torch.equal(weight, torch.empty_like(weight).normal_(std=0.32, generator=rng)), name


def test_same_seed_repeats_bit_for_bit():
    first, second = small(seed=5), small(seed=5)
    assert first.revision == second.revision
    assert first.state_dict().keys() == second.state_dict().keys()
    assert all(torch.equal(value, second.state_dict()[key]) for key, value in first.state_dict().items())
    for layer, values in first.record(TEXTS).items():
        assert torch.equal(values, second.record(TEXTS)[layer])


def test_seeds_differ_in_every_matrix_and_in_revision():
    first, second = small(seed=5), small(seed=6)
    assert first.revision != second.revision
    assert first.revision.startswith("untrained seed=5 sha256=")
    for name, weight in matrices(first).items():
        assert not torch.equal(weight, matrices(second)[name]), name


@pytest.mark.parametrize("name", ["embedding", "q", "k", "v", "o", "final_norm"])
def test_revision_follows_a_weight_edited_in_place(name):
    model = small(vocab_size=50)
    before = model.revision
    weight = getattr(model, name).weight
    with torch.no_grad():
        weight.view(-1)[-1] += 1
        assert model.revision != before
        weight.view(-1)[-1] -= 1


@pytest.mark.parametrize("options", [{"n_passes": 3}, {"n_heads": 4}, {"norm_eps": 1e-5}])
def test_revision_tells_apart_networks_with_equal_weights(options):
    assert small(vocab_size=50, **options).revision != small(vocab_size=50).revision


def test_place_of_the_tokenizer_is_no_part_of_the_revision():
    folder = find_gpt2_bpe()
    here, there = small(tokenizer=folder), small(tokenizer=str(folder))
    assert small().revision == here.revision == there.revision
    for layer, values in here.record(TEXTS).items():
        assert torch.equal(values, there.record(TEXTS)[layer])


@pytest.mark.parametrize("field", ["dim", "n_heads", "n_passes", "vocab_size"])
@pytest.mark.parametrize("value", [0, -8])
def test_size_below_one_is_refused(field, value):
    with pytest.raises(ValueError, match=f"{field} must be at least 1, received {value}"):
        SumaConfig(**{field: value})


def test_width_that_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="dim must be a multiple of n_heads, received 10 and 4"):
        SumaConfig(dim=10, n_heads=4)


@pytest.mark.parametrize(("field", "value"), [("n_passes", 1.5), ("norm_eps", -1.0), ("init_std", -0.1)])
def test_value_without_meaning_is_refused_by_the_configuration(field, value):
    with pytest.raises(ValueError, match=f"{field} must be .*received {value}"):
        SumaConfig(**{field: value})


def test_unknown_option_names_the_closest_and_all():
    with pytest.raises(UnknownNameError, match="Unknown SUMA option 'n_head'; closest: n_heads.*All: dim, n_heads"):
        SumaConfig.with_options(dim=16, n_head=2)


def test_options_reach_the_configuration():
    assert SumaConfig.with_options(dim=16, n_heads=4, n_passes=1) == SumaConfig(dim=16, n_heads=4, n_passes=1)


def test_n_tokens_counts_byte_pair_tokens():
    assert small().n_tokens(["The quick brown fox jumps over the lazy dog.", "didn't", " "]) == [10, 2, 1]


@pytest.mark.parametrize("call", ["record", "tokenize", "n_tokens"])
def test_empty_text_is_refused_with_its_position(call):
    with pytest.raises(ValueError, match="stimulus 2 is an empty text; give at least one character"):
        getattr(small(), call)(["a", " ", "", "b"])


@pytest.mark.parametrize("call", ["record", "tokenize", "n_tokens"])
def test_one_text_instead_of_a_list_is_refused(call):
    with pytest.raises(TypeError, match="received one text; wrap it in a list"):
        getattr(small(), call)("a text")


def test_token_beyond_the_embedding_table_is_refused():
    with pytest.raises(
        ValueError, match="stimulus 1 has token id 16931, but vocab_size is 5000; build the model with a larger"
    ):
        small(vocab_size=5000).record(["the dog", "the lazy dog"])
