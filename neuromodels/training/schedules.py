"""Learning-rate schedules: one value per epoch, held for the whole epoch."""

import inspect
import math
from collections.abc import Callable
from typing import Any


def constant(epochs: int, base: float) -> list[float]:
    """lr(e) = base.

    Parameters
    ----------
    epochs
        Number of epochs, at least 1.
    base
        Learning rate, at least 0.

    Returns
    -------
    list of float
        One learning rate per epoch.

    Raises
    ------
    ValueError
        If a number is outside its range.
    """
    _check(epochs, base)
    return [base] * epochs


def step_decay(epochs: int, base: float, *, every: int = 30, factor: float = 0.1) -> list[float]:
    """lr(e) = base factor^floor(e / every).

    Parameters
    ----------
    epochs
        Number of epochs, at least 1.
    base
        Learning rate of the first epochs, at least 0.
    every
        Epochs between two drops, at least 1.
    factor
        The learning rate is multiplied by it at each drop, above 0 and at most 1.

    Returns
    -------
    list of float
        One learning rate per epoch.

    Raises
    ------
    ValueError
        If a number is outside its range.
    """
    _check(epochs, base)
    if every < 1:
        raise ValueError(f"every must be at least 1 epoch, received {every}; use the constant schedule for no drops.")
    if not 0 < factor <= 1:
        raise ValueError(f"factor must be above 0 and at most 1, received {factor}; 0.1 divides by ten.")
    return [base * factor ** (epoch // every) for epoch in range(epochs)]


def cosine_with_warmup(epochs: int, base: float, *, warmup: int | None = None) -> list[float]:
    """lr(e) = base e / w for e < w; then base (1 + cos(pi (e - w) / (epochs - w))) / 2.

    Where there is a warm-up, the learning rate of the first epoch is 0: nothing is learned in it.

    Parameters
    ----------
    epochs
        Number of epochs, at least 1.
    base
        Learning rate of epoch w, the largest; at least 0.
    warmup
        Epochs w of the warm-up, from 0 to ``epochs - 1``; None for ``epochs // 4``.

    Returns
    -------
    list of float
        One learning rate per epoch.

    Raises
    ------
    ValueError
        If a number is outside its range.

    References
    ----------
    Loshchilov & Hutter 2017, arXiv 1608.03983, without restarts.
    """
    warm = epochs // 4 if warmup is None else warmup
    _check(epochs, base, warm)
    return [
        base * epoch / warm if epoch < warm else base * _half_cosine((epoch - warm) / (epochs - warm))
        for epoch in range(epochs)
    ]


def cosine_annealing_with_warmup(
    epochs: int, base: float, *, warmup: int = 10, start_ratio: float = 1e-4, minimum: float = 0.0
) -> list[float]:
    """Warm-up that starts above 0, then half a cosine that ends at its minimum.

    lr(e) = base (1 - (1 - (e + 1) / w) (1 - r)) for e < w; then
    lr(e) = m + (base - m) (1 + cos(pi (e + 1 - w) / (epochs - w))) / 2.

    The last epoch has the learning rate m, so with m = 0 nothing is learned in it.

    Parameters
    ----------
    epochs
        Number of epochs, at least 1.
    base
        Largest learning rate, that of the last epoch of the warm-up; at least 0.
    warmup
        Epochs w of the warm-up, from 0 to ``epochs - 1``.
    start_ratio
        Share r of ``base`` from which the warm-up rises, 0 to 1.
    minimum
        Learning rate m at the end, 0 to ``base``.

    Returns
    -------
    list of float
        One learning rate per epoch.

    Raises
    ------
    ValueError
        If a number is outside its range.

    References
    ----------
    Loshchilov & Hutter 2017, arXiv 1608.03983, without restarts.
    """
    _check(epochs, base, warmup)
    if not 0 <= start_ratio <= 1:
        raise ValueError(f"start_ratio must be from 0 to 1, received {start_ratio}; it is a share of base.")
    if not 0 <= minimum <= base:
        raise ValueError(f"minimum must be from 0 to base = {base}, received {minimum}; lower it.")
    return [
        base * (1 - (1 - (epoch + 1) / warmup) * (1 - start_ratio))
        if epoch < warmup
        else minimum + (base - minimum) * _half_cosine((epoch + 1 - warmup) / (epochs - warmup))
        for epoch in range(epochs)
    ]


def one_cycle(
    epochs: int,
    base: float,
    *,
    rise: float = 0.05,
    start_divisor: float = 25.0,
    end_divisor: float = 1e4,
    beyond: int = 0,
) -> list[float]:
    """Up from base / start_divisor to base in a share of the epochs, then down to start / end_divisor, in straight lines.

    With n the epochs of the cycle and p = rise n - 1, at least 0, the largest learning rate is reached at epoch p, which
    need be no whole number; the last epoch of the cycle has the smallest.

    Parameters
    ----------
    epochs
        Number of epochs, at least 2.
    base
        Largest learning rate, at least 0.
    rise
        Share of the cycle in which the learning rate rises, above 0 and below 1.
    start_divisor, end_divisor
        At least 1.
    beyond
        Epochs of the cycle that come after training, 0 or more: n = epochs + beyond.

    Returns
    -------
    list of float
        One learning rate per epoch.

    Raises
    ------
    ValueError
        If a number is outside its range.

    References
    ----------
    Smith & Topin 2017, arXiv 1708.07120, with lines as in the published training of Sun et al. 2025.
    """
    _check(epochs, base)
    if epochs < 2:
        raise ValueError(f"a cycle needs at least 2 epochs, received {epochs}; use the constant schedule for one.")
    if not 0 < rise < 1:
        raise ValueError(f"rise must be above 0 and below 1, received {rise}; 0.05 is a twentieth of the epochs.")
    for name, divisor in (("start_divisor", start_divisor), ("end_divisor", end_divisor)):
        if not 1 <= divisor < math.inf:
            raise ValueError(f"{name} must be at least 1, received {divisor}; 1 changes nothing.")
    if beyond < 0:
        raise ValueError(f"beyond must be 0 or more epochs, received {beyond}; 0 ends the cycle with the training.")
    start, last = base / start_divisor, epochs + beyond - 1
    peak = max(rise * (epochs + beyond) - 1, 0.0)
    end = start / end_divisor
    return [
        _between(start, base, epoch / peak) if epoch < peak else _between(base, end, (epoch - peak) / (last - peak))
        for epoch in range(epochs)
    ]


_SCHEDULES: dict[str, Callable[..., list[float]]] = {
    "constant": constant,
    "cosine": cosine_with_warmup,
    "cosine_annealing": cosine_annealing_with_warmup,
    "one_cycle": one_cycle,
    "step": step_decay,
}


def list_schedules() -> list[str]:
    """Names that `learning_rates` takes."""
    return sorted(_SCHEDULES)


def schedule_options(name: str) -> list[str]:
    """Keywords that a schedule takes beside epochs and base.

    Parameters
    ----------
    name
        One of `list_schedules`.
    """
    return list(inspect.signature(_SCHEDULES[name]).parameters)[2:]


def learning_rates(name: str, epochs: int, base: float, **options: Any) -> list[float]:
    """Values of a schedule that is chosen by name.

    Parameters
    ----------
    name
        ``"constant"``, ``"cosine"`` (with warm-up), ``"cosine_annealing"`` (with warm-up), ``"one_cycle"`` or ``"step"``.
    epochs
        Number of epochs, at least 1.
    base
        Largest learning rate, at least 0.
    **options
        Keywords of the schedule's own function.

    Returns
    -------
    list of float
        One learning rate per epoch.

    Raises
    ------
    ValueError
        If there is no such schedule, or a number is outside its range.
    TypeError
        If the schedule has no such option.
    """
    if name not in _SCHEDULES:
        raise ValueError(f"there is no schedule {name!r}; choose one of {', '.join(list_schedules())}.")
    return _SCHEDULES[name](epochs, base, **options)


def _half_cosine(progress: float) -> float:
    """From 1 at progress 0 to 0 at progress 1."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def _between(first: float, last: float, progress: float) -> float:
    return (1 - progress) * first + progress * last


def _check(epochs: int, base: float, warmup: int = 0) -> None:
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, received {epochs}; a schedule has one value per epoch.")
    if not 0 <= base < math.inf:
        raise ValueError(f"base must be a finite learning rate of at least 0, received {base}; 0.1 is one.")
    if not 0 <= warmup < epochs:
        raise ValueError(f"warmup must be from 0 to epochs - 1 = {epochs - 1}, received {warmup}; shorten the warm-up.")
