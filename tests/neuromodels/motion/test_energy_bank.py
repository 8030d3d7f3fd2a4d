import copy

import numpy as np
import pytest
import torch

from neuromodels.motion import EnergyBank

RAW = {
    "filters.theta_raw": "theta_raw",
    "filters.frequency_raw": "fs_raw",
    "filters.sigma_raw": "sigma_raw",
    "filters.gamma_raw": "gamma_raw",
    "filters.temporal_frequency_raw": "ft_raw",
    "filters.tau_raw": "tau_raw",
    "pooling": "temporal_pool_weight",
    "norm_sigma": "norm_sigma",
    "norm_k": "norm_k",
    "spontaneous": "spontaneous",
}
METHODS = ("plain", "fft", "window", "auto")


def grating(size, cycles_per_pixel, cycles_per_frame, direction_deg=0.0, contrast=1.0, phase=0.0, frames=11):
    """Drifting grating ``(1, time, row, col)``, x and y from the centre, y downward."""
    axis = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    direction = np.deg2rad(direction_deg)
    along = axis[None, :] * np.cos(direction) - axis[:, None] * np.sin(direction)
    t = torch.arange(frames, dtype=torch.float64)[:, None, None]
    wave = torch.cos(2 * np.pi * (cycles_per_pixel * along - cycles_per_frame * t) + phase)
    return (0.5 * (1 + contrast * wave)).float()[None]


def texture(size, seed=0, velocity=(2, 0), frames=11):
    """1/f noise in rigid motion, (right, down) whole pixels per frame."""
    large = size + 64
    g = np.random.default_rng(seed)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(large), np.fft.fftfreq(large)))
    frequency[0, 0] = 1
    picture = np.fft.ifft2(np.fft.fft2(g.normal(size=(large, large))) / frequency).real
    picture = np.clip(0.5 + 0.15 * (picture - picture.mean()) / picture.std(), 0, 1)
    moved = [np.roll(picture, (velocity[1] * t, velocity[0] * t), (0, 1))[:size, :size] for t in range(frames)]
    return torch.from_numpy(np.stack(moved)).float()[None]


@pytest.fixture(scope="module")
def small():
    """A bank of other shape than the published, in double precision, with parameters away from their first values."""
    bank = EnergyBank(4, 5, n_frames=7, n_taps=4, generator=torch.Generator().manual_seed(5)).double()
    with torch.no_grad():
        bank.filters.gamma_raw.uniform_(0.6, 1.5, generator=torch.Generator().manual_seed(6))
        bank.filters.phase.uniform_(0, 6, generator=torch.Generator().manual_seed(7))
        bank.pooling.uniform_(-1, 2, generator=torch.Generator().manual_seed(8))
    return bank


@pytest.fixture
def reference(real_data):
    def read(name):
        folder = real_data / "motion" / "reference_outputs"
        with np.load(folder / f"stage1_{name}.npz", allow_pickle=False) as arrays:
            return {key: np.asarray(arrays[key]) for key in arrays}

    return read


@pytest.fixture
def published(reference):
    """Builds the bank of the stored arrays."""

    def build(method="auto"):
        stored = reference("params")
        bank = EnergyBank(as_published=True, method=method)
        state = {ours: torch.from_numpy(stored[theirs]) for ours, theirs in RAW.items()}
        bank.load_state_dict({**state, "filters.phase": torch.zeros(256)})
        return bank

    return build


def stored_stimuli(reference):
    inputs = reference("inputs")
    still = torch.from_numpy(inputs["texture_v2_0"])[None]
    sign = torch.tensor([1.0, -1] * 6)[:11, None, None]
    return {
        "grating_right": grating(192, 0.08, 0.12),
        "grating_120deg_lowcontrast": grating(192, 0.05, 0.10, 120, 0.2),
        "plaid_up": (grating(192, 0.08, 0.1, 30, 0.5) + grating(192, 0.08, 0.1, 150, 0.5)) - 0.5,
        "static_grating": grating(192, 0.08, 0),
        "texture_v2_0": still,
        "texture_v-1_1.5": torch.from_numpy(inputs["texture_v-1_1.5"])[None],
        "reverse_phi_v2_0": 0.5 + sign * (still - 0.5),
    }


@pytest.mark.parametrize("method", METHODS)
def test_stored_outputs_are_reproduced(method, reference, published):
    bank, outputs = published(method), reference("outputs")
    stimuli = stored_stimuli(reference)
    assert {name.partition("__")[0] for name in outputs} == set(stimuli)
    for name, clip in stimuli.items():
        if method != "auto" and name != "texture_v2_0":
            continue
        with torch.no_grad():
            energy, normal = bank.energy(clip)[0].numpy(), bank(clip)[0].numpy()
        for ours, key in ((normal, "norm"), (energy.mean((1, 2)), "energy_mean"), (energy, "energy")):
            if f"{name}__{key}" in outputs:
                theirs = outputs[f"{name}__{key}"]
                np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * theirs.max(), err_msg=f"{name} {key}")


@pytest.mark.parametrize(
    ("condition", "every"), [(2, 5), *(pytest.param(k, 1, marks=pytest.mark.slow) for k in range(6))]
)
def test_stored_direction_tuning_is_reproduced(condition, every, reference, published):
    stored, bank = reference("direction_tuning"), published()
    for number, direction in list(enumerate(stored["dir_deg_yup"]))[::every]:
        clip = grating(int(stored["size"]), stored["sf_cpp"][condition], stored["tf_cpf"][condition], direction)
        with torch.no_grad():
            energy = bank.energy(clip)
            maps = {"energy": energy, "norm": bank.normalised(energy)}
        for key, value in maps.items():
            rows = value.shape[2]
            central = value[0, :, rows // 4 : -(rows // 4), rows // 4 : -(rows // 4)].mean((1, 2)).numpy()
            theirs = stored[key][condition, number]
            np.testing.assert_allclose(central, theirs, rtol=0, atol=1e-4 * theirs.max())


def test_number_of_parameters():
    bank = EnergyBank()
    assert sum(p.numel() for p in bank.parameters() if p.requires_grad) == 3075
    assert sum(p.numel() for p in bank.parameters() if not p.requires_grad) == 256


@pytest.mark.parametrize("as_published", [False, True])
@pytest.mark.parametrize("method", METHODS[1:])
@pytest.mark.parametrize("size", [(1, 64, 96), (2, 24, 48), (1, 120, 40)])
def test_methods_give_equal_numbers(small, method, size, as_published):
    clips = torch.rand(size[0], 7, *size[1:], generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    results = []
    for each in ("plain", method):
        bank = copy.deepcopy(small)
        bank.method, bank.as_published = each, as_published
        results.append(bank(clips))
    # The windows take a sine kernel, whose mean is 0 but for rounding, as odd.
    torch.testing.assert_close(results[1], results[0], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("as_published", [False, True])
def test_single_precision_agrees_to_a_millionth_of_the_maximum(as_published):
    clip, found = texture(128), {}
    for method in METHODS:
        with torch.no_grad():
            found[method] = EnergyBank(method=method, as_published=as_published)(clip)
    for method in METHODS[1:]:
        assert float((found[method] - found["plain"]).abs().max() / found["plain"].max()) < 1e-6, method


@pytest.mark.parametrize("method", METHODS[1:])
def test_gradients_are_those_of_the_plain_form(small, method):
    clips = torch.rand(1, 7, 48, 40, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    found = []
    for each in ("plain", method):
        bank, asked = copy.deepcopy(small), clips.clone().requires_grad_()
        bank.method = each
        response = bank(asked)
        (response * torch.linspace(-1, 1, response.numel(), dtype=torch.float64).view(response.shape)).sum().backward()
        found.append({"clips": asked.grad, **{name: p.grad for name, p in bank.named_parameters() if p.requires_grad}})
    for name, theirs in found[0].items():
        scale = float(theirs.abs().max())
        assert scale > 0, name
        torch.testing.assert_close(found[1][name] / scale, theirs / scale, rtol=0, atol=1e-9, msg=name)


def test_uniform_light_has_no_energy_but_the_spontaneous():
    bank = EnergyBank()
    with torch.no_grad():
        for level in (0.0, 0.5, 1.0):
            energy = bank.energy(torch.full((1, 11, 128, 128), level))
            torch.testing.assert_close(energy[:, :128], torch.full_like(energy[:, :128], 0.3**2))
        # As published, the border of the same clip is a bright frame.
        energy = EnergyBank(as_published=True).energy(torch.full((1, 11, 128, 128), 0.5))
    assert float(energy.mean()) > 100 * 0.3**2


def test_border_energy_of_a_texture_is_near_that_of_its_middle():
    def ratio(bank):
        with torch.no_grad():
            bank.spontaneous.zero_()
            energy = bank.energy(texture(192))[0, : 6 * 32].view(6, 32, 24, 24).mean(1)
        border = torch.ones(24, 24, dtype=torch.bool)
        border[2:-2, 2:-2] = False
        return energy[:, border].mean(1) / energy[:, 6:-6, 6:-6].mean((1, 2))

    assert float(ratio(EnergyBank()).max()) < 2.5
    assert float(ratio(EnergyBank(as_published=True)).min()) > 2.5


def test_a_far_change_of_light_does_not_reach_the_border():
    # Why pictures go on with their outermost pixels and do not have their mean subtracted.
    clip = texture(128)
    brighter = clip.clone()
    brighter[..., 100:, 100:] = 1
    bank = EnergyBank(2)
    with torch.no_grad():
        assert torch.equal(bank.energy(clip)[..., :8, :8], bank.energy(brighter)[..., :8, :8])


def test_levels_smaller_than_the_filters_are_silent_and_do_not_count():
    bank = EnergyBank()
    assert [bank.active_levels(n, n) for n in (24, 80, 176, 384, 392)] == [1, 4, 6, 7, 8]
    assert bank.active_levels(24, 512) == 1
    clip = texture(80)
    with torch.no_grad():
        response = bank(clip)
        assert response.shape == (1, 256, 10, 10)
        assert bool((response[:, 128:] == 0).all()) and bool((response[:, :128] > 0).all())
        # The same as a bank that has these four levels only.
        four = EnergyBank(4)
        four.load_state_dict({k: v[:128] if v.ndim and len(v) == 256 else v for k, v in bank.state_dict().items()})
        torch.testing.assert_close(response[:, :128], four(clip))
    assert EnergyBank(as_published=True).active_levels(80, 80) == 8


def test_normalisation_leaves_the_mean_below_its_gain_and_halves_where_energy_is_its_constant():
    with torch.no_grad():
        response = EnergyBank()(texture(64))
        assert 3 < float(response[:, :96].mean()) < 4
        bank = EnergyBank(1, 4)
        energy = torch.full((1, 4, 2, 2), 0.2**2)
        torch.testing.assert_close(bank.normalised(energy), torch.full_like(energy, 2.0))


def test_clips_of_a_batch_do_not_touch_each_other(small):
    clips = torch.rand(3, 7, 48, 40, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    together = small(clips)
    for number in range(3):
        torch.testing.assert_close(small(clips[number : number + 1])[0], together[number], rtol=1e-10, atol=1e-12)


def test_the_same_seed_gives_the_same_bank_and_the_global_generator_is_left_alone():
    torch.manual_seed(11)
    before = torch.get_rng_state()
    first, second = EnergyBank(2, 3), EnergyBank(2, 3)
    other = EnergyBank(2, 3, generator=torch.Generator().manual_seed(1))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.filters.theta_raw, second.filters.theta_raw)
    assert not torch.equal(first.filters.theta_raw, other.filters.theta_raw)


def test_mixed_and_half_precision_compute_in_single_precision():
    clip, bank = texture(64), EnergyBank()
    with torch.no_grad():
        wanted = bank(clip)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed = bank(clip)
        half = bank.bfloat16()(clip.bfloat16())
    assert mixed.dtype == torch.float32 and torch.equal(mixed, wanted)
    assert half.dtype == torch.bfloat16
    # Eight bits of the parameters and of the light.
    assert float((half.float() - wanted).abs().mean() / wanted.mean()) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("method", ["plain", "fft", "window"])
def test_compiled_bank_gives_equal_numbers(small, method):
    bank = copy.deepcopy(small)
    bank.method = method
    clips = torch.rand(1, 7, 40, 48, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    compiled = torch.compile(bank, backend="aot_eager")
    with torch.no_grad():
        torch.testing.assert_close(compiled(clips), bank(clips), rtol=1e-10, atol=1e-12)


def test_extreme_parameters_give_finite_responses_and_gradients():
    for raw in (-1e4, 1e4):
        bank = EnergyBank(2, 3)
        with torch.no_grad():
            for name, parameter in bank.filters.named_parameters():
                if name.endswith("_raw"):
                    parameter.fill_(0 if name == "gamma_raw" else raw)
        response = bank(texture(48))
        assert bool(response.isfinite().all())
        response.square().sum().backward()
        assert all(bool(p.grad.isfinite().all()) for p in bank.parameters() if p.requires_grad)


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        (torch.rand(11, 64, 64), r"takes luminance \(batch, time, row, col\), received the shape \(11, 64, 64\)"),
        (torch.rand(1, 10, 64, 64), "clips of 11 frames, received 10"),
        (torch.rand(1, 11, 64, 16), "at least 24 x 24 pixels, received 64 x 16"),
        (torch.rand(1, 11, 66, 64), "multiples of 8, received 66 x 64; cut to 64 x 64"),
        (torch.rand(1, 11, 64, 64) * 255, "divide by 255"),
        (torch.full((1, 11, 64, 64), torch.nan), "NaN"),
    ],
)
def test_unusable_clips_are_refused(clips, message):
    bank = EnergyBank()
    for call in (bank, bank.energy):
        with pytest.raises(ValueError, match=message):
            call(clips)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_levels": 0}, "n_levels is 0"),
        ({"units_per_level": 0}, "the number of units is 0"),
        ({"n_taps": 0}, "n_taps is 0"),
        ({"n_frames": 5}, "n_frames is 5; a temporal filter of 6 frames"),
        ({"method": "fast"}, "method is 'fast'; give one of auto, plain, fft, window"),
    ],
)
def test_impossible_banks_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        EnergyBank(**options)
