"""What all classical motion models keep: the recording contract, exact constants, tables of units, refusals."""

import numpy as np
import pytest
import torch

from neuromodels import create_model, list_models, model_info, validate_model
from neuromodels.errors import UnknownNameError

SMALL = {
    "motion/adelson-bergen": {"spatial_frequencies_cpp": (0.125, 0.25)},
    "motion/nishimoto-gallant": {"n_rows": 40, "n_cols": 42},
    "motion/simoncelli-heeger": {},
    "motion/ffv1mt": {},
}
# Frames, rows and columns of a small clip.
SIZES = {
    "motion/adelson-bergen": (13, 20, 22),
    "motion/nishimoto-gallant": (17, 40, 42),
    "motion/simoncelli-heeger": (10, 38, 39),
    "motion/ffv1mt": (5, 20, 22),
}
COLUMNS = {"preferred_direction_deg", "spatial_frequency_cpp", "temporal_frequency_cpf", "speed_ppf"}
every_model = pytest.mark.parametrize("name", SMALL)


def clips(name, n=3, channels=1):
    n_frames, n_rows, n_cols = SIZES[name]
    return np.random.default_rng(0).uniform(size=(n, n_frames, channels, n_rows, n_cols))


def build(name, **options):
    return create_model(name, **{**SMALL[name], **options})


def test_these_are_registered():
    assert set(SMALL) <= set(list_models(family="motion"))


@every_model
def test_recording_contract_is_kept(name):
    validate_model(build(name), clips(name))


@every_model
def test_activations_have_the_dimensions_that_are_stated(name):
    model = build(name)
    assert tuple(model.layer_dims) == tuple(model.layers)
    for layer, values in model.record(clips(name)).items():
        assert "unit" in model.layer_dims[layer]
        assert values[0].ndim == len(model.layer_dims[layer]), layer


@every_model
def test_units_are_as_many_as_are_recorded(name):
    model = build(name)
    recorded = model.record(clips(name))
    described = [layer for layer in model.layers if layer != "flow"]
    for layer in described:
        table = model.units(layer)
        assert set(table) >= COLUMNS
        assert all("unit" in table[column].attrs for column in COLUMNS)
        assert table.sizes["unit"] == recorded[layer].shape[1 + model.layer_dims[layer].index("unit")]
    with pytest.raises(UnknownNameError, match=f"Described: {', '.join(described)}"):
        model.units("v2")


@every_model
def test_defaults_that_are_stated_are_those_that_are_built(name):
    config = create_model(name).config
    for option, value in model_info(name).defaults.items():
        assert getattr(config, option) == value


@every_model
def test_double_precision_is_exact_whatever_the_model_was_before(name):
    direct = build(name).double()
    by_way = build(name).half().float().double()
    batch = torch.from_numpy(clips(name))
    assert torch.equal(direct(batch), by_way(batch))
    assert all(value.dtype in (torch.float64, torch.int64) for value in direct.buffers())


@every_model
def test_single_precision_is_near_double(name):
    batch = torch.from_numpy(clips(name))
    expected = build(name).double()(batch)
    torch.testing.assert_close(build(name)(batch.float()).double(), expected, rtol=0, atol=1e-4 * float(expected.max()))


@every_model
def test_seed_is_kept_and_changes_nothing_else(name):
    one, other = build(name, seed=1), build(name, seed=2)
    assert one.revision != other.revision
    batch = torch.from_numpy(clips(name)).float()
    assert torch.equal(one(batch), other(batch))
    with pytest.raises(ValueError, match="seed must be a whole number"):
        build(name, seed=-1)


@every_model
def test_gradient_reaches_every_pixel_that_is_seen_and_is_finite_in_the_dark(name):
    model = build(name).double()
    batch = torch.from_numpy(clips(name, n=1)).requires_grad_()
    model(batch).sum().backward()
    assert torch.isfinite(batch.grad).all()
    assert (batch.grad != 0).double().mean() > 0.5
    for level in (0.0, 0.5):
        blank = torch.full_like(batch, level).detach().requires_grad_()
        model(blank).sum().backward()
        assert torch.isfinite(blank.grad).all()


@every_model
def test_colour_is_seen_as_its_luminance(name):
    model = build(name).double()
    colour = torch.from_numpy(clips(name, channels=3))
    grey = (colour * torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)[:, None, None]).sum(2, keepdim=True)
    torch.testing.assert_close(model(colour), model(grey))


@every_model
def test_unknown_option_is_refused_with_the_closest(name):
    with pytest.raises(UnknownNameError, match="Unknown option of .*'n_level'.*All: "):
        build(name, n_level=3)


def spoilt(batch, kind):
    if kind == "few frames":
        return batch[:, :4]
    if kind == "small":
        return batch[..., :6, :6]
    if kind == "channels":
        return batch.repeat(1, 1, 2, 1, 1)
    if kind == "NaN":
        return batch.masked_fill(batch == batch.max(), torch.nan)
    return 255 * batch


@every_model
@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("few frames", "frames, received 4"),
        ("small", "pixels, received 6 x 6"),
        ("channels", "1 channel .* or 3 .*, received 2"),
        ("NaN", "1 pixels of the clips .* are NaN"),
        ("range", "divide by 255"),
    ],
)
def test_bad_clips_are_refused(name, kind, sentence):
    batch = torch.from_numpy(clips(name, n=1)).float()
    with pytest.raises(ValueError, match=sentence):
        build(name)(spoilt(batch, kind))
