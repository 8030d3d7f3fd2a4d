"""Scores of all layers and targets beside their values under every permutation of the stimuli."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import xarray as xr

from data.atomic import write_netcdf

from ..inference.multiple import max_statistic
from ..inference.permutation import permutation_p
from ..inference.resampling import bootstrap_weights, draw_interval, small_sample_factor
from ..inference.selection import CorrectedMaximum, corrected_maximum
from .targets import POOLED


@dataclass(frozen=True, eq=False)
class LayerTargetMatrix:
    """Scores of layers against targets, and their null under exchange of the stimuli.

    Attributes
    ----------
    layers, targets
        Names of rows and columns; the target ``"all animals"`` pools the neuroids of all others.
    values
        ``(layer, target)`` scores; NaN where the target is not reliable enough, or the layer does not tell the stimuli apart
        enough, to have one.
    null
        ``(permutation, layer, target)`` scores with the model's stimuli permuted, the same permutation for all layers and
        targets; the first is the observed one where ``exact``.
    exact
        Whether ``null`` holds every permutation.
    score
        What a score is, in words.
    raw, raw_null
        As ``values`` and ``null``, before the correction for noise.
    ceiling
        ``(target,)`` root of the target's reliability: what a model without noise reaches before the correction. Where
        predictions are fitted, the median over neuroids.

    Notes
    -----
    Few stimuli have few dissimilarities, and the best of many layers and animals is high by chance: look at
    `expected_null_maximum` beside any maximum. The test is exact: where stimuli are exchangeable, `p` and `p_corrected` are
    uniform on the multiples of one over the number of permutations, up to ties.
    """

    layers: tuple[str, ...]
    targets: tuple[str, ...]
    values: np.ndarray
    null: np.ndarray
    exact: bool
    score: str
    raw: np.ndarray
    raw_null: np.ndarray
    ceiling: np.ndarray

    @cached_property
    def p(self) -> np.ndarray:
        """``(layer, target)`` share of permutations that score at least as high, each entry by itself; NaN without score."""
        return permutation_p(self.null, self.values, exact=self.exact, alternative="greater")

    @cached_property
    def p_corrected(self) -> np.ndarray:
        """``(layer, target)`` share of permutations whose maximum over the matrix is at least as high; NaN without score."""
        values, null, defined = self._defined
        corrected = np.full(self.values.shape, np.nan)
        corrected[defined] = max_statistic(null, values, exact=self.exact)
        return corrected

    @cached_property
    def maximum(self) -> CorrectedMaximum:
        """The largest score, the mean of the largest under permutation, and its corrected p; index as in `best`."""
        values, null, _ = self._defined
        return corrected_maximum(values, null=null, exact=self.exact)

    @property
    def null_maxima(self) -> np.ndarray:
        """``(permutation,)`` largest entry of the matrix."""
        return np.asarray(self._defined[1].max(axis=1))

    @property
    def best(self) -> tuple[str, str]:
        """Layer and target of the largest score."""
        layer, target = np.argwhere(self._defined[2])[self.maximum.index]
        return self.layers[layer], self.targets[target]

    @property
    def expected_null_maximum(self) -> float:
        """Mean over permutations of the largest score of the matrix: what chance and choice give together."""
        return self.maximum.expected_null_maximum

    @property
    def undefined(self) -> tuple[str, ...]:
        """Targets without any score, because their halves do not agree."""
        nothing = np.isnan(self.values).all(axis=0)
        return tuple(name for name, absent in zip(self.targets, nothing, strict=True) if absent)

    def with_layers(self, layers: Sequence[str]) -> "LayerTargetMatrix":
        """The matrix with rows for these layers, in this order; NaN for those that it does not have."""
        own = {name: row for row, name in enumerate(self.layers)}

        def widened(rows: np.ndarray, axis: int) -> np.ndarray:
            nothing = np.full_like(np.take(rows, 0, axis=axis), np.nan)
            return np.stack([np.take(rows, own[name], axis=axis) if name in own else nothing for name in layers], axis)

        parts = {"values": widened(self.values, 0), "raw": widened(self.raw, 0)}
        parts |= {"null": widened(self.null, 1), "raw_null": widened(self.raw_null, 1)}
        return replace(self, layers=tuple(layers), **parts)  # type: ignore[arg-type]

    def only(self, layers: Sequence[str]) -> "LayerTargetMatrix":
        """The matrix of some of its layers."""
        rows = [self.layers.index(name) for name in layers]
        parts = {"values": self.values[rows], "raw": self.raw[rows]}
        parts |= {"null": self.null[:, rows], "raw_null": self.raw_null[:, rows]}
        return replace(self, layers=tuple(layers), **parts)  # type: ignore[arg-type]

    def over_animals(self, *, n_boot: int = 10_000, seed: int = 0) -> xr.Dataset:
        """Mean score of each layer over animals with its 95 % interval; the pooled target is no animal.

        Animals weigh as the square of their ceilings: a corrected score is off by as much more as the ceiling is lower.

        Parameters
        ----------
        n_boot, seed
            Draws of animals with replacement.

        Returns
        -------
        xarray.Dataset
            ``value``, ``low``, ``high`` along ``layer``; expanded percentile intervals, animals without score left out. NaN
            for a layer without any score.

        Raises
        ------
        ValueError
            For fewer than 2 animals with scores.
        """
        scored = self.values[np.isfinite(self.values).any(axis=1)]
        animals = [
            place
            for place, name in enumerate(self.targets)
            if name != POOLED and len(scored) and np.isfinite(scored[:, place]).all()
        ]
        if len(animals) < 2:
            raise ValueError(
                f"an interval over animals needs at least 2 animals with scores, received {len(animals)} of "
                f"{len(self.targets)} targets; add animals, or report the single scores."
            )
        scores = self.values[:, animals].T
        weight = np.square(self.ceiling[animals])
        drawn = bootstrap_weights(len(animals), None, n_boot, seed) * weight
        draws, mean = drawn @ scores / drawn.sum(axis=1, keepdims=True), weight @ scores / weight.sum()
        low, high = draw_interval(draws, mean, factor=small_sample_factor(len(animals)))
        columns = {"value": mean, "low": low, "high": high}
        return xr.Dataset(
            {name: ("layer", values) for name, values in columns.items()},
            coords={"layer": list(self.layers)},
            attrs={"n_animals": len(animals), "score": self.score},
        )

    def to_dataset(self) -> xr.Dataset:
        """All of it, labelled, for reports and files.

        Returns
        -------
        xarray.Dataset
            ``score``, ``p``, ``p_corrected`` and ``raw`` as ``(layer, target)``, ``null`` and ``raw_null`` as ``(permutation,
            layer, target)``, ``ceiling (target)``.
        """
        entry = ("layer", "target")
        columns = {"score": self.values, "p": self.p, "p_corrected": self.p_corrected, "raw": self.raw}
        variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {name: (entry, one) for name, one in columns.items()}
        for name, null in (("null", self.null), ("raw_null", self.raw_null)):
            variables[name] = (("permutation", *entry), null)
        variables["ceiling"] = (("target",), self.ceiling)
        return xr.Dataset(
            variables,
            coords={"layer": list(self.layers), "target": list(self.targets)},
            attrs={
                "score": self.score,
                "permutations": len(self.null),
                "exact": int(self.exact),
                "expected_null_maximum": self.expected_null_maximum,
            },
        )

    @classmethod
    def from_dataset(cls, content: xr.Dataset) -> "LayerTargetMatrix":
        """The matrix that `to_dataset` described."""
        names = {dim: tuple(str(name) for name in content[dim].values) for dim in ("layer", "target")}
        parts = {name: content[name].values for name in ("null", "raw", "raw_null", "ceiling")}
        return cls(
            names["layer"],
            names["target"],
            content["score"].values,
            exact=bool(content.attrs["exact"]),
            score=str(content.attrs["score"]),
            **parts,
        )

    def save(self, path: str | Path) -> Path:
        """Write `to_dataset` to netCDF, atomically; returns the path."""
        path = Path(path)
        write_netcdf(self.to_dataset(), path)
        return path

    def describe(self) -> str:
        """The maximum, what chance gives, and how p was obtained."""
        found, (layer, target) = self.maximum, self.best
        kind = "all" if self.exact else "random"
        missing = f" No score: {', '.join(self.undefined)}." if self.undefined else ""
        return (
            f"Best of {len(self.layers)} layers and {len(self.targets)} targets: {found.maximum:.3f} ({layer}, {target}); "
            f"under exchange of the stimuli the best is {found.expected_null_maximum:.3f} on average, p = {found.p:.3g} over "
            f"{len(self.null)} permutations ({kind}). {self.score}{missing}"
        )

    @cached_property
    def _defined(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Scores ``(entry,)`` and null ``(permutation, entry)`` of the entries that have one, and which these are."""
        defined = np.isfinite(self.values)
        if not defined.any():
            raise ValueError(
                f"none of {len(self.targets)} targets has a score: the halves of their repetitions do not agree; record more "
                "repetitions or leave out unreliable neuroids."
            )
        null = self.null[:, defined]
        # An entry without a score in some permutation is never the largest there, as it would not be if it were observed.
        return self.values[defined], np.where(np.isfinite(null), null, np.nanmin(null)), defined
