"""Digits and answers: against plain counting, and the levels that need no memory against all sequences there are."""

import itertools
import math
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from simulators.tasks import chance_level, draw_digits, draw_length, labels, labels_in_time

RULES = ("parity", "match")
ODDS = ("per sequence", "even", "balanced")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def answer(digits, n, rule):
    """The definition, for one row of digits."""
    return sum(digits[-n:]) % 2 if rule == "parity" else int(digits[-n] == digits[-1])


@pytest.mark.parametrize("rule", RULES)
@given(
    rows=st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, 1), min_size=9, max_size=9), min_size=n, max_size=n)
    ),
    ns=st.sets(st.integers(2, 9), min_size=1).map(sorted),
)
def test_answers_are_those_of_the_definition(rule, rows, ns):
    digits = torch.tensor(rows, dtype=torch.float32)
    assert labels(digits, ns, rule).tolist() == [[answer(row, n, rule) for n in ns] for row in rows]
    in_time = labels_in_time(digits, ns, rule)
    for place, row in enumerate(rows):
        for step in range(9):
            for head, n in enumerate(ns):
                wanted = answer(row[: step + 1], n, rule) if step + 1 >= n else -1
                assert in_time[place, step, head] == wanted
    assert torch.equal(in_time[:, -1], labels(digits, ns, rule))


def test_counting_stays_exact_over_a_long_stream():
    digits = torch.ones(1, 20_000)
    assert labels_in_time(digits, [7], "parity")[0, 6:, 0].eq(1).all()


@pytest.mark.parametrize("n", [2, 3, 10])
def test_lengths_are_uniform_from_n_plus_2_to_4_n_plus_1(n):
    drawn = [draw_length(n, generator(seed)) for seed in range(4000)]
    assert (min(drawn), max(drawn)) == (n + 2, 4 * n + 1)
    counts = torch.bincount(torch.tensor(drawn))[n + 2 :]
    expected = 4000 / len(counts)
    # Chi-squared with 3 N - 1 degrees of freedom: mean plus four deviations.
    assert float(((counts - expected) ** 2 / expected).sum()) < len(counts) + 4 * math.sqrt(2 * len(counts))


def test_one_p_per_sequence():
    shares = draw_digits(2000, 500, generator()).mean(1)
    assert shares.mean() == pytest.approx(0.5, abs=0.03)
    assert shares.std() == pytest.approx(math.sqrt(1 / 12), abs=0.02)


def test_even_odds():
    shares = draw_digits(2000, 500, generator(), odds="even").mean(1)
    assert shares.mean() == pytest.approx(0.5, abs=0.002)
    assert shares.std() == pytest.approx(math.sqrt(0.25 / 500), abs=0.002)


@pytest.mark.parametrize("rule", RULES)
@given(n=st.integers(1, 21), ns=st.sets(st.integers(2, 12), min_size=1).map(sorted), seed=st.integers(0, 100))
def test_balanced_answers_are_right_for_exactly_half(rule, n, ns, seed):
    digits = draw_digits(n, 12, generator(seed), odds="balanced", ns=ns, rule=rule)
    assert set(digits.unique().tolist()) <= {0.0, 1.0}
    ones = labels(digits, ns, rule).sum(0)
    assert set(ones.tolist()) <= {n // 2, (n + 1) // 2}


@pytest.mark.parametrize("rule", RULES)
def test_balanced_digits_are_as_even_ones_otherwise(rule):
    digits = draw_digits(4000, 12, generator(), odds="balanced", ns=[3, 5, 6], rule=rule)
    assert digits.mean(0).tolist() == pytest.approx([0.5] * 12, abs=0.04)
    answers = labels(digits, [3, 5, 6], rule).float()
    assert torch.corrcoef(answers.T).fill_diagonal_(0).abs().max() < 0.06
    odd = draw_digits(1, 12, generator(3), odds="balanced", ns=[4], rule=rule)
    assert {int(labels(draw_digits(1, 12, generator(s), odds="balanced", ns=[4], rule=rule), [4], rule)) for s in range(20)} == {0, 1}
    assert odd.shape == (1, 12)


@pytest.mark.parametrize("n", range(2, 10))
@pytest.mark.parametrize("rule", RULES)
def test_chance_is_that_of_all_sequences(rule, n):
    # With p ~ U(0, 1) a sequence of N digits with k ones has probability k! (N - k)! / (N + 1)!, the Beta integral.
    shares = {"per sequence": [0.0, 0.0], "even": [0.0, 0.0]}
    for row in itertools.product((0, 1), repeat=n):
        ones, label = sum(row), answer(row, n, rule)
        shares["per sequence"][label] += math.factorial(ones) * math.factorial(n - ones) / math.factorial(n + 1)
        shares["even"][label] += 0.5**n
    for odds, found in shares.items():
        assert sum(found) == pytest.approx(1)
        assert chance_level(rule, n, odds) == pytest.approx(max(found))
    assert chance_level(rule, n, "balanced") == 0.5


def test_chance_of_even_parity_as_published():
    assert [round(chance_level("parity", n), 3) for n in (2, 4, 10)] == [0.667, 0.6, 0.545]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("odds", ODDS)
def test_the_best_constant_answer_reaches_chance_and_no_more(rule, odds):
    ns = [2, 3, 4]
    digits = draw_digits(40_000, 5, generator(1), odds=odds, ns=ns, rule=rule)
    share = labels(digits, ns, rule).float().mean(0)
    best = torch.maximum(share, 1 - share)
    assert best.tolist() == pytest.approx([chance_level(rule, n, odds) for n in ns], abs=0.01)


def test_draws_repeat():
    assert torch.equal(draw_digits(3, 9, generator(4)), draw_digits(3, 9, generator(4)))
    assert not torch.equal(draw_digits(3, 9, generator(4)), draw_digits(3, 9, generator(5)))


DIGITS = torch.zeros(2, 6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: labels(DIGITS, [1]), "N must be whole numbers of at least 2, received [1]"),
        (lambda: labels(DIGITS, []), "N must be whole numbers of at least 2, received []"),
        (lambda: labels(DIGITS, [2.0]), "N must be whole numbers of at least 2, received [2.0]"),
        (lambda: labels(DIGITS, [3, 2]), "N must rise from head to head, received [3, 2]"),
        (lambda: labels_in_time(DIGITS, [2, 2]), "N must rise from head to head, received [2, 2]"),
        (lambda: labels(DIGITS, [7]), "sequences of 6 digits say nothing about N = 7; give at least 7"),
        (lambda: labels(DIGITS[0], [2]), "digits must be (sequence, time), received shape (6,)"),
        (lambda: labels(DIGITS, [2], "xor"), "rule must be one of 'parity', 'match', received 'xor'"),
        (lambda: draw_length(1, generator()), "at least 2, received [1]"),
        (lambda: draw_digits(0, 5, generator()), "at least 1 sequence of at least 1 digit, received 0 of 5"),
        (lambda: draw_digits(2, 5, generator(), odds="fair"), "odds must be one of 'per sequence'"),
        (lambda: draw_digits(2, 5, generator(), odds="balanced"), "balanced odds need ns"),
        (lambda: chance_level("parity", 1), "at least 2, received [1]"),
        (lambda: chance_level("xor", 2), "rule must be one of"),
        (lambda: chance_level("parity", 2, "fair"), "odds must be one of"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()


@pytest.mark.gpu
def test_drawn_and_answered_on_the_device():
    on_device = torch.Generator("cuda").manual_seed(0)
    digits = draw_digits(64, 40, on_device, odds="balanced", ns=[2, 7], device="cuda")
    assert digits.device.type == "cuda" and draw_length(7, on_device) <= 29
    found = labels(digits, [2, 7])
    assert found.device.type == "cuda" and torch.equal(found.cpu(), labels(digits.cpu(), [2, 7]))
