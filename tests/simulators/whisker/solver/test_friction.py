"""Drags that settle together, on maps whose fixed points are known."""

import numpy as np
import pytest

from simulators.whisker.solver.friction import FARTHEST, _mix_drags, guessed_drag
from simulators.whisker.solver.touching import CONTACT_SIZE, SEEN_SIZE


def settle(follow, start, attempts):
    """Drags after some attempts, where ``follow`` says what follows from drags."""
    contacts = np.zeros((len(start), CONTACT_SIZE))
    contacts[:, 12], contacts[:, 20], contacts[:, 22] = start, -1.0, -1.0
    for _ in range(attempts):
        contacts[:, 19] = follow(contacts[:, 12])
        _mix_drags(contacts, len(contacts), False)
    return contacts[:, 12]


@pytest.mark.parametrize("slope", [-3.0, -0.5, 0.5, 0.97])
def test_a_single_drag_settles_where_its_line_crosses_whatever_the_slope(slope):
    # Plain iteration diverges for the first and takes hundreds of attempts for the last.
    found = settle(lambda drag: 50.0 + slope * (drag - 50.0), np.array([45.0]), 6)
    np.testing.assert_allclose(found, 50.0, rtol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_contacts_that_slide_together_settle_together(seed):
    rng = np.random.default_rng(seed)
    balance = 10.0 ** rng.uniform(0, 3, 5)
    # One whisker slows all of them: a strong common mode, and a weak part of each one's own.
    common = rng.uniform(0.8, 1.2, 5)
    shared = 0.95 * np.outer(common, common) / (common @ common)

    def follow(drags):
        off = drags / balance - 1
        return balance * (1 + shared @ off - 0.05 * off)

    found = settle(follow, balance * rng.uniform(0.6, 1.5, 5), 12)
    np.testing.assert_allclose(found, balance, rtol=1e-6)


def test_a_drag_that_feeds_itself_grows_until_the_whisker_sticks():
    found = settle(lambda drag: np.minimum(5.0 + 1.3 * drag, 400.0), np.array([1.0]), 16)
    np.testing.assert_allclose(found, 400.0, rtol=1e-9)


def test_another_set_of_contacts_starts_from_what_followed():
    contacts = np.zeros((2, CONTACT_SIZE))
    contacts[:, 12], contacts[:, 19], contacts[:, 20], contacts[:, 21], contacts[:, 22] = (
        3.0,
        [4.0, -1.0],
        2.0,
        2.5,
        -1.0,
    )
    _mix_drags(contacts, 2, True)
    np.testing.assert_array_equal(contacts[:, 12], [4.0, 3.0])
    np.testing.assert_array_equal(contacts[:, 20], [3.0, -1.0])
    np.testing.assert_array_equal(contacts[:, 22], -1.0)


@pytest.mark.parametrize(
    ("last", "before", "expected"),
    [(-1.0, -1.0, 0.4 * 6.0 / 0.5), (8.0, -1.0, 8.0), (8.0, 7.0, 9.0), (8.0, 1.0, 15.0), (8.0, 20.0, 8.0 / FARTHEST)],
)
def test_a_step_starts_with_the_drag_carried_on(last, before, expected):
    mark = np.zeros(SEEN_SIZE)
    mark[8], mark[11], mark[12] = 6.0, last, before
    np.testing.assert_allclose(guessed_drag(0.4, 0.5, 1e-3, mark), expected, rtol=1e-12)
    # Slower than the slip speed friction is viscous.
    if last < 0:
        np.testing.assert_allclose(guessed_drag(0.4, 0.0, 1e-3, mark), 0.4 * 6.0 / 1e-3, rtol=1e-12)
