"""What is trained on: stored samples or generated batches, and the order in which an epoch sees them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

Batch = dict[str, Tensor]


@runtime_checkable
class Samples(Protocol):
    """Stored samples: deterministic, in a fixed order; shuffling is the engine's.

    A labelled set also has ``n_classes`` (int), and ``class_names`` where they have names. ``model_options``, where there
    are some, are options that a network for these samples must be built with, such as the scale of its inputs, and
    ``class_options`` those of a network that tells their classes, such as how many there are.
    """

    def __len__(self) -> int:
        """Number of samples."""

    def batch(self, rows: Sequence[int]) -> Batch:
        """Samples of these rows: ``"x"`` ``(sample, *input shape)``, and ``"label"`` ``(sample,)`` int64 where labelled."""


@runtime_checkable
class Stream(Protocol):
    """Generated samples: as many as are asked for, decided by the generator alone."""

    def draw(self, n: int, generator: torch.Generator) -> Batch:
        """``n`` samples, with the keys that the task reads."""


class TensorSamples:
    """Samples that lie in memory.

    Parameters
    ----------
    tensors
        Name to values, the first axis being the sample; ``"x"`` and, where labelled, ``"label"``.
    n_classes
        Number of classes; None without labels.

    Raises
    ------
    ValueError
        If there is no ``"x"``, or the tensors differ in their number of samples.
    """

    def __init__(self, tensors: Mapping[str, Tensor], *, n_classes: int | None = None) -> None:
        lengths = {name: len(values) for name, values in tensors.items()}
        if "x" not in lengths or len(set(lengths.values())) != 1:
            raise ValueError(f"tensors must hold 'x', and all the same number of samples, received {lengths}.")
        self.tensors, self.n_classes = dict(tensors), n_classes

    def __len__(self) -> int:
        return len(self.tensors["x"])

    def batch(self, rows: Sequence[int]) -> Batch:
        """Samples of these rows."""
        chosen = torch.as_tensor(rows, dtype=torch.long)
        return {name: values[chosen] for name, values in self.tensors.items()}


def step_seed(seed: int, epoch: int, step: int, part: int = 0) -> int:
    """Seed of one step: nothing random in a run depends on what came before, so a run resumes to the bit.

    Parameters
    ----------
    seed
        Of the run.
    epoch, step
        From 0.
    part
        Tells draws within a step apart.

    Returns
    -------
    int
        From 0 to 2**32 - 1.
    """
    value = seed
    for word in (epoch, step, part):
        # The finaliser of MurmurHash3 (public domain): neighbouring steps get unrelated seeds.
        value = (value * 0x9E3779B1 + word + 1) & 0xFFFFFFFF
        value = ((value ^ value >> 16) * 0x85EBCA6B) & 0xFFFFFFFF
        value = ((value ^ value >> 13) * 0xC2B2AE35) & 0xFFFFFFFF
        value ^= value >> 16
    return value


def epoch_rows(n: int, batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """Shuffled rows of one epoch in whole batches; what is left over is dropped, other samples each epoch.

    Parameters
    ----------
    n
        Number of samples.
    batch_size
        Samples per batch.
    seed, epoch
        Decide the order.

    Returns
    -------
    list of list of int
        ``n // batch_size`` batches.

    Raises
    ------
    ValueError
        If there is not one whole batch.
    """
    if n < batch_size:
        raise ValueError(f"training.batch_size is {batch_size}, but there are {n} training samples; lower it.")
    order = torch.randperm(n, generator=torch.Generator().manual_seed(step_seed(seed, epoch, 0))).tolist()
    return [order[start : start + batch_size] for start in range(0, n - batch_size + 1, batch_size)]


def evaluation_rows(n: int, batch_size: int, minimum: int = 1) -> list[list[int]]:
    """Every row once, in order; a rest smaller than ``minimum`` joins the batch before it.

    Raises
    ------
    ValueError
        If there are fewer samples than ``minimum``.
    """
    if n < minimum:
        raise ValueError(f"an evaluation needs at least {minimum} samples, received {n}; add validation samples.")
    rows = [list(range(start, min(start + batch_size, n))) for start in range(0, n, batch_size)]
    if len(rows[-1]) < minimum:
        rest = rows.pop()
        rows[-1] += rest
    return rows


class _Batches(Dataset):
    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def __getitem__(self, rows: list[int]) -> Batch:
        batch = dict(self.samples.batch(rows))
        check_labels(batch, rows, getattr(self.samples, "n_classes", None))
        return batch


def stored_batches(
    samples: Samples, rows: Sequence[list[int]], device: torch.device, *, workers: int = 0
) -> Iterator[Batch]:
    """Read batches, ahead in other processes if asked for, and bring them to the device.

    Parameters
    ----------
    samples
        Where the rows are read.
    rows
        Of each batch.
    device
        Where the batches are needed.
    workers
        Processes that read; 0 reads in this one.

    Yields
    ------
    dict of str to Tensor
        In the order of ``rows``.
    """
    loader = DataLoader(
        _Batches(samples),
        batch_size=None,
        sampler=rows,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        generator=torch.Generator().manual_seed(0),  # else the loader draws from the global state
    )
    for batch in loader:
        yield {name: values.to(device, non_blocking=True) for name, values in batch.items()}


class _Draws(Dataset):
    def __init__(self, stream: Stream, n: int, seeds: Sequence[int], share: slice) -> None:
        self.stream, self.n, self.seeds, self.share = stream, n, seeds, share

    def __getitem__(self, step: int) -> Batch:
        return stream_batch(self.stream, self.n, self.seeds[step], self.share, torch.device("cpu"))


def stream_batches(
    stream: Stream, n: int, seeds: Sequence[int], share: slice, device: torch.device, *, workers: int = 0
) -> Iterator[Batch]:
    """Generated batches, one per seed, drawn ahead in other processes if asked for.

    Parameters
    ----------
    stream
        What is drawn from.
    n
        Samples of each batch, of which this process keeps its share.
    seeds
        Of each batch.
    share
        Rows that are kept.
    device
        Where the batches are needed.
    workers
        Processes that draw; 0 draws in this one. The batches are the same.

    Yields
    ------
    dict of str to Tensor
        In the order of ``seeds``.
    """
    if workers == 0 and device.type != "cuda":
        # A loader in this process, with no memory to pin, would cost a small network a tenth of its time.
        for seed in seeds:
            yield stream_batch(stream, n, seed, share, device)
        return
    loader = DataLoader(
        _Draws(stream, n, seeds, share),
        batch_size=None,
        sampler=range(len(seeds)),
        num_workers=workers,
        pin_memory=device.type == "cuda",
        generator=torch.Generator().manual_seed(0),  # else the loader draws from the global state
    )
    for batch in loader:
        yield {name: values.to(device, non_blocking=True) for name, values in batch.items()}


def stream_batch(stream: Stream, n: int, seed: int, share: slice, device: torch.device) -> Batch:
    """One generated batch, of which this process keeps its share: the same samples over however many processes."""
    batch = stream.draw(n, torch.Generator().manual_seed(seed))
    check_labels(batch, range(n), getattr(stream, "n_classes", None))
    return {name: values[share].to(device) for name, values in batch.items()}


def check_labels(batch: Mapping[str, Tensor], rows: Sequence[int], n_classes: int | None) -> None:
    """Labels must be whole numbers below the number of classes.

    Raises
    ------
    ValueError
        Naming the first label that is not, and its sample.
    """
    if n_classes is None or "label" not in batch:
        return
    labels = batch["label"]
    wrong = (labels < 0) | (labels >= n_classes)
    if bool(wrong.any()):
        place = int(wrong.flatten().nonzero()[0]) // max(labels[0].numel(), 1)
        value = int(labels[wrong][0])
        raise ValueError(
            f"sample {rows[place]} has the label {value}; labels must be from 0 to {n_classes - 1} for {n_classes} "
            "classes, so mend the labels or the number of classes."
        )
