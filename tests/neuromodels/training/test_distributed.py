"""Several processes: the same step as one process with the whole batch, for every objective."""

import pytest
import torch

from neuromodels.training import train
from neuromodels.training.distributed import Processes, join_processes
from neuromodels.training.logs import read_history

SIDES = {"kind": "sides"}


def test_alone_nothing_is_exchanged():
    values = torch.ones(3, requires_grad=True)
    alone = Processes()
    assert alone.first
    assert alone.gather(values) is values
    assert alone.sum({"a": 1.5}, torch.device("cpu")) == {"a": 1.5}
    assert alone.share(7) == slice(0, 7)


def test_shares_are_even_and_in_order():
    shares = [Processes(rank, 3).share(12) for rank in range(3)]
    assert shares == [slice(0, 4), slice(4, 8), slice(8, 12)]
    with pytest.raises(
        ValueError, match="batch_size 8 cannot be split evenly over 3 processes; make it a multiple of 3"
    ):
        Processes(0, 3).share(8)


def test_without_torchrun_a_process_is_alone(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert join_processes(torch.device("cpu")) == (Processes(0, 1), torch.device("cpu"))


def test_two_processes_equal_one_with_the_whole_batch(toy_recipe, tmp_path, trained_elsewhere, weights_of):
    training = {"epochs": 2, "batch_size": 8, "evaluation_batch_size": 7, "clip_gradient": 1.0}
    recipes = {
        "classification": toy_recipe(training=training),
        "stream": toy_recipe(
            data={"kind": "toy/trials"},
            model={"options": {"n_classes": 2}},
            training={**training, "steps_per_epoch": 4, "evaluation_steps": 3},
        ),
        "simclr": toy_recipe(
            task={"kind": "simclr", "hidden": 16},
            augmentation=SIDES,
            training=training,
            optimizer={"kind": "lars", "lr": 1.0},
        ),
        "simsiam": toy_recipe(task={"kind": "simsiam", "hidden": 16}, augmentation=SIDES, training=training),
        "autoencoder": toy_recipe(
            task={"kind": "autoencoder"}, training=training, optimizer={"kind": "adamw", "lr": 0.01}
        ),
        "probe": toy_recipe(task={"kind": "probe"}, training=training),
        "augmented": toy_recipe(augmentation={"kind": "jitter", "size": 1.0}, training=training),
        "augmented views": toy_recipe(
            task={"kind": "simclr", "hidden": 16}, augmentation={"kind": "jitter", "size": 1.0}, training=training
        ),
        "batch norm": toy_recipe(model={"options": {"n_classes": 4, "batch_norm": True}}, training=training),
    }
    codes, errors = trained_elsewhere(
        [(tmp_path / "two" / name, recipe, False) for name, recipe in recipes.items()], n_processes=2
    )
    assert codes == [0, 0], errors
    for name, recipe in recipes.items():
        train(recipe, tmp_path / "one" / name)
        one, two = tmp_path / "one" / name, tmp_path / "two" / name
        assert torch.allclose(weights_of(one / "last"), weights_of(two / "last"), rtol=0, atol=1e-5), name
        for first, second in zip(read_history(one), read_history(two), strict=True):
            assert {**second, "seconds": 0} == pytest.approx({**first, "seconds": 0}, abs=1e-5), name


def test_training_moved_the_weights_that_are_compared(toy_recipe, toy, tmp_path, weights_of):
    """The comparison above would also hold for networks that learn nothing."""
    recipe = toy_recipe(task={"kind": "simclr", "hidden": 16}, augmentation=SIDES)
    train(recipe, tmp_path / "run")
    net = toy.Net(0)
    start = torch.cat([net.state_dict()[key].double().flatten() for key in sorted(net.state_dict())])
    assert (weights_of(tmp_path / "run" / "last") - start).abs().max() > 1e-2
