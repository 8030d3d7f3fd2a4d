"""How well predictors tell spikes: log-likelihood per spike and correlation, with intervals over time and a shift null."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ..folds import Fold
from ..inference import bootstrap_weights, draw_interval, fold_factor, small_sample_factor
from .encoding_options import EncodingOptions
from .fold_correlation import fold_correlations, fold_of_bins, shifted_fold_correlations
from .shifts import shift_p
from .spike_series import SpikeSeries

if TYPE_CHECKING:
    import pandas as pd

NO_R = "no r: the prediction is constant within every fold"
NO_CEILING = "none, because no stimulus was repeated: how much of the spikes any model could predict is unknown"


@dataclass(frozen=True, eq=False)
class Prediction:
    """What one predictor expects in the test bins.

    Attributes
    ----------
    name
        Of the predictor.
    gain
        ``(presentation, bin)`` log-likelihood of the spikes minus that under the constant rate of the training bins [nat].
    expected
        ``(presentation, bin)`` expected spikes.
    alpha
        ``(fold,)`` ridge that was chosen; NaN where nothing was fitted.
    bin_ms
        Bins of the likelihood.
    knows_spikes
        Whether the neuron's own past spikes are an input.
    """

    name: str
    gain: np.ndarray
    expected: np.ndarray
    alpha: np.ndarray
    bin_ms: float
    knows_spikes: bool


@dataclass(frozen=True, eq=False, repr=False)
class AfferentScore:
    """Predictors of one neuron's spikes, side by side.

    Attributes
    ----------
    data
        Along ``predictor``: ``bits_per_spike`` (gain in log-likelihood over a constant rate fitted to the training bins, per
        spike) and ``r`` (predicted and observed spikes in bins of ``r_bin_ms``, both without their mean in the fold, see
        `alignment.afferents.fold_correlation`; NaN where a prediction is constant in every fold), each with ``_low`` and
        ``_high`` (95 % interval over chunks of time) and ``_draws``; ``r_p`` (share of all circular shifts with such an r)
        and ``r_shifted`` (95 % quantile of r over the shifts), NaN where own spikes are an input; ``fold_bits`` and
        ``alpha`` per fold; ``bin_ms``. Beside them ``predicted`` and ``observed`` spikes ``(presentation, r_bin)``.
    """

    data: xr.Dataset

    @property
    def predictors(self) -> list[str]:
        """Names of the predictors."""
        return [str(name) for name in self.data["predictor"].values]

    def over(self, first: str, second: str) -> dict[str, float]:
        """Bits per spike of one predictor minus those of another, on the same draws: ``difference``, ``low``, ``high``."""
        pair = [self.data.sel(predictor=name) for name in (first, second)]
        value = float(pair[0]["bits_per_spike"] - pair[1]["bits_per_spike"])
        draws = (pair[0]["bits_per_spike_draws"] - pair[1]["bits_per_spike_draws"]).values
        low, high = draw_interval(draws, value, factor=float(self.data.attrs["factor"]))
        return {"difference": value, "low": float(low), "high": float(high)}

    def table(self) -> "pd.DataFrame":
        """One row per predictor, without draws."""
        names = [f"{what}{part}" for what in ("bits_per_spike", "r") for part in ("", "_low", "_high")]
        return self.data[[*names, "r_p", "bin_ms"]].to_dataframe()[[*names, "r_p", "bin_ms"]]

    def __repr__(self) -> str:
        facts = self.data.attrs
        lines = [f"{facts['dataset']}: {facts['n_spikes']} spikes; {facts['split']}"]
        for name, row in self.table().iterrows():
            bits = (
                f"{row.bits_per_spike:+.3f} bits/spike [{row.bits_per_spike_low:+.3f}, {row.bits_per_spike_high:+.3f}]"
            )
            shifts = "" if np.isnan(row.r_p) else f"  p over shifts {row.r_p:.2g}"
            r = f"r {row.r:.3f} [{row.r_low:.3f}, {row.r_high:.3f}]" if np.isfinite(row.r) else NO_R
            lines.append(f"  {name!s:18s} {bits}  {r}{shifts}")
        return "\n".join([*lines, f"  ceiling: {facts['ceiling']}"])


def score_predictions(
    series: SpikeSeries, folds: Sequence[Fold], predictions: Sequence[Prediction], options: EncodingOptions
) -> AfferentScore:
    """Measure predictors on the test bins of all folds together.

    Parameters
    ----------
    series
        Signal and spikes.
    folds
        Rows of bins; every bin is tested once.
    predictions
        At least one.
    options
        Chunks, bins of the correlation, draws.

    Raises
    ------
    ValueError
        If the recording is a single chunk, or some bin is never tested.
    """
    counts = series.counts
    n_presentations, n_bins = counts.shape
    if not all(np.isfinite(one.gain).all() for one in predictions):
        raise ValueError("every bin must be tested in one fold, and expected spikes be positive; use another split.")
    n_chunks = max(1, int(n_bins * series.bin_s * 1000 / options.chunk_ms))
    n_pooled = max(1, round(options.r_bin_ms / 1000 / series.bin_s))
    if n_presentations * n_chunks < 2:
        raise ValueError(f"{series.name} is one chunk of {options.chunk_ms:g} ms; an interval needs several: use less.")
    weights = bootstrap_weights(n_presentations * n_chunks, None, options.n_boot, options.seed)
    factor = fold_factor(counts.size, float(np.mean([len(fold.train) for fold in folds])))
    factor *= small_sample_factor(n_presentations * n_chunks)

    observed = _pooled(counts, n_pooled)
    predicted = np.stack([_pooled(one.expected, n_pooled) for one in predictions])
    fold = fold_of_bins(folds, counts.shape, n_pooled).ravel()
    shifts = [
        np.full(1, np.nan) if one.knows_spikes else shifted_fold_correlations(expected.ravel(), observed.ravel(), fold)
        for one, expected in zip(predictions, predicted, strict=True)
    ]
    along = "predictor"
    measured: dict[str, object] = {}
    for name, (values, draws) in (
        ("bits_per_spike", _bits_per_spike([one.gain for one in predictions], counts, weights)),
        ("r", _correlations(predicted, observed, fold, weights)),
    ):
        low, high = draw_interval(draws, values, factor=factor)
        measured |= {name: (along, values), f"{name}_low": (along, low), f"{name}_high": (along, high)}
        measured[f"{name}_draws"] = ((along, "boot"), draws.T)
    dataset = xr.Dataset(
        measured
        | {
            "r_p": (along, [shift_p(one) for one in shifts]),
            "r_shifted": (along, [float(np.quantile(one, 0.95)) for one in shifts]),
            "fold_bits": ((along, "fold"), [[_bits(one.gain, counts, fold) for fold in folds] for one in predictions]),
            "alpha": ((along, "fold"), [one.alpha for one in predictions]),
            "bin_ms": (along, [one.bin_ms for one in predictions]),
            "predicted": ((along, "presentation", "r_bin"), predicted),
            "observed": (("presentation", "r_bin"), observed),
        },
        coords={
            along: [one.name for one in predictions],
            "time_ms": ("r_bin", np.arange(observed.shape[1]) * n_pooled * series.bin_s * 1000),
        },
        attrs={
            "dataset": series.name,
            "split": options.split.describe(),
            "n_spikes": int(counts.sum()),
            "r_bin_ms": n_pooled * series.bin_s * 1000,
            "ceiling": NO_CEILING,
            "factor": factor,
            "seed": options.seed,
        },
    )
    return AfferentScore(dataset)


def _bits_per_spike(
    gains: Sequence[np.ndarray], counts: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Values ``(predictor,)`` and draws ``(boot, predictor)`` of the gain per spike, over weighted chunks."""
    n_chunks = weights.shape[1] // len(counts)
    gain = np.stack([_per_chunk(one, n_chunks) for one in gains], axis=1) / np.log(2)
    spikes = _per_chunk(counts, n_chunks)
    with np.errstate(invalid="ignore", divide="ignore"):
        return gain.sum(axis=0) / spikes.sum(), weights @ gain / (weights @ spikes)[:, None]


def _correlations(
    predicted: np.ndarray, observed: np.ndarray, fold: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Values ``(predictor,)`` and draws ``(boot, predictor)`` of r over all bins, weighted by chunk."""
    chunk = _chunk_of(observed.shape, weights.shape[1] // len(observed)).ravel()
    every = np.concatenate([np.ones((1, weights.shape[1])), weights])
    found = [fold_correlations(one.ravel(), observed.ravel(), fold, chunk, every) for one in predicted]
    r = np.stack(found, axis=1)
    return r[0], r[1:]


def _chunk_of(shape: tuple[int, ...], n_chunks: int) -> np.ndarray:
    """Number of the chunk of each bin ``(presentation, bin)``; every presentation has ``n_chunks`` of nearly equal length."""
    return np.arange(shape[0])[:, None] * n_chunks + np.arange(shape[1]) * n_chunks // shape[1]


def _per_chunk(values: np.ndarray, n_chunks: int) -> np.ndarray:
    """Sums ``(chunk,)`` over bins ``(presentation, bin)``."""
    return np.bincount(_chunk_of(values.shape, n_chunks).ravel(), weights=values.ravel())


def _pooled(values: np.ndarray, n_pooled: int) -> np.ndarray:
    """Sums over ``n_pooled`` neighbouring bins ``(presentation, bin)``; an incomplete last one is cut off."""
    n_bins = values.shape[1] // n_pooled
    return np.asarray(values[:, : n_bins * n_pooled].reshape(len(values), n_bins, n_pooled).sum(axis=2))


def _bits(gain: np.ndarray, counts: np.ndarray, fold: Fold) -> float:
    """Bits per spike of one fold; NaN without spikes."""
    spikes = counts.ravel()[fold.test].sum()
    return float(gain.ravel()[fold.test].sum() / spikes / np.log(2)) if spikes else float("nan")
