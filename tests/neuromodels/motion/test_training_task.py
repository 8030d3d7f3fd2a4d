"""Learning flow: metrics, mirrored samples, a loss that falls, and a run of the engine."""

import pytest
import torch

from neuromodels import create_model
from neuromodels.motion.training_task import FlowTask, flipped
from neuromodels.training import Choice, ModelRecipe, OptimizerRecipe, Recipe, TaskContext, Trainer, TrainingRecipe
from neuromodels.training.compiled import CompiledForm

TINY = {"levels": 2, "units_per_level": 8, "iterations": 2, "widths": (2, 4, 4), "upsampler_width": 8}


class Drift:
    """Clips of smooth noise that drifts to the left or to the right by one pixel per frame."""

    def draw(self, n, generator):
        coarse = torch.rand(n, 1, 8, 12, generator=generator)
        large = torch.nn.functional.interpolate(coarse, scale_factor=4.0, mode="bilinear")
        right = torch.rand(n, generator=generator) < 0.5
        x = torch.empty(n, 15, 1, 32, 32)
        for sample in range(n):
            for t in range(15):
                start = 15 - t if right[sample] else t
                x[sample, t] = large[sample, :, :, start : start + 32]
        flow = torch.zeros(n, 2, 32, 32)
        flow[:, 0] = torch.where(right, 1.0, -1.0)[:, None, None]
        return {"x": x, "flow": flow}


def network(name="fom", **options):
    return create_model(f"motion/{name}", **{**TINY, **options})


def test_metrics():
    model = network("dual")
    task = FlowTask(TaskContext(model, Drift()))
    batch = Drift().draw(2, torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = task.evaluate(model, batch, torch.Generator())
        error = (model(batch["x"]) - batch["flow"]).square().sum(1).sqrt().mean()
    assert set(found) == {"loss", "epe", "epe_zero", "epe_first"}
    assert float(found["epe_zero"]) == pytest.approx(1.0)
    torch.testing.assert_close(found["epe"], error)
    assert not task.larger_is_better and task.best == "epe"


def test_mirrored_samples_move_the_other_way():
    batch = Drift().draw(16, torch.Generator().manual_seed(0))
    clips, flow = flipped(batch["x"], batch["flow"], torch.Generator().manual_seed(1))
    turned = flow[:, 0, 0, 0] != batch["flow"][:, 0, 0, 0]
    assert 0 < turned.sum() < 16
    for sample in range(16):
        ways = [batch["x"][sample], batch["x"][sample].flip(-2)]
        if turned[sample]:
            ways = [one.flip(-1) for one in ways]
        assert any(torch.equal(clips[sample], one) for one in ways)
    vertical = torch.zeros(8, 2, 4, 4)
    vertical[:, 1] = 1
    _, flow = flipped(torch.zeros(8, 15, 1, 4, 4), vertical, torch.Generator().manual_seed(1))
    assert set(flow[:, 1].unique().tolist()) == {-1.0, 1.0} and not flow[:, 0].any()


def test_the_engine_trains_it(tmp_path):
    recipe = Recipe(
        model=ModelRecipe("motion/fom", options=TINY),
        data=Choice("motion/scenes"),
        task=Choice("motion/flow", {"flips": True}),
        optimizer=OptimizerRecipe("adamw", lr=3e-3, weight_decay=1e-6),
        schedule=Choice("one_cycle", {"rise": 0.3}),
        training=TrainingRecipe(
            epochs=4, batch_size=4, steps_per_epoch=5, evaluation_steps=1, clip_gradient=1.0, evaluation_batch_size=8
        ),
    )
    model = network()
    task = FlowTask(TaskContext(model, Drift()), flips=True)
    history = Trainer(model, task, Drift(), Drift(), recipe, tmp_path).run().history
    assert history[-1]["validation_epe"] < history[0]["validation_epe"]
    assert history[-1]["validation_epe_zero"] == pytest.approx(1.0)
    assert history[-1]["train_loss"] < history[0]["train_loss"]


def test_the_compiled_form_has_flows(monkeypatch):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda call: compiled.append(call.__name__) or call)
    batch = Drift().draw(1, torch.Generator().manual_seed(0))
    CompiledForm(network()).flows(batch["x"])
    assert compiled == ["flows"]


def test_refusals():
    model, samples = network(), Drift()
    with pytest.raises(ValueError, match="Linear gives no flows; train a network such as motion/fom-small"):
        FlowTask(TaskContext(torch.nn.Linear(1, 1), samples))
    with pytest.raises(ValueError, match="an augmentation changes clips, not their flow"):
        FlowTask(TaskContext(model, samples, augmentation=lambda x, generator: x))
    with pytest.raises(ValueError, match="gamma must be above 0 and at most 1, received 1.5"):
        FlowTask(TaskContext(model, samples), gamma=1.5)
    task = FlowTask(TaskContext(model, samples))
    with pytest.raises(ValueError, match=r"need a flow of shape \(1, 2, 32, 32\), received none"):
        task.loss(model, {"x": torch.rand(1, 15, 1, 32, 32)}, torch.Generator())
