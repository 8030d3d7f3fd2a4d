"""Counted, frame by frame: how many dots carry the signal, how long they live, where the others go."""

import numpy as np
import pytest

from simulators.vision.dot_motion import move_dots

FIELD, STEP = (10.0, 8.0), (0.3, -0.1)


def paths(n_frames=60, n_dots=400, seed=0, **options):
    return move_dots(n_frames, n_dots, FIELD, STEP, rng=np.random.default_rng(seed), **options)


def steps(moved):
    """Displacement of each dot from frame to frame as a complex number, the short way round the field."""
    change = np.diff(moved.places_deg, axis=0)
    change = (change + np.array(FIELD) / 2) % FIELD - np.array(FIELD) / 2
    return change[..., 0] + 1j * change[..., 1]


@pytest.mark.parametrize("rule", ["movshon-newsome", "white-noise", "brownian", "random-direction"])
@pytest.mark.parametrize("coherence", [0.0, 0.032, 0.5, 1.0])
def test_the_share_of_signal_dots_is_the_coherence(rule, coherence):
    moved = paths(rule=rule, coherence=coherence)
    in_step = np.isclose(steps(moved), complex(*STEP), atol=1e-9)
    share = in_step.mean(axis=1)
    assert abs(share - coherence).max() <= 1 / 400 + 1e-12  # the nearest whole numbers of dots
    assert (in_step == moved.is_signal[:-1]).mean() > 0.9999


def test_rounding_of_the_number_of_dots_is_right_on_average():
    moved = paths(n_frames=2000, n_dots=15, coherence=0.1)
    assert moved.is_signal.sum(axis=1).mean() == pytest.approx(1.5, abs=0.05)


def test_roles_are_redrawn_or_kept():
    redrawn, kept = (paths(rule=rule, coherence=0.3).is_signal for rule in ("movshon-newsome", "white-noise"))
    again = (redrawn[1:] & redrawn[:-1]).sum() / redrawn[:-1].sum()
    assert again == pytest.approx(0.3, abs=0.03)
    assert (kept == kept[0]).all()


def test_noise_dots_are_put_anywhere():
    moved = paths(rule="white-noise", coherence=0.25)
    noise = ~moved.is_signal[0]
    places = moved.places_deg[:, noise]
    np.testing.assert_allclose(places.std(axis=(0, 1)), np.array(FIELD) / np.sqrt(12), rtol=0.02)
    correlation = np.corrcoef(places[1:, :, 0].ravel(), places[:-1, :, 0].ravel())[0, 1]
    assert abs(correlation) < 0.03 and moved.is_replaced[:, noise].all() and not moved.is_replaced[:, ~noise].any()


def test_noise_dots_walk_at_the_speed_of_the_signal():
    walk = steps(paths(rule="brownian", coherence=0.0))
    np.testing.assert_allclose(abs(walk), np.hypot(*STEP), rtol=1e-9)
    turn = walk[1:] / walk[:-1]
    assert abs((turn / abs(turn)).mean()) < 0.03  # directions are independent from step to step


def test_noise_dots_keep_their_own_direction_for_their_life():
    walk = steps(paths(rule="random-direction", coherence=0.0))
    np.testing.assert_allclose(walk, np.broadcast_to(walk[0], walk.shape), atol=1e-9)
    assert abs(walk[0].mean()) < 0.1 * np.hypot(*STEP)
    short = paths(rule="random-direction", coherence=0.0, lifetime_frames=5)
    lived, walk = ~short.is_replaced[:-1], steps(short)
    together = lived[1:] & lived[:-1]
    np.testing.assert_allclose(walk[1:][together], walk[:-1][together], atol=1e-9)


@pytest.mark.parametrize("lifetime", [2, 7])
def test_dots_live_as_long_as_they_may(lifetime):
    moved = paths(rule="brownian", coherence=1.0, lifetime_frames=lifetime)
    in_step = np.isclose(steps(moved), complex(*STEP), atol=1e-9)
    for dot in range(20):
        births = np.flatnonzero(moved.is_born[1:, dot]) + 1
        assert (np.diff(births) == lifetime).all() and not in_step[births - 1, dot].any()
    # Staggered ages: an equal share dies in each frame.
    assert moved.is_replaced.mean(axis=1) == pytest.approx(1 / lifetime, abs=0.08)
    assert in_step.mean() == pytest.approx(1 - 1 / lifetime, abs=0.01)


def test_without_a_limit_dots_live_on():
    moved = paths(rule="brownian")
    assert not moved.is_replaced.any() and moved.is_born[0].all() and not moved.is_born[1:].any()


def test_three_sets_take_turns():
    moved = paths(n_frames=30, interleaved=True, coherence=1.0)
    assert moved.step_frames == 3 and moved.places_deg.shape == (30, 400, 2)
    for offset in range(3):
        change = (np.diff(moved.places_deg[offset::3], axis=0) + np.array(FIELD) / 2) % FIELD - np.array(FIELD) / 2
        np.testing.assert_allclose(change, np.broadcast_to(3 * np.array(STEP), change.shape), atol=1e-9)
    near = np.corrcoef(moved.places_deg[0, :, 0], moved.places_deg[1, :, 0])[0, 1]
    assert abs(near) < 0.2
    assert paths(n_frames=7, interleaved=True).places_deg.shape[0] == 7


def test_directions_scatter_about_the_signal():
    walk = steps(paths(rule="brownian", direction_sd_deg=20.0))
    turn = np.rad2deg(np.angle(walk / complex(*STEP)))
    assert turn.std() == pytest.approx(20, rel=0.02) and abs(turn.mean()) < 0.5
    np.testing.assert_allclose(abs(walk), np.hypot(*STEP), rtol=1e-9)
