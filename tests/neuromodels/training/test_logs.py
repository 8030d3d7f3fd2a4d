"""Table, learning curve and event files of a run."""

import struct

import pytest

from neuromodels.training import plot_learning_curve, read_history, train
from neuromodels.training.logs import Events, save_learning_curve, write_history

HISTORY = [
    {"epoch": 0.0, "train_loss": 2.0, "seconds": 1.0},
    {"epoch": 1.0, "train_loss": 1.5, "validation_loss": 1.75, "validation_top1": 0.5, "seconds": 1.0},
    {
        "epoch": 2.0,
        "train_loss": 1.0,
        "validation_loss": 1.25,
        "validation_top1": 0.75,
        "validation_chance_top1": 0.25,
        "validation_constant_top1": 0.3,
        "seconds": 1.0,
    },
]


def test_table_comes_back_and_is_replaced_as_a_whole(tmp_path):
    write_history(HISTORY, tmp_path)
    assert read_history(tmp_path) == HISTORY
    write_history(HISTORY[:1], tmp_path)
    assert read_history(tmp_path) == HISTORY[:1]
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.csv"]


def test_curve_shows_what_was_measured_and_the_levels():
    import matplotlib.pyplot as plt

    ax = plot_learning_curve(HISTORY, "top1")
    lines = {line.get_label(): line for line in ax.lines}
    assert set(lines) == {"validation", "chance", "constant prediction"}
    assert list(lines["validation"].get_xdata()) == [1.0, 2.0]
    assert list(lines["validation"].get_ydata()) == [0.5, 0.75]
    assert set(lines["chance"].get_ydata()) == {0.25}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "top-1 accuracy")
    plt.close(ax.figure)


def test_run_leaves_table_and_curve(toy_recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("neuromodels.training.run.save_learning_curve", save_learning_curve)
    train(toy_recipe(), tmp_path / "run")
    assert (tmp_path / "run" / "curve.png").stat().st_size > 1000
    history = read_history(tmp_path / "run")
    assert [row["epoch"] for row in history] == [0, 1, 2]
    names = {"lr", "train_loss", "train_top1", "validation_loss", "validation_top1", "validation_top5", "skipped_steps"}
    assert names <= set(history[0])


def test_missing_package_is_named(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"training.tensorboard = true needs .* pip install 'neuromodels\[training\]'"
    ):
        Events(tmp_path, wanted=True)
    Events(tmp_path, wanted=False).add(HISTORY[0])


def records(path):
    """Payloads of an event file: length, its checksum, payload, its checksum."""
    content = path.read_bytes()
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        yield content[12 : 12 + length]
        content = content[16 + length :]


def test_event_files_hold_every_number(toy_recipe, tmp_path):
    pytest.importorskip("tensorboard")
    train(toy_recipe(training={"tensorboard": True}), tmp_path / "run")
    (path,) = (tmp_path / "run" / "tensorboard").iterdir()
    payloads = b"".join(records(path))
    # A tag follows its length, so that chance_top1/validation is not counted.
    for tag in (b"loss/train", b"top1/validation"):
        assert payloads.count(bytes([len(tag)]) + tag) == 3
    value = struct.pack("<f", read_history(tmp_path / "run")[-1]["validation_loss"])
    assert value in payloads
