"""The task of the engine: its loss, and the curriculum that moves on after each epoch."""

import re

import numpy as np
import pytest
import torch
from torch.nn import functional

from neuromodels import create_model, load_model
from neuromodels.timescale.memory_stream import memory_stream
from neuromodels.timescale.memory_task import MemoryTask, summed_cross_entropy
from neuromodels.training import TaskContext, TensorSamples, read_history, train
from neuromodels.training.progress import EpochEnd

GUESSING = "task.threshold=0.3"


def make_task(model=None, **options):
    model = model or create_model("timescale/leaky-small", units=8, heads=10)
    samples = memory_stream("train")
    return MemoryTask(TaskContext(model, samples), **{"last_n": 11, **options}), model, samples


def after(task, model, accuracies, kept):
    row = {f"validation_N{n}": value for n, value in zip(task.stage.ns, accuracies, strict=True)}
    row["validation_accuracy"] = sum(accuracies) / len(accuracies)
    reason = task.after_epoch(EpochEnd(0, row, model, task, None, None, kept.append))
    return row, reason


def test_the_loss_is_the_sum_over_heads_of_mean_cross_entropies():
    logits, labels = torch.randn(6, 3, 2), torch.randint(2, (6, 3))
    wanted = sum(functional.cross_entropy(logits[:, head], labels[:, head]) for head in range(3))
    torch.testing.assert_close(summed_cross_entropy(logits, labels), wanted)


def test_loss_and_accuracy_of_a_batch():
    task, model, stream = make_task(curriculum="sliding", width=3, step=2, heads="own")
    task.place = 1
    task._begin()
    assert (task.stage.ns, task.stage.heads, stream.ns) == ((4, 5, 6), (2, 3, 4), (4, 5, 6))
    batch = stream.draw(16, torch.Generator().manual_seed(1))
    loss, metrics = task.loss(model, batch, torch.Generator().manual_seed(2))
    start = model.draw_start(16, torch.Generator().manual_seed(2))
    logits = model(batch["x"], start=start)[:, 2:5]
    torch.testing.assert_close(loss, summed_cross_entropy(logits, batch["label"]))
    right = (logits.argmax(-1) == batch["label"]).double()
    assert metrics["accuracy"] == pytest.approx(float(right.mean()))
    judged = task.evaluate(model, batch, torch.Generator().manual_seed(2))
    assert [float(judged[f"N{n}"]) for n in (4, 5, 6)] == pytest.approx(right.mean(0).tolist())
    assert judged["accuracy"] == pytest.approx(float(right.mean()))


def test_curriculum_moves_on_when_solved_and_ends():
    task, model, stream = make_task(curriculum="multi-head", last_n=3)
    kept = []
    row, reason = after(task, model, [0.98], kept)
    assert (reason, kept, task.stage.ns) == ("", [], (2,))
    assert (row["validation_solved"], row["N2"], row["stage"], row["largest_n"]) == (0.98, 0.98, 0, 2)
    row, reason = after(task, model, [0.99], kept)
    assert (reason, kept, task.stage.ns, stream.ns) == ("", ["stages/N2"], (2, 3), (2, 3))
    assert row["validation_solved"] == 2
    assert task.state() == {"place": 1, "solved": 2}
    row, reason = after(task, model, [0.99, 0.5], kept)
    assert (reason, row["validation_solved"], row["N3"], row["smallest_n"]) == ("", 2, 0.5, 2)
    row, reason = after(task, model, [0.99, 0.99], kept)
    assert reason == "the last stage of the curriculum, N2-N3, is solved"
    assert kept == ["stages/N2", "stages/N2-N3"] and task.stage.ns == (2, 3)
    assert set(row) >= {"tau_mean", "tau_sd", "tau_at_clamp"} and "validation_N2" not in row


def test_every_part_is_asked_what_the_curriculum_asks_and_a_resumed_one_too():
    task, model, stream = make_task(curriculum="single-head")
    validation = memory_stream("validation")
    assert task.prepare(model, validation, torch.device("cpu")) is validation
    task.restore({"place": 4, "solved": 5})
    assert stream.ns == validation.ns == (6,)
    late = memory_stream("test")
    task.prepare(model, late, torch.device("cpu"))
    assert late.ns == (6,) and task.solved == 5


def test_time_constants_of_the_epoch():
    model = create_model("timescale/leaky-small", units=4, heads=1)
    with torch.no_grad():
        model.tau.copy_(torch.tensor([0.5, 1.0, 2.0, 4.0]))
    task, _, _ = make_task(model, curriculum="single-head")
    row, _ = after(task, model, [0.5], [])
    assert row["tau_mean"] == 2 and row["tau_at_clamp"] == 0.5
    assert row["tau_sd"] == pytest.approx(np.std([1, 1, 2, 4]))


def test_gated_networks_are_trained_and_have_no_trace():
    task, model, stream = make_task(create_model("timescale/lstm-small", units=6, heads=10))
    batch = stream.draw(5, torch.Generator().manual_seed(0))
    loss, _ = task.loss(model, batch, torch.Generator().manual_seed(0))
    loss.backward()
    row, _ = after(task, model, [0.5], [])
    assert "tau_mean" not in row and row["stage"] == 0


def test_a_run_keeps_its_stages_and_says_why_it_ended(tiny, tmp_path):
    result = train(tiny("small-multi", GUESSING, "task.last_n=4", "model.options.heads=3"), tmp_path / "run")
    assert result.epochs == 3
    assert result.stopped == "the last stage of the curriculum, N2-N4, is solved"
    rows = read_history(tmp_path / "run")
    assert [row["largest_n"] for row in rows] == [2, 3, 4]
    assert [row["validation_solved"] for row in rows] == [2, 3, 4]
    assert [len([name for name in row if re.fullmatch(r"N\d+", name)]) for row in rows] == [1, 2, 3]
    assert all(1 <= row["tau_mean"] <= 2 for row in rows)
    assert sorted(path.name for path in (tmp_path / "run" / "stages").iterdir()) == ["N2", "N2-N3", "N2-N4"]
    best = load_model(tmp_path / "run")
    assert best.performance == {"largest N solved, validation part": 4.0}
    assert best.answers == (2, 3, 4)
    stage = load_model(tmp_path / "run" / "stages" / "N2-N3")
    assert stage.name == "timescale/leaky-small.run-stages-n2-n3"
    assert not torch.equal(stage.recurrent_weight, best.recurrent_weight)
    assert "largest" not in str(result) and "solved 4" in str(result)


@pytest.mark.parametrize(
    ("name", "changes", "folders", "answers"),
    [
        ("small-single", ["task.last_n=4"], ["N2", "N3", "N4"], {"N2": (2,), "N4": (4,)}),
        (
            "small-sliding",
            ["task.last_n=7"],
            ["N2-N5", "N4-N7"],
            {"N2-N5": (2, 3, 4, 5), "N4-N7": (4, 5, 6, 7)},
        ),
        ("small-direct", [], ["N5"], {"N5": (5,)}),
        ("small-match", ["task.last_n=3"], ["N2", "N2-N3"], {}),
    ],
)
def test_every_curriculum_runs_to_its_end(tiny, tmp_path, name, changes, folders, answers):
    result = train(tiny(name, GUESSING, "training.epochs=9", *changes), tmp_path / "run")
    assert "is solved" in result.stopped
    assert sorted(path.name for path in (tmp_path / "run" / "stages").iterdir()) == folders
    for folder, wanted in answers.items():
        assert load_model(tmp_path / "run" / "stages" / folder).answers == wanted


def test_unsolved_run_keeps_the_most_accurate_network(tiny, tmp_path):
    result = train(tiny("small-direct"), tmp_path / "run")
    rows = read_history(tmp_path / "run")
    accuracies = [row["validation_accuracy"] for row in rows]
    assert result.stopped == "" and result.best_epoch == 1 + accuracies.index(max(accuracies))
    assert not (tmp_path / "run" / "stages").exists()


def test_curriculum_waits_for_an_evaluation(tiny, tmp_path):
    train(tiny("small-multi", GUESSING, "training.evaluate_every=2"), tmp_path / "run")
    assert [row["largest_n"] for row in read_history(tmp_path / "run")] == [2, 2, 3, 3]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"last_n": 12}, "this curriculum needs 11 heads, but the network has 10: head 10 does not exist"),
        ({"threshold": 1.0}, "threshold must be a share above 0 and below 1, received 1.0"),
        ({"curriculum": "cumulative"}, "curriculum must be one of"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        make_task(**options)


def test_other_networks_samples_and_augmentations_are_refused():
    stream, model = memory_stream("train"), create_model("timescale/leaky-small", units=4)
    with pytest.raises(ValueError, match="Linear has no readout heads; train a network such as timescale/leaky-small"):
        MemoryTask(TaskContext(torch.nn.Linear(2, 2), stream))
    with pytest.raises(ValueError, match="TensorSamples cannot; set data.kind to timescale/memory"):
        MemoryTask(TaskContext(model, TensorSamples({"x": torch.zeros(2, 3, 1)})))
    with pytest.raises(ValueError, match="leave \\[augmentation\\] out"):
        MemoryTask(TaskContext(model, stream, augmentation=lambda x, generator: x))
