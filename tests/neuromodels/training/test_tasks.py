"""Tasks: losses against plain computations, views, what is refused."""

import numpy as np
import pytest
import torch

from neuromodels.training.objectives import Autoencoder, SimCLR, SimSiam
from neuromodels.training.task import Task, TaskContext, accuracies
from neuromodels.training.tasks import Agreement, Classification, Contrast, Reconstruction, spread


def shift(x, generator):
    return x + torch.randn(len(x), 1, 1, 1, 1, generator=generator)


@pytest.fixture
def context(toy):
    def make(augmentation=None, **options):
        return TaskContext(toy.Net(0, **options), toy.blobs("train"), 7, augmentation)

    return make


def drawn():
    return torch.Generator().manual_seed(5)


def test_accuracies_of_a_plain_loop():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(50, 9)), rng.integers(0, 9, 50)
    rank = [list(np.argsort(-row)).index(label) for row, label in zip(logits, labels, strict=True)]
    found = accuracies(torch.tensor(logits), torch.tensor(labels))
    assert float(found["top1"]) == pytest.approx(np.mean([place == 0 for place in rank]))
    assert float(found["top5"]) == pytest.approx(np.mean([place < 5 for place in rank]))


def test_cross_entropy_of_a_plain_loop(context):
    made = context()
    task, batch = Classification(made), made.samples.batch(range(6))
    loss, metrics = task.loss(made.model, batch, drawn())
    logits = made.model(batch["x"]).detach().double().numpy()
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = batch["label"].numpy()
    assert float(loss.detach()) == pytest.approx(-np.log(shares[range(6), labels]).mean(), abs=1e-6)
    assert float(metrics["top1"]) == pytest.approx((logits.argmax(1) == labels).mean())
    found = task.evaluate(made.model, batch, drawn())
    assert float(found["loss"].detach()) == pytest.approx(float(loss.detach()))
    assert float(found["top5"]) == 1.0


def test_classification_augments_in_training_alone(context):
    made = context(shift)
    task, batch = Classification(made), made.samples.batch(range(6))
    plain = Classification(context())
    expected = plain.loss(made.model, {**batch, "x": shift(batch["x"], drawn())}, drawn())[0]
    assert torch.equal(task.loss(made.model, batch, drawn())[0], expected)
    assert torch.equal(
        task.evaluate(made.model, batch, drawn())["loss"], plain.evaluate(made.model, batch, drawn())["loss"]
    )


def test_network_with_another_number_of_classes_is_named(context):
    made = context(n_classes=5)
    with pytest.raises(ValueError, match=r"logits \(6, 5\) for 6 samples of 4 classes; build it with 4 classes"):
        Classification(made).loss(made.model, made.samples.batch(range(6)), drawn())


@pytest.mark.parametrize(("kind", "objective"), [(Contrast, SimCLR), (Agreement, SimSiam)])
def test_views_are_two_draws_of_the_augmentation(context, kind, objective):
    made = context(shift)
    task, x = kind(made, hidden=8), made.samples.batch(range(6))["x"]
    generator = drawn()
    first, second = shift(x, generator), shift(x, generator)
    expected = objective(8, hidden=8, seed=7)(made.model.features(first), made.model.features(second))
    assert torch.allclose(task.loss(made.model, {"x": x}, drawn())[0], expected, atol=1e-6)


def test_views_need_an_augmentation_and_features(context, toy):
    with pytest.raises(ValueError, match=r"add a section \[augmentation\]"):
        Contrast(context())
    bare = TaskContext(torch.nn.Linear(2, 2), toy.blobs("train"), 0, shift)
    with pytest.raises(ValueError, match="Linear has no feature_size"):
        Agreement(bare)


def test_reconstruction_is_that_of_the_objective(context):
    made = context(shift)
    task, x = Reconstruction(made, sparsity=0.1), made.samples.batch(range(6))["x"]
    objective = Autoencoder(8, (2, 2, 3), sparsity=0.1, seed=7)
    seen = shift(x, drawn())
    assert torch.allclose(
        task.loss(made.model, {"x": x}, drawn())[0], objective(made.model.features_over_time(seen), seen), atol=1e-6
    )
    plain = objective(made.model.features_over_time(x), x)
    assert torch.allclose(task.evaluate(made.model, {"x": x}, drawn())["loss"], plain, atol=1e-6)


def test_labels_are_needed_where_classes_are(toy):
    bare = TaskContext(toy.Net(0), toy.TensorSamples({"x": torch.zeros(3, 2)}))
    with pytest.raises(ValueError, match="needs labelled samples"):
        Classification(bare)


def test_spread_is_one_on_the_sphere_and_zero_at_a_point():
    assert float(spread(torch.ones(10, 5))) == pytest.approx(0, abs=1e-6)
    rows = torch.randn(20_000, 16, generator=torch.Generator().manual_seed(0))
    assert float(spread(rows)) == pytest.approx(1, abs=0.01)


def test_base_asks_for_a_loss():
    with pytest.raises(NotImplementedError, match="Task must say what its loss is"):
        Task().loss(None, {}, drawn())
