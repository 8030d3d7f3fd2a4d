"""The loop against a plain one, best networks, early stop, curricula, streams, and numbers that are not finite."""

import math

import pytest
import torch
from safetensors.torch import load_file

from neuromodels import load_model
from neuromodels.training import kinds, read_history, train
from neuromodels.training.samples import epoch_rows
from neuromodels.training.tables import RecipeError
from neuromodels.training.tasks import Classification
from neuromodels.weights import read_facts


def test_weights_are_those_of_a_plain_loop(toy_recipe, toy, tmp_path):
    recipe = toy_recipe(schedule={"kind": "step", "every": 2}, training={"epochs": 4, "seed": 9})
    train(recipe, tmp_path / "run")
    net, samples = toy.Net(0), toy.blobs("train")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9, weight_decay=1e-4)
    losses = []
    for epoch in range(4):
        optimizer.param_groups[0]["lr"] = 0.2 * 0.1 ** (epoch // 2)
        for rows in epoch_rows(32, 8, 9, epoch):
            batch = samples.batch(rows)
            loss = torch.nn.functional.cross_entropy(net(batch["x"]), batch["label"])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
    found = load_file(tmp_path / "run" / "last" / "model.safetensors")
    for name, value in net.state_dict().items():
        assert torch.equal(found[name], value), name
    history = read_history(tmp_path / "run")
    assert [row["lr"] for row in history] == pytest.approx([0.2, 0.2, 0.02, 0.02])
    means = [sum(losses[4 * epoch : 4 * epoch + 4]) / 4 for epoch in range(4)]
    assert [row["train_loss"] for row in history] == pytest.approx(means, abs=1e-6)


def test_training_leaves_the_random_state_of_torch(toy_recipe, tmp_path):
    before = torch.get_rng_state()
    train(toy_recipe(model={"options": {"dropout": 0.5}}), tmp_path / "run")
    assert torch.equal(torch.get_rng_state(), before)


def test_same_recipe_same_bits_other_seed_other_weights(toy_recipe, tmp_path, weights_of):
    options = {"model": {"options": {"n_classes": 4, "dropout": 0.5}}, "augmentation": {"kind": "jitter"}}
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(toy_recipe(**options, training={"seed": seed}), tmp_path / name)
    assert torch.equal(weights_of(tmp_path / "a" / "last"), weights_of(tmp_path / "b" / "last"))
    assert not torch.equal(weights_of(tmp_path / "a" / "last"), weights_of(tmp_path / "c" / "last"))


@pytest.mark.parametrize("option", [{"deterministic": True}, {"channels_last": True}, {"evaluate_every": 2}])
def test_options_that_leave_the_weights_as_they_are(toy_recipe, tmp_path, weights_of, option):
    train(toy_recipe(), tmp_path / "plain")
    train(toy_recipe(training=option), tmp_path / "other")
    assert torch.equal(weights_of(tmp_path / "plain" / "last"), weights_of(tmp_path / "other" / "last"))
    assert not torch.are_deterministic_algorithms_enabled()


def test_bf16_is_near_float32(toy_recipe, tmp_path, weights_of):
    train(toy_recipe(), tmp_path / "plain")
    train(toy_recipe(training={"precision": "bf16"}), tmp_path / "bf16")
    difference = (weights_of(tmp_path / "plain" / "last") - weights_of(tmp_path / "bf16" / "last")).abs().max()
    assert 0 < difference < 0.05


def test_best_network_is_that_of_the_best_epoch(toy_recipe, toy, tmp_path):
    result = train(toy_recipe(training={"epochs": 6}, data={"noise": 2.5}), tmp_path / "run")
    history = read_history(tmp_path / "run")
    values = [row["validation_top1"] for row in history]
    assert result.best_epoch == values.index(max(values)) + 1
    assert result.best["validation_top1"] == max(values)
    model = load_model(tmp_path / "run")
    samples = toy.blobs("validation", noise=2.5)
    top1 = (model(samples.tensors["x"]).argmax(1) == samples.tensors["label"]).double().mean()
    assert float(top1) == pytest.approx(max(values))


def test_patience_stops_early(toy_recipe, tmp_path):
    recipe = toy_recipe(optimizer={"lr": 0.0}, training={"epochs": 10, "patience": 2})
    result = train(recipe, tmp_path / "run")
    assert (result.epochs, result.best_epoch) == (3, 1)
    assert result.stopped == "no better top1 in 2 evaluations"
    assert "stopped: no better top1" in str(result)


def test_function_after_an_epoch_may_change_the_stream_and_stop(toy_recipe, toy, tmp_path):
    seen = []

    def curriculum(end):
        seen.append((end.epoch, end.row["validation_top1"]))
        end.samples.harder = True
        return end.epoch == 1

    recipe = toy_recipe(
        data={"kind": "toy/trials"},
        model={"options": {"n_classes": 2}},
        training={"epochs": 5, "steps_per_epoch": 3, "evaluation_steps": 2},
    )
    result = train(recipe, tmp_path / "run", after_epoch=[curriculum])
    assert [epoch for epoch, _ in seen] == [0, 1]
    assert result.stopped == "a function after epoch 2 ended the run"


def test_task_may_judge_keep_networks_and_end_the_run(toy_recipe, tmp_path, monkeypatch, weights_of):
    class Curriculum(Classification):
        best, larger_is_better = "passed", True

        def after_epoch(self, end):
            end.row["validation_passed"] = float(end.epoch == 1)
            end.keep(f"stages/Epoch {end.epoch}")
            return "" if end.epoch < 2 else "all is learned"

    monkeypatch.setattr("neuromodels.training.tasks.Classification", Curriculum)
    result = train(toy_recipe(training={"epochs": 5, "batch_size": 8}), tmp_path / "run")
    assert (result.epochs, result.best_epoch, result.stopped) == (3, 2, "all is learned")
    assert read_history(tmp_path / "run")[1]["validation_passed"] == 1
    stages = [tmp_path / "run" / "stages" / f"Epoch {epoch}" for epoch in range(3)]
    assert torch.equal(weights_of(stages[1]), weights_of(tmp_path / "run" / "best"))
    assert torch.equal(weights_of(stages[2]), weights_of(tmp_path / "run" / "last"))
    assert not torch.equal(weights_of(stages[0]), weights_of(stages[1]))
    assert load_model(stages[1]).label == "run-epoch-1"
    assert read_facts(stages[1])[0]["trained"]["metrics"]["validation_passed"] == 1


@pytest.mark.parametrize("name", ["steps_per_epoch", "evaluation_steps"])
def test_stored_samples_take_no_number_of_steps(toy_recipe, tmp_path, name):
    with pytest.raises(ValueError, match=f"training.{name} is 2, but only a stream reads it; leave it out"):
        train(toy_recipe(training={name: 2}), tmp_path / "run")


@pytest.mark.parametrize(
    ("training", "words"), [({}, "training.steps_per_epoch"), ({"steps_per_epoch": 2}, "training.evaluation_steps")]
)
def test_stream_needs_its_lengths(toy_recipe, tmp_path, training, words):
    recipe = toy_recipe(data={"kind": "toy/trials"}, model={"options": {"n_classes": 2}}, training=training)
    with pytest.raises(ValueError, match=words):
        train(recipe, tmp_path / "run")


def test_label_out_of_range_is_named(toy_recipe, tmp_path):
    with pytest.raises(ValueError, match="sample 5 has the label 7; labels must be from 0 to 3 for 4 classes"):
        train(toy_recipe(data={"bad_label": 7}), tmp_path / "run")


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_loss_that_is_not_finite_stops_and_breaks_nothing(toy_recipe, toy, tmp_path, precision):
    def poison(end):
        if end.epoch == 1:
            with torch.no_grad():
                end.model.decoder.bias += math.inf
                end.model.decoder.bias -= end.model.decoder.bias

    with pytest.raises(
        FloatingPointError, match="not finite after epoch 2; lower optimizer.lr.*What was saved before stays"
    ):
        train(toy_recipe(training={"precision": precision}), tmp_path / "run", after_epoch=[poison])
    for folder in ("last", "best"):
        for value in load_file(tmp_path / "run" / folder / "model.safetensors").values():
            assert torch.isfinite(value).all()


def test_loss_that_is_not_finite_names_the_step(toy_recipe, toy, tmp_path):
    def broken(part):
        samples = toy.blobs(part)
        if part == "train":
            samples.tensors["x"][epoch_rows(32, 8, 0, 0)[2][0]] = math.nan
        return samples

    toy.broken = broken
    kinds.OURS["neuromodels.training_data"]["broken"] = "toy_family:broken"
    with pytest.raises(FloatingPointError, match=r"the loss is nan at epoch 1, step 3; lower optimizer.lr \(now 0.2\)"):
        train(toy_recipe(data={"kind": "broken"}), tmp_path / "run")
    assert not (tmp_path / "run" / "last").exists()


def test_overflow_in_fp16_is_counted_and_shown(toy_recipe, toy, tmp_path):
    def loud(part):
        samples = toy.blobs(part)
        if part == "train":
            samples.tensors["x"][3] = 1e30  # infinite in fp16
        return samples

    toy.loud = loud
    kinds.OURS["neuromodels.training_data"]["loud"] = "toy_family:loud"
    result = train(toy_recipe(data={"kind": "loud"}, training={"precision": "fp16"}), tmp_path / "run")
    assert result.skipped_steps == 3
    assert "3 steps skipped by overflow" in str(result)
    history = read_history(tmp_path / "run")
    assert [row["skipped_steps"] for row in history] == [1, 2, 3]
    assert all(math.isfinite(row["train_loss"]) for row in history)
    # Numbers that JSON does not know would make the file unreadable elsewhere.
    text = (tmp_path / "run" / "best" / "model.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text


def test_batch_larger_than_the_data_says_so(toy_recipe, tmp_path):
    with pytest.raises(ValueError, match="training.batch_size is 64, but there are 32 training samples; lower it"):
        train(toy_recipe(training={"batch_size": 64}), tmp_path / "run")


def test_schedule_is_checked_with_the_recipe(toy_recipe):
    with pytest.raises(RecipeError, match="schedule.evry is no option of 'step'; the closest one is every"):
        toy_recipe(schedule={"kind": "step", "evry": 3})
    with pytest.raises(ValueError, match="warmup must be from 0 to epochs - 1 = 2, received 5"):
        toy_recipe(schedule={"kind": "cosine", "warmup": 5})


def test_what_the_samples_demand_is_part_of_the_network(toy_recipe, toy, tmp_path):
    """Options that samples bring are saved with the network; those of the recipe come first."""

    def wide(part):
        samples = toy.blobs(part)
        samples.model_options = {"width": 11}
        return samples

    toy.wide = wide
    kinds.OURS["neuromodels.training_data"]["toy/wide"] = "toy_family:wide"
    train(toy_recipe(data={"kind": "toy/wide"}), tmp_path / "demanded")
    assert load_model(tmp_path / "demanded" / "best").feature_size == 11
    train(toy_recipe(data={"kind": "toy/wide"}, model={"options": {"width": 5}}), tmp_path / "chosen")
    assert load_model(tmp_path / "chosen" / "best").feature_size == 5


@pytest.mark.parametrize(("section", "kind"), [("task", "clasification"), ("augmentation", "jiter")])
def test_a_misspelt_kind_is_named_before_the_data_are_read(toy_recipe, toy, tmp_path, monkeypatch, section, kind):
    def read(part):
        raise AssertionError("the data were read")

    monkeypatch.setattr(toy, "blobs", read)
    with pytest.raises(RecipeError, match=f"{section}.kind '{kind}' is not known; the closest ones are"):
        train(toy_recipe(**{section: {"kind": kind}}), tmp_path / "run")
