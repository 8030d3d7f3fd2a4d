"""From a signal to spikes: one Poisson regression for every kind of features, cross-validated in blocks of time."""

from collections.abc import Mapping, Sequence

import numpy as np

import data
from data.dataset import NeuralDataset

from ..folds import Fold, inner_folds, inner_groups, make_folds
from .bases import filtered, past_spikes, raised_cosines
from .encoding_options import PRESETS, EncodingOptions
from .encoding_score import AfferentScore, Prediction, score_predictions
from .poisson_glm import PoissonGlm, fit_poisson
from .released import released_rates
from .spike_series import Features, SpikeSeries, spike_series


def score_afferent(
    dataset: str | NeuralDataset,
    features: Features | Mapping[str, Features] | None = None,
    *,
    options: EncodingOptions | None = None,
    neuroid: str | None = None,
) -> AfferentScore:
    """How well features over time predict the spikes of a neuron, beside baselines on the same folds.

    In the order of execution: features of every presentation are computed at the signal's own rate and averaged in bins;
    features and past spikes run through raised cosines, never across presentations; columns are standardised on training
    bins; a Poisson regression with the ridge that predicts best over inner folds of the training bins is fitted; the test
    bins are predicted from features and, where the name says so, from the spikes before the bin.

    Predictors: ``history`` (past spikes only), ``stimulus`` (the signal as ``options.signal_features`` has it), ``stimulus +
    history``; with ``features`` also ``model`` and ``model + history``, or such a pair per name. Where the authors of a
    recording published a model, it stands beside them in its own bins as ``released GLM, in sample``, because it was fitted to
    all of the recording; so that it has a fair rival, ``stimulus + history, in sample`` is fitted to all of the recording too.

    Parameters
    ----------
    dataset
        Registered name, or a dataset of your own; see `spike_series` for what it must hold.
    features
        Function from a signal ``(time,)`` and its rate [Hz] to ``(time, feature)``, or several by name.
    options
        The recording's own by default.
    neuroid
        Which neuron; not needed if there is one.

    Returns
    -------
    AfferentScore
        Log-likelihood per spike against a constant rate, correlation, intervals, null.

    Raises
    ------
    ValueError
        If the dataset or the features do not fit, a name is taken by a baseline, or a fold has no spikes to learn from.
    DataNotAvailableError
        If the recording is not on this machine.

    References
    ----------
    Truccolo et al. 2005, Journal of Neurophysiology 93:1074, equations 1 to 5; Pillow et al. 2008, Nature 454:995.
    """
    opened = data.load_dataset(dataset) if isinstance(dataset, str) else dataset
    options = options or PRESETS.get(opened.name, EncodingOptions())
    series = spike_series(opened, options.bin_ms, neuroid)
    table = series.table()
    folds = make_folds(options.split, table)
    groups = inner_groups(options.split, table)
    inner = [
        inner_folds(fold.train, groups, options.n_inner, number, options.split, table)
        for number, fold in enumerate(folds)
    ]
    rate = constant_rate(series.counts, folds)
    designs = _designs(series, features, options)
    predictions = [_predict(name, design, series, folds, inner, options, rate) for name, design in designs.items()]
    released = released_rates(opened) if isinstance(dataset, str) else None
    if released is not None:
        ours = next(one for one in predictions if one.name == "stimulus + history")
        predictions.append(_in_sample(ours, designs[ours.name], series, rate))
        predictions.append(_given("released GLM, in sample", released, series, folds, rate))
    return score_predictions(series, folds, predictions, options)


def _designs(
    series: SpikeSeries, features: Features | Mapping[str, Features] | None, options: EncodingOptions
) -> Mapping[str, np.ndarray]:
    """Columns ``(bin of all presentations, column)`` of every predictor."""
    bins_per_ms = 0.001 / series.bin_s
    basis = raised_cosines(round(options.stimulus_ms * bins_per_ms), options.n_stimulus_bumps, stretch=2 * bins_per_ms)
    own = raised_cosines(round(options.history_ms * bins_per_ms), options.n_history_bumps, stretch=2 * bins_per_ms)
    history = past_spikes(series.counts, own)
    n_before = 0 if options.rest is None else len(basis)
    given = features if isinstance(features, Mapping) else {} if features is None else {"model": features}
    if taken := {"history", "stimulus"} & set(given):
        raise ValueError(f"features cannot be called {', '.join(sorted(taken))}, as a baseline is; give another name.")
    found = {"history": history}
    for name, compute in {"stimulus": options.signal_features, **given}.items():
        driven = filtered(series.features(compute, n_before, options.rest or 0.0), basis)[:, n_before:]
        found |= {name: driven, f"{name} + history": np.concatenate([driven, history], axis=2)}
    return {name: values.reshape(-1, values.shape[2]) for name, values in found.items()}


def _predict(
    name: str,
    design: np.ndarray,
    series: SpikeSeries,
    folds: Sequence[Fold],
    inner: Sequence[Sequence[Fold]],
    options: EncodingOptions,
    constant: np.ndarray,
) -> Prediction:
    """Fit on the training bins of every fold and predict its test bins."""
    counts = series.counts.ravel()
    log_mean, chosen = np.full(len(counts), np.nan), []
    for fold, parts in zip(folds, inner, strict=True):
        quality = np.zeros(len(options.alphas))
        for part in parts if len(quality) > 1 else ():
            columns, tested = _standardised(design, fold.train[part.train], fold.train[part.test])
            observed = counts[fold.train[part.test]]
            for place, fit in enumerate(_path(columns, counts[fold.train[part.train]], options.alphas)):
                expected = fit.log_mean(tested)
                quality[place] += observed @ expected - np.exp(expected).sum()
        columns, tested = _standardised(design, fold.train, fold.test)
        chosen.append(options.alphas[int(quality.argmax())])
        log_mean[fold.test] = fit_poisson(columns, counts[fold.train], chosen[-1]).log_mean(tested)
    return _fitted(name, log_mean, np.array(chosen), series, constant)


def _in_sample(held_out: Prediction, design: np.ndarray, series: SpikeSeries, constant: np.ndarray) -> Prediction:
    """The same predictor fitted to all bins, with the ridge in the middle of those chosen in the folds."""
    rows = np.arange(len(design))
    alpha = float(np.median(held_out.alpha))
    columns = _standardised(design, rows, rows[:0])[0]
    log_mean = fit_poisson(columns, series.counts.ravel(), alpha).log_mean(columns)
    return _fitted(f"{held_out.name}, in sample", log_mean, np.full(len(held_out.alpha), alpha), series, constant)


def _fitted(
    name: str, log_mean: np.ndarray, alpha: np.ndarray, series: SpikeSeries, constant: np.ndarray
) -> Prediction:
    log_mean = log_mean.reshape(constant.shape)
    gain = series.counts * (log_mean - np.log(constant)) - np.exp(log_mean) + constant
    return Prediction(name, gain, np.exp(log_mean), alpha, 1000 * series.bin_s, "history" in name)


def _given(
    name: str, rates: np.ndarray, series: SpikeSeries, folds: Sequence[Fold], constant: np.ndarray
) -> Prediction:
    """Given rates ``(presentation, time)`` [spikes/s], measured sample by sample; the constant rate is spread evenly."""
    expected = series.pooled(rates / series.rate_hz)
    even = constant[..., None] / series.n_samples
    gain = (series.pooled(series.spikes) * np.log(expected / even) - expected + even).sum(axis=2)
    return Prediction(name, gain, expected.sum(axis=2), np.full(len(folds), np.nan), 1000 / series.rate_hz, True)


def constant_rate(counts: np.ndarray, folds: Sequence[Fold]) -> np.ndarray:
    """Mean count ``(presentation, bin)`` of the training bins of the fold that tests each bin; NaN where none does.

    Raises
    ------
    ValueError
        If the training bins of a fold hold no spike.
    """
    flat, found = counts.ravel(), np.full(counts.size, np.nan)
    for number, fold in enumerate(folds):
        found[fold.test] = flat[fold.train].mean()
        if not found[fold.test[0]] > 0:
            raise ValueError(f"fold {number} has no spike among its {len(fold.train)} training bins; use other folds.")
    return found.reshape(counts.shape)


def _path(columns: np.ndarray, counts: np.ndarray, alphas: tuple[float, ...]) -> list[PoissonGlm]:
    """One fit per ridge, each begun where that of the next larger ridge ended."""
    fits: dict[float, PoissonGlm] = {}
    start = None
    for alpha in sorted(alphas, reverse=True):
        start = fits[alpha] = fit_poisson(columns, counts, alpha, start=start)
    return [fits[alpha] for alpha in alphas]


def _standardised(design: np.ndarray, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Training and test columns with mean 0 and spread 1 over the training bins; columns without spread stay 0."""
    inside = design[train]
    mean, spread = inside.mean(axis=0), inside.std(axis=0)
    spread = np.where(spread > 1e-12 * np.abs(mean), spread, np.inf)
    return (inside - mean) / spread, (design[test] - mean) / spread
