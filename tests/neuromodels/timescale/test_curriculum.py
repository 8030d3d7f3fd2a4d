"""Curricula: which N are asked when, as published, and when a stage is solved."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromodels.timescale.curriculum import Stage, answers_of, is_solved, stages_of


def plain(stages):
    return [(stage.ns, stage.heads) for stage in stages]


def test_single_head_asks_one_n_through_the_same_head():
    assert plain(stages_of("single-head", last_n=5)) == [((n,), (0,)) for n in (2, 3, 4, 5)]
    assert [stage.ns for stage in stages_of("single-head", first_n=4, last_n=9, step=2)] == [(4,), (6,), (8,), (9,)]


def test_multi_head_adds_a_head_for_each_n():
    assert plain(stages_of("multi-head", last_n=4)) == [((2,), (0,)), ((2, 3), (0, 1)), ((2, 3, 4), (0, 1, 2))]
    added = stages_of("multi-head", last_n=8, width=2, step=3)
    assert [stage.ns[-1] for stage in added] == [3, 6, 8]
    assert all(stage.ns[0] == 2 and stage.heads == tuple(n - 2 for n in stage.ns) for stage in added)
    assert len(stages_of("multi-head")) == 100 and stages_of("multi-head")[-1].heads[-1] == 99


def test_sliding_window_takes_heads_by_position_as_published():
    stages = stages_of("sliding", last_n=21)
    assert [(stage.ns[0], stage.ns[-1]) for stage in stages] == [(2, 11), (7, 16), (12, 21)]
    assert all(stage.heads == tuple(range(10)) for stage in stages)
    own = stages_of("sliding", last_n=21, heads="own")
    assert all(stage.heads == tuple(n - 2 for n in stage.ns) for stage in own)
    assert [stage.ns for stage in own] == [stage.ns for stage in stages]


def test_sliding_window_ends_with_the_last_n():
    assert [stage.ns for stage in stages_of("sliding", last_n=8, width=4, step=2)] == [
        (2, 3, 4, 5),
        (4, 5, 6, 7),
        (5, 6, 7, 8),
    ]


def test_direct_has_one_stage():
    assert plain(stages_of("direct", last_n=10)) == [((10,), (0,))]
    assert plain(stages_of("direct", last_n=5, width=4)) == [((2, 3, 4, 5), (0, 1, 2, 3))]


@given(
    kind=st.sampled_from(["single-head", "multi-head", "sliding", "direct"]),
    first=st.integers(2, 6),
    width=st.integers(1, 6),
    step=st.integers(1, 6),
    more=st.integers(0, 20),
)
def test_every_stage_can_be_asked(kind, first, width, step, more):
    width = 1 if kind == "single-head" else width
    step = min(step, width) if kind == "sliding" else step
    last = first + width - 1 + more
    stages = stages_of(kind, first_n=first, last_n=last, width=width, step=step)
    for stage in stages:
        assert list(stage.ns) == sorted(set(stage.ns)) and min(stage.ns) >= 2
        assert len(stage.heads) == len(stage.ns) and len(set(stage.heads)) == len(stage.heads)
    largest = [stage.ns[-1] for stage in stages]
    assert largest[-1] == last and largest == sorted(set(largest))


def test_names():
    assert (Stage((2, 3, 4, 5), (0, 1, 2, 3)).name, Stage((5,), (0,)).name) == ("N2-N5", "N5")


@pytest.mark.parametrize(
    ("accuracies", "solved"),
    [
        ([0.98], False),
        ([0.9801], True),
        ([0.97, 0.995], True),  # the mean counts, not each head
        ([0.999, 0.98], False),
        ([0.9, 0.9, 1.0], False),
        ([1.0, 1.0, 0.979], False),
    ],
)
def test_both_mean_and_last_head_must_be_above_the_threshold(accuracies, solved):
    assert is_solved(accuracies) is solved


def test_what_heads_stand_for():
    multi, single = stages_of("multi-head", last_n=4), stages_of("single-head", last_n=4)
    assert [answers_of(multi, place, 3) for place in range(3)] == [(2, 3, 4)] * 3
    assert [answers_of(single, place, 1) for place in range(3)] == [(2,), (3,), (4,)]
    window = stages_of("sliding", last_n=7, width=4, step=2)
    assert [answers_of(window, place, 4) for place in range(2)] == [(2, 3, 4, 5), (4, 5, 6, 7)]
    assert answers_of(single, 0, 2) is None  # nothing is ever asked of the second head


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "cumulative"}, "curriculum must be one of single-head, multi-head, sliding, direct, received 'cumulative'"),
        ({"first_n": 1}, "first_n must be a whole number of at least 2, received 1"),
        ({"first_n": 2.0}, "first_n must be a whole number of at least 2, received 2.0"),
        ({"width": 0}, "width must be a whole number of at least 1, received 0"),
        ({"step": True}, "step must be a whole number of at least 1, received True"),
        ({"last_n": 3, "first_n": 4}, "last_n must be at least 4, the largest N of the first stage, received 3"),
        ({"kind": "single-head", "width": 2}, "a single head answers one N at a time, received width = 2"),
        ({"kind": "sliding", "width": 2, "step": 3}, "a window of 2 that moves on by 3 leaves N out"),
        ({"heads": "own"}, "heads must be 'position', or for sliding 'own', received 'own' for multi-head"),
        ({"heads": "mine"}, "heads must be 'position'"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        stages_of(**{"kind": "multi-head", **options})
