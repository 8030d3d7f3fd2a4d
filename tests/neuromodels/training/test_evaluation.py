"""Evaluation: exact means whatever the batches, levels without a network, modes restored by the loop."""

import pytest
import torch

from neuromodels.training.distributed import Processes
from neuromodels.training.evaluation import evaluate
from neuromodels.training.precision import Precision
from neuromodels.training.recipe import TrainingRecipe
from neuromodels.training.task import TaskContext
from neuromodels.training.tasks import Classification, Contrast

CPU = torch.device("cpu")


def evaluated(model, task, samples, **training):
    recipe = TrainingRecipe(epochs=1, batch_size=4, **training)
    return evaluate(model, model, task, samples, recipe, precision=Precision("float32", CPU), processes=Processes())


@pytest.mark.parametrize("size", [1, 3, 7, 32, 100])
def test_means_do_not_depend_on_the_batches(toy, size):
    net, samples = toy.Net(0, dropout=0.5), toy.blobs("validation", n=31)
    found = evaluated(net, Classification(TaskContext(net, samples)), samples, evaluation_batch_size=size)
    net.eval()
    logits, labels = net(samples.tensors["x"]).detach(), samples.tensors["label"]
    assert found["loss"] == pytest.approx(float(torch.nn.functional.cross_entropy(logits, labels)), abs=1e-6)
    assert found["top1"] == pytest.approx(float((logits.argmax(1) == labels).float().mean()), abs=1e-6)


def test_levels_of_chance_and_of_a_constant_prediction(toy):
    net = toy.Net(0, n_classes=10)
    labels = torch.tensor([3] * 6 + [1] * 4 + [0, 2, 4, 5, 6, 7, 8, 9] + [9] * 2)
    samples = toy.TensorSamples({"x": torch.zeros(20, 3, 2, 2, 3), "label": labels}, n_classes=10)
    found = evaluated(net, Classification(TaskContext(net, samples)), samples)
    assert found["chance_top1"] == pytest.approx(0.1)
    assert found["chance_top5"] == pytest.approx(0.5)
    assert found["constant_top1"] == pytest.approx(6 / 20)
    assert found["constant_top5"] == pytest.approx((6 + 4 + 3 + 1 + 1) / 20)


def test_views_are_the_same_draws_at_each_evaluation(toy):
    net, samples = toy.Net(0), toy.blobs("validation")
    task = Contrast(TaskContext(net, samples, 0, toy.jitter(size=1.0)), hidden=8)
    first, second = (evaluated(net, task, samples) for _ in range(2))
    assert first == second
    assert "chance_top1" not in first


def test_stream_is_read_for_as_many_batches_as_asked_for(toy):
    net, stream = toy.Net(0, n_classes=2), toy.Trials()
    sizes = []
    task = Classification(TaskContext(net, stream))
    count = task.evaluate
    task.evaluate = lambda model, batch, generator: sizes.append(len(batch["x"])) or count(model, batch, generator)
    found = evaluated(net, task, stream, evaluation_steps=3, steps_per_epoch=1)
    assert sizes == [16, 16, 16]
    assert evaluated(net, task, stream, evaluation_steps=3, steps_per_epoch=1) == found
