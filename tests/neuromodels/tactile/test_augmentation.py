"""Augmentations: a moved scene is the augmented recording, draws are those stated, the released code's behaviour."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from neuromodels.tactile import ReleasedAugmentation, TactileAugmentation
from neuromodels.tactile.grid_motions import MOUSE_ABSENT, N_MOTIONS, motion_matrix, place_index
from simulators.whisker import Mechanics, Scene, SceneObject, mouse_array, published_view, simulate
from simulators.whisker.motion import RigidMotion
from simulators.whisker.output.views import POSITIONS
from simulators.whisker.solids import Cylinder, Sphere

OFF = {"flip_columns": 0.0, "flip_rows": 0.0, "quarter_turn": 0.0, "reverse_time": 0.0}
SPATIAL = ("flip_columns", "flip_rows", "quarter_turn")
EMPTY = [place_index(name) for name in MOUSE_ABSENT]
# Near the middle of the grid, C3, so that at least three have a place after each motion.
WHISKERS = ("RB2", "RC3", "RC5", "RD3")


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def sweeps(n=4, dtype=torch.float32, seed=0):
    """Random samples, zero where no whisker is."""
    x = torch.randn(n, 22, 30, 35, generator=rng(seed), dtype=dtype)
    x[..., EMPTY] = 0
    return x.reshape(n, 22, 30, 5, 7)


def always(motion, **options):
    """The augmentation that always does one motion of the grid."""
    chosen = {name: float(bool(motion & bit)) for name, bit in zip(SPATIAL, (1, 2, 4), strict=True)}
    return TactileAugmentation(**OFF | chosen | options)


def simulated(array, position_mm, velocity_mm_s):
    ball = SceneObject(Sphere(2.5), RigidMotion.linear(position_mm, velocity_mm_s), "ball")
    scene = Scene(array, (ball,), duration_s=0.11, rate_hz=1000.0)
    return simulate(scene, Mechanics(n_links=9), nodes=False)


@pytest.fixture(scope="module")
def scene():
    """Array, and start and velocity of a ball that passes its whiskers obliquely."""
    array = mouse_array(names=list(WHISKERS))
    middle = array.centre_lines_mm(3)[:, 1].mean(axis=0)
    return array, middle + [1.0, 10.0, 1.5], np.array([3.0, -130.0, -20.0])


@pytest.mark.parametrize("motion", range(N_MOTIONS))
def test_recording_of_a_moved_scene_is_the_augmented_recording(scene, motion):
    array, start, velocity = scene
    matrix = motion_matrix(motion)
    # A mirror is that in x, which the simulator has, with a rotation about an axis.
    turn = matrix @ np.diag([-1, 1, 1]) if np.linalg.det(matrix) < 0 else matrix
    moved = array.mirrored() if np.linalg.det(matrix) < 0 else array
    b, a, c = -np.arcsin(turn[2, 0]), np.arctan2(turn[2, 1], turn[2, 2]), np.arctan2(turn[1, 0], turn[0, 0])
    moved = moved.posed((0.0, 0.0, 0.0), tuple(np.degrees([a, b, c]).tolist()))
    # Where whiskers stand on the grid follows from where they stand in space: columns along y, rows along -z.
    places = [matrix @ (0, int(name[2]) - 3, 2 - "ABCDE".index(name[1])) for name in WHISKERS]
    names = [f"{'ABCDE'[2 - z]}{3 + y}" if abs(z) <= 2 and abs(y) <= 3 else "" for _, y, z in places]
    kept = [k for k, name in enumerate(names) if name in POSITIONS]
    assert len(kept) >= 3
    renamed = tuple(replace(moved.whiskers[k], name="R" + names[k]) for k in kept)
    np.testing.assert_allclose(
        moved.centre_lines_mm(5), array.centre_lines_mm(5) @ matrix.T, atol=1e-9
    )  # fmt: skip
    here = published_view(simulated(array, start, velocity), missing="zero").values
    there = published_view(
        simulated(replace(moved, whiskers=renamed), matrix @ start, matrix @ velocity), missing="zero"
    ).values
    scale = np.abs(here[:, :3]).max()
    assert scale > 0.05
    augmented = always(motion)(torch.from_numpy(here)[None], rng())[0].numpy()
    np.testing.assert_allclose(augmented, there, atol=1e-5 * scale)


def test_mirrored_scene_is_the_other_side_to_the_last_bit(scene):
    array, start, velocity = scene
    sign = np.array([-1, 1, 1])
    right = published_view(simulated(array, start, velocity), missing="zero").values
    left = published_view(
        simulated(array.mirrored(), sign * start, sign * velocity), missing="zero", side="left"
    ).values
    augmented = TactileAugmentation(**OFF, other_side=1.0)(torch.from_numpy(right)[None], rng())[0].numpy()
    assert np.abs(left).max() > 0.05
    np.testing.assert_array_equal(augmented, left)


@pytest.mark.parametrize("motion", [1, 2, 3])
def test_twice_a_mirror_or_half_turn_is_nothing_on_the_whiskers_that_are_left(motion):
    x = sweeps()
    once = always(motion)(x, rng())
    twice = always(motion)(once, rng())
    kept = twice != 0
    assert torch.equal(twice[kept], x[kept])
    assert kept.flatten(0, 2)[0].sum() == {1: 25, 2: 27, 3: 25}[motion]


def test_four_quarter_turns_are_nothing_on_the_square():
    x = sweeps()
    moved = x
    for _ in range(4):
        moved = always(4)(moved, rng())
    kept = moved != 0
    assert kept[0, 0, 0].sum() == 17
    assert torch.equal(moved[kept], x[kept])


@pytest.mark.parametrize(
    ("kind", "signs"), [("played", (1,) * 6), ("negated", (-1,) * 6), ("swept", (1, -1, 1, -1, 1, -1))]
)
def test_reversal_in_time_reverses_the_110_frames(kind, signs):
    x = sweeps()
    frames = x.reshape(4, 110, 6, 5, 7)
    out = TactileAugmentation(**OFF | {"reverse_time": 1.0}, reversed_as=kind)(x, rng()).reshape(4, 110, 6, 5, 7)
    for frame in range(110):
        for quantity, sign in enumerate(signs):
            assert torch.equal(out[:, frame, quantity], sign * frames[:, 109 - frame, quantity])


@pytest.mark.parametrize("motion", range(N_MOTIONS))
def test_frames_are_reversed_before_the_grid_moves(motion):
    x = sweeps()
    backwards = always(0, reverse_time=1.0)(x, rng())
    assert torch.equal(always(motion, reverse_time=1.0)(x, rng()), always(motion)(backwards, rng()))


def test_whiskers_are_bent_the_other_way_by_a_sweep_back():
    array = mouse_array(names=["RB1", "RC1", "RC2", "RC3", "RD2"])
    middle = array.centre_lines_mm(3)[:, 1].mean(axis=0)
    way = np.array([0.0, 32.0, 0.0])

    def view(start, velocity):
        peg = SceneObject(Cylinder(2.0, 40.0), RigidMotion.linear(start, velocity), "peg")
        recording = simulate(Scene(array, (peg,), duration_s=0.22), Mechanics(n_links=9), nodes=False)
        return torch.from_numpy(published_view(recording, missing="zero", reduce="mean").values)

    forth = view(middle + [2.5, 16.0, 0.0], -way / 0.22)
    back = view(middle + [2.5, -16.0, 0.0], way / 0.22)
    guess = TactileAugmentation(**OFF | {"reverse_time": 1.0})(forth[None], rng())[0]
    # Sums over time, of each whisker.
    guess, back = (one.reshape(110, 6, 35).sum(0) for one in (guess, back))
    assert (torch.nn.functional.cosine_similarity(guess, back, dim=1) > 0.75).all()


def test_samples_of_a_batch_have_draws_of_their_own_as_often_as_stated():
    n, n_seen = 4000, np.zeros((N_MOTIONS, 2), dtype=int)
    base = sweeps(1)[:, :2]
    out = TactileAugmentation()(base.expand(n, -1, -1, -1, -1), rng(3))
    looks = {}
    for motion in range(N_MOTIONS):
        for backwards in (0, 1):
            one = always(motion, reverse_time=float(backwards))(base, rng())[0]
            looks[one.numpy().tobytes()] = motion, backwards
    which = [looks[one.numpy().tobytes()] for one in out]
    for seen in which:
        n_seen[seen] += 1
    # 16 kinds, each n / 16 = 250 times: chi square with 15 degrees of freedom.
    assert ((n_seen - n / 16) ** 2 / (n / 16)).sum() < 37.7
    # Neighbours in a batch are independent: equal in one of 16.
    equal = np.mean([one == other for one, other in zip(which, which[1:], strict=False)])
    assert abs(equal - 1 / 16) < 4 * np.sqrt(1 / 16 * 15 / 16 / n)


@pytest.mark.parametrize("probability", [0.0, 0.2, 1.0])
def test_probability_of_one_motion_is_as_given(probability):
    x = sweeps(1)[:, :1].expand(2000, -1, -1, -1, -1)
    out = TactileAugmentation(**OFF | {"flip_rows": probability})(x, rng())
    share = (out != x).flatten(1).any(1).double().mean().item()
    assert abs(share - probability) <= 4 * np.sqrt(probability * (1 - probability) / 2000)


@pytest.mark.parametrize(
    "augment",
    [
        TactileAugmentation(),
        TactileAugmentation(noise=0.1, whisker_dropout=0.2, amplitude=0.1, other_side=0.5, reversed_as="negated"),
        ReleasedAugmentation(),
        ReleasedAugmentation(reversal="steps"),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_shape_dtype_and_input_are_kept_and_a_seed_decides(augment, dtype):
    x = sweeps(5, torch.float64).to(dtype)
    before = x.clone()
    outputs = [augment(x, rng(seed)) for seed in (1, 1, 2, 3, 4, 5)]
    assert torch.equal(x, before)
    for out in outputs:
        assert (out.shape, out.dtype, out.device) == (x.shape, dtype, x.device)
        assert out.isfinite().all()
        assert out.data_ptr() != x.data_ptr()
    assert torch.equal(outputs[0], outputs[1])
    assert any(not torch.equal(outputs[0], out) for out in outputs[2:])


def test_samples_stay_on_their_device_with_a_generator_elsewhere():
    x = sweeps().to("meta")
    for augment in (TactileAugmentation(noise=0.1, whisker_dropout=0.2, amplitude=0.1), ReleasedAugmentation()):
        assert augment(x, rng()).device.type == "meta"


def test_global_random_state_is_left_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    for augment in (TactileAugmentation(noise=0.1, whisker_dropout=0.2, amplitude=0.1), ReleasedAugmentation()):
        augment(sweeps(), rng())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("augment", [TactileAugmentation(), ReleasedAugmentation()])
def test_gradient_of_a_linear_map_is_its_transpose(augment):
    x = sweeps(3, torch.float64).requires_grad_()
    weight = sweeps(3, torch.float64, seed=1)
    (weight * augment(x, rng(2))).sum().backward()
    # <w, A x> = <A' w, x> for the linear map A of these draws.
    torch.testing.assert_close((x.grad * x).sum(), (weight * augment(x, rng(2))).sum())
    assert torch.autograd.gradcheck(lambda one: augment(one, rng(2))[..., 3].sum(), x, eps=1e-3, fast_mode=True)


def test_no_augmentation_puts_a_force_where_no_whisker_is():
    augment = TactileAugmentation(noise=0.5, whisker_dropout=0.1, amplitude=0.3, other_side=0.5)
    out = augment(sweeps(200), rng()).flatten(3)
    assert (out[..., EMPTY] == 0).all()
    assert (out != 0).any()


def test_extras_have_the_size_that_was_asked_for():
    x = torch.ones(400, 22, 30, 5, 7)
    quiet = TactileAugmentation(**OFF, whisker_dropout=0.25, absent=())(x, rng())
    per_whisker = quiet.flatten(3).flatten(1, 2)
    assert ((per_whisker == 0) == (per_whisker[:, :1] == 0)).all()
    assert abs((per_whisker[:, 0] == 0).double().mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 14000)
    louder = TactileAugmentation(**OFF, amplitude=0.2)(x, rng()).flatten(1)
    assert (louder == louder[:, :1]).all()
    assert abs(louder[:, 0].log().std() - 0.2) < 4 * 0.2 / np.sqrt(800)
    noisy = TactileAugmentation(**OFF, noise=0.1, absent=())(3 * x, rng())
    assert abs((noisy - 3 * x).std() - 0.3) < 0.001


def test_released_flips_have_the_published_frequencies():
    x = sweeps(1)
    augment = ReleasedAugmentation(rotation=False, reversal="none")
    generator, n = rng(), 4000
    counts = {"none": 0, "columns": 0, "rows": 0}
    for _ in range(n):
        out = augment(x, generator)
        for name, expected in (("none", x), ("columns", x.flip(-1)), ("rows", x.flip(-2))):
            counts[name] += torch.equal(out, expected)
    assert sum(counts.values()) == n
    for name, share in (("none", 0.5), ("columns", 0.25), ("rows", 0.25)):
        assert abs(counts[name] / n - share) < 4 * np.sqrt(share * (1 - share) / n)


def test_released_turns_and_reversals_are_as_published():
    """A plain loop over the places is the oracle: rows run down, counter-clockwise is positive."""
    x = sweeps(2)
    looks = {}
    for quarters in range(4):
        turned = torch.zeros_like(x)
        for row in range(5):
            for column in range(7):
                # In the middle 5 x 5, (right, up) -> (-up, right) for each quarter.
                right, up = column - 3, 2 - row
                if quarters % 2 and abs(right) > 2:
                    continue
                for _ in range(quarters):
                    right, up = -up, right
                turned[..., 2 - up, 3 + right] = x[..., row, column]
        looks[turned.numpy().tobytes()] = quarters, "forwards"
        backwards = -turned.reshape(2, 110, 6, 5, 7).flip(1).reshape(x.shape)
        looks[backwards.numpy().tobytes()] = quarters, "backwards"
    seen = {}
    for seed in range(400):
        one = ReleasedAugmentation()(x, rng(seed)).numpy().tobytes()
        if one in looks:
            seen[looks[one]] = seen.get(looks[one], 0) + 1
    assert set(seen) == {(quarters, way) for quarters in range(4) for way in ("forwards", "backwards")}
    # The draws without a flip, half of them.
    assert 160 < sum(seen.values()) < 240


def test_released_batch_shares_one_draw():
    x = sweeps(1).expand(16, -1, -1, -1, -1)
    for seed in range(20):
        out = ReleasedAugmentation()(x, rng(seed))
        assert torch.equal(out, out[:1].expand_as(out))


def test_steps_are_reversed_with_their_frames_in_order():
    x = sweeps(1)
    augment = ReleasedAugmentation(rotation=False, reversal="steps")
    outputs = [augment(x, rng(seed)) for seed in range(40)]
    assert any(torch.equal(out, -x.flip(1)) for out in outputs)
    assert any(torch.equal(out, x) for out in outputs)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"flip_rows": 1.5}, "flip_rows is 1.5; give a probability"),
        ({"whisker_dropout": float("nan")}, "whisker_dropout is nan"),
        ({"noise": -0.1}, "noise is -0.1; give a finite number"),
        ({"reversed_as": "flipped"}, "reversed_as 'flipped' is not known; give swept, negated, played"),
        ({"absent": ["Z1"]}, "place 'Z1' is not on the grid"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        TactileAugmentation(**options)


@pytest.mark.parametrize(
    "x", [torch.zeros(2, 22, 30, 7, 5), torch.zeros(22, 30, 5, 7), torch.zeros(1, 22, 30, 5, 7).int()]
)
@pytest.mark.parametrize("augment", [TactileAugmentation(), ReleasedAugmentation()])
def test_other_inputs_are_refused(augment, x):
    with pytest.raises(ValueError, match=r"give floating-point numbers of shape \(batch, time, 30, 5, 7\)"):
        augment(x, rng())


def test_unknown_reversal_is_refused():
    with pytest.raises(ValueError, match="reversal 'early' is not known; give frames, steps or none"):
        ReleasedAugmentation(reversal="early")
