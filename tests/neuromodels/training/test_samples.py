"""Samples: order of an epoch, evaluation batches, seeds of steps, labels out of range."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuromodels.training.samples import (
    Samples,
    Stream,
    TensorSamples,
    check_labels,
    epoch_rows,
    evaluation_rows,
    step_seed,
    stored_batches,
    stream_batch,
    stream_batches,
)

CPU = torch.device("cpu")


@given(st.integers(1, 50), st.integers(1, 10), st.integers(0, 2**32 - 1), st.integers(0, 99))
def test_epoch_has_whole_batches_of_different_rows(n, batch_size, seed, epoch):
    if n < batch_size:
        with pytest.raises(
            ValueError, match=f"batch_size is {batch_size}, but there are {n} training samples; lower it"
        ):
            epoch_rows(n, batch_size, seed, epoch)
        return
    rows = epoch_rows(n, batch_size, seed, epoch)
    assert len(rows) == n // batch_size
    assert all(len(batch) == batch_size for batch in rows)
    flat = sum(rows, [])
    assert len(set(flat)) == len(flat)
    assert set(flat) <= set(range(n))


def test_epochs_and_seeds_have_orders_of_their_own():
    orders = [tuple(sum(epoch_rows(50, 5, seed, epoch), [])) for seed in range(3) for epoch in range(3)]
    assert len(set(orders)) == 9
    assert epoch_rows(50, 5, 1, 2) == epoch_rows(50, 5, 1, 2)


@given(st.integers(2, 60), st.integers(2, 16), st.integers(1, 2))
def test_evaluation_reads_every_row_once_and_no_batch_is_too_small(n, batch_size, minimum):
    rows = evaluation_rows(n, batch_size, minimum)
    assert sum(rows, []) == list(range(n))
    assert min(map(len, rows)) >= minimum


def test_evaluation_without_enough_samples_says_so():
    with pytest.raises(ValueError, match="at least 2 samples, received 1"):
        evaluation_rows(1, 4, minimum=2)


def test_step_seeds_are_all_different_and_in_range():
    seeds = {
        step_seed(seed, epoch, step, part)
        for seed in range(4)
        for epoch in range(10)
        for step in range(30)
        for part in range(4)
    }
    assert len(seeds) >= 4 * 10 * 30 * 4 - 2  # among 2**32, 4,800 values collide with probability 0.003
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_step_seeds_look_uniform():
    values = torch.tensor([step_seed(0, 0, step) for step in range(4000)], dtype=torch.double) / 2**32
    assert abs(float(values.mean()) - 0.5) < 0.02
    assert abs(float(values.var()) - 1 / 12) < 0.005
    assert abs(float(torch.corrcoef(torch.stack([values[:-1], values[1:]]))[0, 1])) < 0.06


def test_tensors_must_agree_in_length():
    with pytest.raises(ValueError, match="must hold 'x', and all the same number"):
        TensorSamples({"x": torch.zeros(3), "label": torch.zeros(4)})
    with pytest.raises(ValueError, match="must hold 'x'"):
        TensorSamples({"y": torch.zeros(3)})


def test_protocols_know_what_is_what(toy):
    assert isinstance(toy.blobs("train"), Samples)
    assert not isinstance(toy.blobs("train"), Stream)
    assert isinstance(toy.Trials(), Stream)


@pytest.mark.enable_socket  # processes that read hand tensors over through a socket of this machine
@pytest.mark.parametrize("workers", [0, 1])
def test_stored_batches_are_the_rows_asked_for(toy, workers):
    samples = toy.blobs("train")
    state = torch.get_rng_state()
    rows = [[3, 1, 2], [31, 0, 4]]
    batches = list(stored_batches(samples, rows, CPU, workers=workers))
    for chosen, batch in zip(rows, batches, strict=True):
        assert torch.equal(batch["x"], samples.tensors["x"][chosen])
        assert torch.equal(batch["label"], samples.tensors["label"][chosen])
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.enable_socket
@pytest.mark.parametrize("workers", [0, 1])
def test_streams_are_drawn_ahead_to_the_same_bits(toy, workers):
    state = torch.get_rng_state()
    batches = list(stream_batches(toy.Trials(), 8, [5, 6, 7], slice(2, 5), CPU, workers=workers))
    for seed, batch in zip([5, 6, 7], batches, strict=True):
        for name, values in stream_batch(toy.Trials(), 8, seed, slice(2, 5), CPU).items():
            assert torch.equal(batch[name], values)
    assert torch.equal(torch.get_rng_state(), state)


def test_stream_gives_the_same_samples_over_any_number_of_processes(toy):
    whole = stream_batch(toy.Trials(), 8, 5, slice(None), CPU)
    parts = [stream_batch(toy.Trials(), 8, 5, slice(start, start + 4), CPU) for start in (0, 4)]
    for name, values in whole.items():
        assert torch.equal(values, torch.cat([part[name] for part in parts]))


@pytest.mark.parametrize(("value", "place"), [(4, 2), (-1, 0)])
def test_label_out_of_range_is_named_with_its_sample(value, place):
    labels = torch.tensor([0, 1, 2, 3])
    labels[place] = value
    rows = [10, 11, 12, 13]
    words = f"sample {rows[place]} has the label {value}; labels must be from 0 to 3 for 4 classes"
    with pytest.raises(ValueError, match=words):
        check_labels({"label": labels}, rows, 4)


def test_labels_in_range_and_samples_without_labels_pass():
    check_labels({"label": torch.arange(4)}, range(4), 4)
    check_labels({"x": torch.zeros(2)}, range(2), 4)
    check_labels({"label": torch.tensor([99])}, range(1), None)
