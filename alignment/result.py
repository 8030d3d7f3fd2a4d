"""The `Score`: everything a scoring run found, per layer, fold and neuroid, with where it came from."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from data.atomic import write_netcdf

from .inference.permutation import permutation_p
from .inference.resampling import CI_LEVEL, interval

if TYPE_CHECKING:
    from .layer_target import LayerTargetMatrix

NESTED = "nested"
FORMAT_VERSION = 1


def aggregate(values: np.ndarray, subject: np.ndarray) -> np.ndarray:
    """Median over the neuroids of each subject, then mean over subjects; the last axis is neuroid. NaN is left out."""
    per_subject = []
    for name in np.unique(subject):
        chosen = values[..., subject == name]
        empty = np.isnan(chosen).all(axis=-1)
        filled = np.where(empty[..., None], 0.0, chosen)
        per_subject.append(np.where(empty, np.nan, np.nanmedian(filled, axis=-1)))
    stacked = np.stack(per_subject)
    count = (~np.isnan(stacked)).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, np.nansum(stacked, axis=0) / count, np.nan)


@dataclass(frozen=True)
class Score:
    """Result of scoring one model on one benchmark.

    Attributes
    ----------
    data : xarray.Dataset
        ``raw, alpha, at_edge, inner_r2 (layer, split, neuroid)``; ``ceiling (neuroid)``; ``draws_raw, draws_ceiled
        (layer, boot)``; where labels were permuted ``null_raw (layer, permutation)`` and ``p_neuroid (layer, neuroid)``;
        ``baseline_raw, baseline_alpha, baseline_at_edge (baseline, split, neuroid)``;
        ``baseline_draws_raw, baseline_draws_ceiled (baseline, boot)``. With several layers the last entry along
        ``layer`` is ``nested``: the layer is chosen anew in each fold on its training rows. Where the correction for noise
        depends on the layer, ``corrected (layer, neuroid)`` holds the ceiled scores. A score over layers and animals also
        holds its whole matrix, see `layer_target`.
    headline : str
        The layer whose value stands for the model: the committed one, the only one, or ``nested``.
    normalisation : str
        ``"r/c"``, ``"noise-corrected"`` or ``"none"``.
    ceiling_kind : str
        ``published``, ``split-half``, ..., or ``none``.
    protocol : tuple of str
        What was done, in words, in order.
    warnings : tuple of str
        What a reader must know: leaks, penalties at the edge of the grid, neuroids left out.
    provenance : dict
        Model and revision, benchmark and version, files and their hashes, seeds, versions, date.
    """

    data: xr.Dataset
    headline: str
    normalisation: str
    ceiling_kind: str
    protocol: tuple[str, ...]
    warnings: tuple[str, ...]
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def layers(self) -> list[str]:
        """Layers that were scored, ``nested`` last if there are several."""
        return [str(name) for name in self.data["layer"].values]

    @property
    def baselines(self) -> list[str]:
        """Names of the null models."""
        return [str(name) for name in self.data["baseline"].values]

    @property
    def value(self) -> float:
        """Ceiled score of the headline layer, or its raw score where there is no ceiling. Never clipped."""
        row = self.row(self.headline)
        return row["raw"] if self.normalisation == "none" else row["ceiled"]

    @property
    def ci(self) -> tuple[float, float]:
        """95 % interval of `value`, bootstrap over test presentations (or groups), widened for shared training rows."""
        row = self.row(self.headline)
        prefix = "" if self.normalisation == "none" else "ceiled_"
        return row[f"{prefix}ci_low"], row[f"{prefix}ci_high"]

    @property
    def measure(self) -> str:
        """What the raw number is: ``Pearson r``, ``cosine`` (of what tells sequences apart), ``RSA``, ``CKA``."""
        return str(self.provenance.get("measure", "Pearson r"))

    @property
    def fitted(self) -> bool:
        """Whether a mapping was fitted, so that there is a number per neuroid; similarities have one per subject."""
        return self.measure in ("Pearson r", "cosine")

    @property
    def symbol(self) -> str:
        """The same in a word for tables and axes."""
        return "r" if self.measure == "Pearson r" else self.measure

    @property
    def _origin(self) -> str:
        seed = self.provenance.get("model_seed")
        return ("" if seed is None else f", seed {seed}") + (
            " (SYNTHETIC data)" if self.provenance.get("synthetic") else ""
        )

    @property
    def ceiling(self) -> float:
        """Aggregate ceiling; NaN if there is none.

        A computed ceiling that is not positive counts as 0 in the median: leaving out the least reliable neuroids would
        make the rest look like all.
        """
        values = self.data["ceiling"].values
        if self.ceiling_kind not in ("none", "published") and np.isfinite(values).any():
            values = np.nan_to_num(values)
        return float(aggregate(values, self._subject))

    @property
    def _upper(self) -> dict[str, float]:
        """Upper bound of a ceiling that has one."""
        return {"ceiling_upper": float(self.data["ceiling_upper"].mean())} if "ceiling_upper" in self.data else {}

    @property
    def _subject(self) -> np.ndarray:
        return self.data["subject"].values.astype(str)

    def per_neuroid(self, layer: str | None = None) -> xr.Dataset:
        """Raw, ceiling and ceiled score per neuroid for one layer, the headline layer by default."""
        raw = self.data["raw"].isel(layer=self._position(layer or self.headline)).mean("split", skipna=True)
        ceiled = raw / self.data["ceiling"] if self.normalisation != "none" else raw * np.nan
        if "corrected" in self.data:
            ceiled = self.data["corrected"].isel(layer=self._position(layer or self.headline))
        return xr.Dataset({"raw": raw, "ceiling": self.data["ceiling"], "ceiled": ceiled})

    def per(self, coordinate: str, layer: str | None = None) -> xr.Dataset:
        """Median over the neuroids of each value of a neuroid coordinate, such as ``region`` or ``subject``."""
        table = self.per_neuroid(layer)
        if coordinate not in table.coords:
            raise ValueError(
                f"neuroids have no coordinate {coordinate!r}; they have {', '.join(map(str, table.coords))}."
            )
        return table.groupby(coordinate).median()

    def row(self, layer: str) -> dict[str, Any]:
        """Numbers of one layer: raw and ceiled score with intervals, penalties."""
        at = self._position(layer)
        part = self.data.isel(layer=at)
        numbers = self._numbers(
            part["raw"],
            part["draws_raw"],
            part["draws_ceiled"],
            part["alpha"],
            part["at_edge"],
            part.get("corrected"),
        )
        return {**numbers, "p": self.p(layer)}

    def p(self, layer: str | None = None) -> float:
        """Permutation p of one layer's raw score, the headline layer by default; NaN if it was not computed.

        p = (b + 1) / (B + 1), b the permutations of stimulus labels that reach the score. The layer must be one that was
        chosen beforehand; for the largest of several take `best_layer`.
        """
        if "null_raw" not in self.data:
            return float("nan")
        return self._p(self.data["null_raw"].isel(layer=self._position(layer or self.headline)).values, layer)

    def _p(self, null: np.ndarray, layer: str | None) -> float:
        raw = self.data["raw"].isel(layer=self._position(layer or self.headline)).values
        value = float(aggregate(nan_mean(raw, axis=0), self._subject))
        return float(permutation_p(null, np.array(value), exact=False, alternative="greater"))

    def baseline_row(self, name: str) -> dict[str, Any]:
        """The same numbers for a null model."""
        part = self.data.isel(baseline=self.baselines.index(name))
        return self._numbers(
            part["baseline_raw"],
            part["baseline_draws_raw"],
            part["baseline_draws_ceiled"],
            part["baseline_alpha"],
            part["baseline_at_edge"],
            part.get("baseline_corrected"),
        )

    def over_null(self, name: str, layer: str | None = None) -> dict[str, float]:
        """What a layer scores beyond a null model, paired over the same resamples.

        Parameters
        ----------
        name
            Null model, see `baselines`.
        layer
            The headline layer by default.

        Returns
        -------
        dict
            ``difference`` of the raw scores with ``ci_low`` and ``ci_high``, widened as the scores' own intervals are.
        """
        at, null = self._position(layer or self.headline), self.baselines.index(name)
        draws = self.data["draws_raw"].values[at] - self.data["baseline_draws_raw"].values[null]
        difference = self.row(layer or self.headline)["raw"] - self.baseline_row(name)["raw"]
        low, high = interval(draws, difference, float(self.provenance.get("interval_factor", 1.0)))
        return {"difference": difference, "ci_low": low, "ci_high": high}

    def best_layer(self) -> dict[str, Any]:
        """The layer of largest raw score, called what it is: a maximum, with the nested choice beside it.

        Returns
        -------
        dict
            ``layer``, ``raw``, ``n_layers`` (how many the maximum was taken over), ``nested_raw``, the estimate that
            is not biased by the choice (equal to ``raw`` if there is one layer), ``null_maximum``, the mean of the same
            maximum over permuted labels, and ``p_max``, the share of permutations whose maximum reaches ``raw``
            (max-statistic, Nichols & Holmes 2002); NaN without permutations.
        """
        names = [name for name in self.layers if name != NESTED]
        rows = {name: self.row(name)["raw"] for name in names}
        best = max(rows, key=lambda name: rows[name])
        nested = self.row(NESTED)["raw"] if NESTED in self.layers else rows[best]
        found = {"layer": best, "raw": rows[best], "n_layers": len(names), "nested_raw": nested}
        if "null_raw" not in self.data:
            return {**found, "null_maximum": float("nan"), "p_max": float("nan")}
        largest = self.data["null_raw"].values[[self._position(name) for name in names]].max(axis=0)
        return {**found, "null_maximum": float(largest.mean()), "p_max": self._p(largest, best)}

    @property
    def layer_target(self) -> "LayerTargetMatrix":
        """Every layer against every animal, with p values and the null of the maximum.

        Raises
        ------
        ValueError
            If the benchmark measures something else.
        """
        from .layer_target.scoring import matrix_of

        matrix = matrix_of(self)
        if matrix is None:
            raise ValueError(
                f"a score on {self.provenance.get('benchmark')} has no matrix of layers and animals; benchmarks with "
                "the metric LayerTarget have."
            )
        return matrix

    def rows(self) -> list[dict[str, Any]]:
        """One flat record per layer, as ``--json`` prints them."""
        shared = {
            "normalisation": self.normalisation,
            "ceiling_kind": self.ceiling_kind,
            "n_presentations": int(self.provenance["n_presentations"]),
            "n_neuroids": int(self.data.sizes["neuroid"]),
            "baselines": {name: self.baseline_row(name) for name in self.baselines},
            "measure": self.measure,
            "seed": self.provenance.get("model_seed"),
            "scoring_seed": self.provenance.get("scoring_seed"),
            "synthetic": bool(self.provenance.get("synthetic")),
            "warnings": list(self.warnings),
            "versions": self.provenance.get("versions", {}),
        }
        identity = {
            key: self.provenance.get(key)
            for key in ("model", "model_revision", "benchmark", "benchmark_version", "split")
        }
        return [
            {**identity, "layer": layer, "headline": layer == self.headline, **self.row(layer), **shared}
            for layer in self.layers
        ]

    def to_json(self) -> str:
        """All rows, the protocol and the provenance as one JSON text; NaN is written as null."""
        content = {"scores": self.rows(), "protocol": list(self.protocol), "provenance": self.provenance}
        return json.dumps(without_nan(content), indent=1)

    def to_xarray(self) -> xr.Dataset:
        """The data with protocol, warnings and provenance as attributes."""
        meta = {
            "headline": self.headline,
            "normalisation": self.normalisation,
            "ceiling_kind": self.ceiling_kind,
            "protocol": list(self.protocol),
            "warnings": list(self.warnings),
            "provenance": self.provenance,
        }
        return self.data.assign_attrs(format="neuromodels score", format_version=FORMAT_VERSION, meta=json.dumps(meta))

    def save(self, path: str | Path) -> Path:
        """Write to netCDF, atomically; returns the path."""
        path = Path(path)
        write_netcdf(self.to_xarray(), path)
        return path

    @classmethod
    def load(cls, path: str | Path) -> "Score":
        """Read a score that `save` wrote; ValueError if the file is something else."""
        try:
            with xr.open_dataset(path, engine="h5netcdf") as opened:
                content = opened.load()
        except (OSError, KeyError, ValueError) as error:
            raise ValueError(
                f"{path} cannot be read as a score ({error}); give a .nc file that a score wrote."
            ) from error
        if (
            content.attrs.get("format") != "neuromodels score"
            or content.attrs.get("format_version") != FORMAT_VERSION
            or "meta" not in content.attrs
        ):
            raise ValueError(f"{path} is not a score of format {FORMAT_VERSION}; give a .nc file that a score wrote.")
        meta = json.loads(content.attrs.pop("meta"))
        content.attrs.clear()
        return cls(
            content,
            meta["headline"],
            meta["normalisation"],
            meta["ceiling_kind"],
            tuple(meta["protocol"]),
            tuple(meta["warnings"]),
            meta["provenance"],
        )

    def __repr__(self) -> str:
        row = self.row(self.headline)
        p = "" if np.isnan(row["p"]) else f"  p = {row['p']:.3g} ({self.data.sizes['permutation']} permutations)"
        lines = [
            f"Score of {self.provenance['model']} on {self.provenance['benchmark']}, layer {self.headline}{self._origin}",
            f"  raw {self.symbol:<4} {row['raw']:.3f}  [{row['ci_low']:.3f}, {row['ci_high']:.3f}]{p}",
        ]
        if self.normalisation == "none" and self.ceiling_kind == "none":
            lines.append("  ceiling  none")
        elif self.normalisation == "none":
            upper = f" to {row['ceiling_upper']:.3f}" if "ceiling_upper" in row else ""
            lines.append(f"  ceiling  {row['ceiling']:.3f}{upper} ({self.ceiling_kind}), not divided by")
        else:
            lines.append(
                f"  ceiled   {row['ceiled']:.3f}  [{row['ceiled_ci_low']:.3f}, {row['ceiled_ci_high']:.3f}]  "
                f"({self.normalisation}, ceiling {row['ceiling']:.3f}, {self.ceiling_kind})"
            )
        nulls = ", ".join(f"{name} {self.baseline_row(name)['raw']:.3f}" for name in self.baselines)
        lines.append(f"  nulls    {nulls or 'not computed'}")
        sizes = self.data.sizes
        lines.append(
            f"  from     {self.provenance['n_presentations']} presentations, {sizes['neuroid']} "
            f"{'neuroids' if self.fitted else 'subjects'}, {sizes['split']} folds; "
            f"{len(self.warnings)} warning(s)"
        )
        return "\n".join(lines)

    def _position(self, layer: str) -> int:
        if layer not in self.layers:
            raise ValueError(f"this score has no layer {layer!r}; it has {', '.join(self.layers)}.")
        return self.layers.index(layer)

    def _numbers(
        self,
        raw: xr.DataArray,
        draws: xr.DataArray,
        ceiled_draws: xr.DataArray,
        alpha: xr.DataArray,
        edge: xr.DataArray,
        corrected: xr.DataArray | None,
    ) -> dict[str, Any]:
        per_neuroid = nan_mean(raw.values, axis=0)
        ceiled = per_neuroid / self.data["ceiling"].values if self.normalisation != "none" else per_neuroid * np.nan
        if corrected is not None:
            ceiled = corrected.values
        raw_value = float(aggregate(per_neuroid, self._subject))
        ceiled_value = float(aggregate(ceiled, self._subject))
        if corrected is not None:
            ceiled_value = float(weighted_mean(ceiled, self.data["ceiling"].values ** 2))
        factor = float(self.provenance.get("interval_factor", 1.0))
        low, high = interval(draws.values, raw_value, factor)
        ceiled_low, ceiled_high = (
            interval(ceiled_draws.values, ceiled_value, factor)
            if self.normalisation != "none"
            else (float("nan"), float("nan"))
        )
        return {
            "raw": raw_value,
            "ci_low": low,
            "ci_high": high,
            "ceiling": self.ceiling,
            **self._upper,
            "ceiled": ceiled_value,
            "ceiled_ci_low": ceiled_low,
            "ceiled_ci_high": ceiled_high,
            "ci_level": CI_LEVEL,
            "alpha_chosen": float(np.median(alpha.values)),
            "alpha_at_edge": float(edge.values.mean()),
        }


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean over the last axis; NaN in values or weights weighs nothing, and NaN where nothing is left."""
    weights = np.broadcast_to(weights, values.shape)
    there = np.isfinite(values) & np.isfinite(weights)
    total = np.where(there, weights, 0.0).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(there, values * weights, 0.0).sum(axis=-1) / np.where(total > 0, total, np.nan)


def nan_mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Mean without NaN; NaN where there is nothing else."""
    count = (~np.isnan(values)).sum(axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, np.nansum(values, axis=axis) / count, np.nan)


def without_nan(content: Any) -> Any:
    """The same structure with None for numbers that JSON cannot hold."""
    if isinstance(content, dict):
        return {key: without_nan(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [without_nan(value) for value in content]
    if isinstance(content, float) and not np.isfinite(content):
        return None
    return content
