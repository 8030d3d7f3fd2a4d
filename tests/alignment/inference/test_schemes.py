"""Permutation schemes: which permutations they hold, how many, and that random ones are uniform over them."""

import itertools
import math

import numpy as np
import pytest

from alignment.inference import make_scheme

UNEVEN = np.array([0, 1, 0, 1, 2, 2, 0])  # sizes 3, 2, 2, interleaved
CASES = {
    "exchange": (5, {}, 120),
    "within-groups": (7, {"groups": UNEVEN}, 6 * 2 * 2),
    "between-groups": (7, {"groups": UNEVEN}, 2),
    "circular-shift": (9, {"min_shift": 3}, 5),
    "block": (10, {"block_length": 3}, 24),
}


def everything(name):
    n_items, options, _ = CASES[name]
    return np.concatenate(list(make_scheme(name, n_items, **options).every(7)))


@pytest.mark.parametrize("name", CASES)
def test_every_permutation_appears_once_and_the_identity_first(name):
    n_items, options, count = CASES[name]
    scheme, found = make_scheme(name, n_items, **options), everything(name)
    assert scheme.count == len(found) == count
    assert len({tuple(index) for index in found}) == count
    np.testing.assert_array_equal(np.sort(found, axis=1), np.tile(np.arange(n_items), (count, 1)))
    np.testing.assert_array_equal(found[0], np.arange(n_items))


@pytest.mark.parametrize("name", CASES)
def test_stacks_are_no_larger_than_asked(name):
    n_items, options, _ = CASES[name]
    assert max(len(stack) for stack in make_scheme(name, n_items, **options).every(7)) <= 7


@pytest.mark.parametrize("name", CASES)
def test_random_permutations_are_uniform_over_the_scheme(name):
    n_items, options, count = CASES[name]
    drawn = make_scheme(name, n_items, **options).random(np.random.default_rng(0), 200 * count)
    known = {tuple(index): 0 for index in everything(name)}
    for index in drawn:
        known[tuple(index)] += 1
    counts = np.array(list(known.values()))
    chi_squared = ((counts - 200) ** 2 / 200).sum()
    assert chi_squared < count + 4 * math.sqrt(2 * count) + 4


def test_exchange_is_every_order():
    assert {tuple(index) for index in everything("exchange")} == set(itertools.permutations(range(5)))


def test_items_stay_in_their_group():
    np.testing.assert_array_equal(UNEVEN[everything("within-groups")], np.tile(UNEVEN, (24, 1)))


def test_groups_of_equal_size_move_as_wholes():
    # Groups 1 (rows 1, 3) and 2 (rows 4, 5) change places, order kept; group 0 has a size of its own.
    np.testing.assert_array_equal(everything("between-groups")[1], [0, 4, 2, 5, 1, 3, 6])
    assert (
        "3 whole groups of equal size exchanged (1 of a size of their own stay)"
        in make_scheme("between-groups", 7, groups=UNEVEN).describe()
    )


def test_blocks_keep_their_inner_order():
    blocks = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (9,)]
    expected = {tuple(itertools.chain(*order)) for order in itertools.permutations(blocks)}
    assert {tuple(index) for index in everything("block")} == expected


def test_shifts_are_at_least_as_long_as_asked_both_ways():
    found = everything("circular-shift")
    np.testing.assert_array_equal(found[:, 0], [0, 3, 4, 5, 6])
    np.testing.assert_array_equal(found, [np.roll(np.arange(9), -shift) for shift in (0, 3, 4, 5, 6)])


@pytest.mark.parametrize(
    ("name", "n_items", "options", "message"),
    [
        ("shuffle", 5, {}, "scheme must be one of exchange, within-groups"),
        ("within-groups", 5, {}, "scheme 'within-groups' takes groups, received none"),
        ("exchange", 5, {"groups": np.zeros(5)}, "takes no further argument, received groups"),
        ("circular-shift", 5, {"block_length": 2}, "takes min_shift, received block_length"),
        ("exchange", 1, {}, "at least 2 items, received 1"),
        ("within-groups", 5, {"groups": np.zeros(4)}, r"groups has shape \(4,\)"),
        ("within-groups", 3, {"groups": np.arange(3)}, "each item is a group by itself"),
        ("between-groups", 3, {"groups": np.array([0, 1, 1])}, r"no two groups have the same size \(sizes \[1, 2\]\)"),
        ("circular-shift", 10, {"min_shift": 6}, "min_shift is 6, but 10 items can be shifted by 1 to 5"),
        ("circular-shift", 10, {"min_shift": 0}, "min_shift is 0"),
        ("block", 10, {"block_length": 10}, r"block_length 10 cuts 10 items into 1 block\(s\)"),
        ("block", 10, {"block_length": 0}, r"block_length 0 cuts 10 items into 0 block\(s\)"),
    ],
)
def test_refusals(name, n_items, options, message):
    with pytest.raises(ValueError, match=message):
        make_scheme(name, n_items, **options)
