"""Shipped recipes of the motion networks: the published values, and runs that repeat and resume to the bit."""

import pytest

from neuromodels import create_model, load_model
from neuromodels.motion.even_start import start_evenly
from neuromodels.training import list_recipes, read_recipe, train
from neuromodels.training.kinds import build
from neuromodels.weights import read_facts

RECIPES = [name for name in list_recipes() if name.startswith("motion/")]
TINY = [
    "model.options.levels=2",
    "model.options.units_per_level=4",
    "model.options.upsampler_width=8",
    "model.options.iterations=1",
    "data.size=40",
    "data.n_validation=2",
    "data.n_test=2",
    "training.epochs=3",
    "training.steps_per_epoch=2",
    "training.batch_size=2",
]


@pytest.fixture
def no_curve(monkeypatch):
    monkeypatch.setattr("neuromodels.training.run.save_learning_curve", lambda *arguments: None)


def test_recipes():
    assert RECIPES == ["motion/dual", "motion/fom", "motion/small", "motion/small-dual"]


@pytest.mark.parametrize("name", RECIPES)
def test_what_recipes_name_can_be_built(name):
    recipe = read_recipe(name)
    scenes = build("data", recipe.data, part="validation")
    assert scenes.flow_frame == 7
    assert scenes.n_frames == 15
    if "small" in name:
        network = create_model(recipe.model.name, seed=0, **recipe.model.options)
        assert scenes.n_frames == network.n_frames
        assert scenes.flow_frame == network.flow_frame


@pytest.mark.parametrize("name", ["motion/fom", "motion/dual"])
def test_published_training(name):
    # Sun et al. 2025, published code of the training.
    recipe = read_recipe(name)
    optimizer, training, rates = recipe.optimizer, recipe.training, recipe.learning_rates()
    assert (optimizer.kind, optimizer.lr, optimizer.weight_decay, optimizer.eps) == ("adamw", 0.8e-4, 1e-6, 1e-8)
    assert optimizer.betas == (0.9, 0.999)
    assert training.epochs * training.steps_per_epoch == 100_000
    assert (training.batch_size, training.clip_gradient, training.precision) == (2, 1.0, "fp16")
    assert dict(recipe.schedule.options) == {"rise": 0.05, "beyond": 1}
    assert max(rates) == pytest.approx(0.8e-4, rel=0.01)
    assert rates.index(max(rates)) == pytest.approx(0.05 * 1001 - 1, abs=1)
    # Training ends 100 steps before the learning rate is at its least.
    assert rates[-1] == pytest.approx(0.8e-4 / 950, rel=0.1)
    assert tuple(recipe.data.options["size"]) == (416, 768)
    assert recipe.data.options["mixture"] == "published"
    assert dict(recipe.model.options) == {}
    assert dict(recipe.task.options) == {}


@pytest.mark.parametrize("name", ["motion/small", "motion/small-dual"])
def test_runs_repeat_and_resume_to_the_bit(name, no_curve, tmp_path):
    recipe = read_recipe(name).with_changes([*TINY, "model.options.widths=[4, 4, 4]"])
    whole = train(recipe, tmp_path / "whole")
    assert whole.epochs == 3
    assert set(whole.test) >= {"epe", "epe_zero"}

    def killed(end):
        if end.epoch == 1:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "again", after_epoch=[killed])
    again = train(recipe, tmp_path / "again", resume=True)
    assert again.test == whole.test
    for folder in ("best", "last"):
        first, second = (read_facts(tmp_path / run / folder)[0] for run in ("whole", "again"))
        assert first["sha256"] == second["sha256"]
    other = train(recipe.with_changes(["training.seed=1"]), tmp_path / "other")
    assert other.test != whole.test

    network = load_model(tmp_path / "whole")
    facts = read_facts(tmp_path / "whole")[0]
    assert facts["trained"]["recipe"]["data"]["kind"] == "motion/scenes"
    assert facts["trained"]["recipe"]["training"]["seed"] == 0
    assert facts["trained"]["metrics"]["validation_epe"] == whole.best["validation_epe"]
    assert network.performance == {"endpoint error in pixels per frame, test part": whole.test["epe"]}


def test_even_start():
    network = create_model("motion/fom-small", seed=0, even_start=True)
    units = network.units("v1")
    per_level = network.config.units_per_level
    for level in range(network.config.levels):
        some = units.isel(unit=slice(level * per_level, (level + 1) * per_level))
        for speed in set(some["speed_ppf"].values.round(4)):
            alike = some["preferred_direction_deg"].values[some["speed_ppf"].values.round(4) == speed]
            gaps = sorted(alike)
            assert len(gaps) == 8
            for first, second in zip(gaps, gaps[1:], strict=False):
                assert second - first == pytest.approx(45, abs=1e-3)
    directions = units["preferred_direction_deg"].values.round(2)
    assert len(set(directions)) == len(directions)


def test_even_start_needs_pairs():
    bank = create_model("motion/fom-small", seed=0, levels=4, units_per_level=6).bank
    with pytest.raises(ValueError, match="a multiple of 4 units per level, .* received 6"):
        start_evenly(bank)
    with pytest.raises(ValueError, match="even_start must be true or false, received 1"):
        create_model("motion/fom-small", seed=0, even_start=1)
    with pytest.raises(ValueError, match="gain must be a finite number above 0, received 0"):
        create_model("motion/fom-small", seed=0, gain=0)


def test_gain_is_that_of_both_banks():
    network = create_model("motion/dual-small", seed=0, gain=0.5)
    assert (network.bank.norm_k.item(), network.feature_energy.norm_k.item()) == (0.5, 0.5)
    assert create_model("motion/dual-small", seed=0).bank.norm_k.item() == 4.0
