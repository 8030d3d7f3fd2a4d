"""Our mappings and similarities as Brain-Score metrics: called with two assemblies, they return a Brain-Score score."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from data.splits import SplitSpec

from ..correlation import pearson
from ..folds import make_folds
from ..mappings import Mapping
from ..metrics import Similarity, make_metric
from ..named_splits import named_split
from .assemblies import from_assembly
from .environment import require_any

if TYPE_CHECKING:
    from brainscore_core.metrics import Score as BrainScoreScore


def as_metric(
    metric: "Mapping | Similarity | str", *, split: str | SplitSpec = "brainscore-vision"
) -> "AssemblyMetric":
    """A metric for Brain-Score's own benchmarks, aggregated as theirs are.

    Parameters
    ----------
    metric
        A mapping (`alignment.mappings`) or a similarity, as an object or by name; see `make_metric`.
    split
        Folds of a mapping: a name of `named_split` or a description. The default is Brain-Score's: ten draws of 90 % with
        equal shares of every ``object_name``; ``"brainscore-vision-nostrat"`` where there is no such coordinate;
        ``"brainscore-language-group"`` keeps a ``story`` on one side.

    Returns
    -------
    AssemblyMetric
        ``metric(source, target)``. For a mapping: Pearson r per split and neuroid, median over neuroids, mean over
        splits; ``error`` is the standard deviation over splits (ddof 0) over the square root of their number, which is
        Brain-Score's and no error over stimuli. For a similarity: one number over all stimuli, without an error.
    """
    return AssemblyMetric(make_metric(metric) if isinstance(metric, str) else metric, split)


class AssemblyMetric:
    """What `as_metric` returns."""

    def __init__(self, metric: "Mapping | Similarity", split: str | SplitSpec) -> None:
        self._metric, self._split = metric, split

    def __call__(self, assembly1: xr.DataArray, assembly2: xr.DataArray) -> "BrainScoreScore":
        """Score of a source (model) against a target (recording), matched by ``stimulus_id``.

        Raises
        ------
        ValueError
            If the two do not hold the same stimuli once each, or have several time bins.
        """
        require_any()
        from brainscore_core.metrics import Score as BrainScoreScore

        target = from_assembly(_single_bin(assembly2))
        features = features_in_order(assembly1, target["stimulus_id"].values.astype(str))
        if not isinstance(self._metric, Mapping):
            relate = self._metric.relate
            return BrainScoreScore(self._metric.compare(relate(features), relate(target.values)))
        table = pd.DataFrame(
            {str(name): coord.values for name, coord in target.coords.items() if coord.dims == ("presentation",)}
        )
        spec = named_split(self._split, table) if isinstance(self._split, str) else self._split
        folds = make_folds(spec, table)
        groups = None if spec.group is None else table[spec.group].to_numpy()
        made = self._metric.cross_predict(features, target.values, folds, groups, inner=False).predictions
        r = np.stack([pearson(one, target.values[fold.test]) for one, fold in zip(made, folds, strict=True)])
        neuroid = {str(key): ("neuroid", one.values) for key, one in target.coords.items() if one.dims == ("neuroid",)}
        neuroid.setdefault("neuroid_num", ("neuroid", np.arange(r.shape[1])))
        raw = BrainScoreScore(r, coords={"split": np.arange(len(r)), **neuroid}, dims=["split", "neuroid"])
        per_split = np.nanmedian(r, axis=1)
        score = BrainScoreScore(per_split.mean())
        score.attrs["raw"] = raw
        score.attrs["error"] = float(per_split.std() / np.sqrt(len(per_split)))
        return score


def features_in_order(assembly: xr.DataArray, ids: np.ndarray) -> np.ndarray:
    """``(stimulus, unit)`` activations of a model assembly in the order of ``ids``.

    Raises
    ------
    ValueError
        If a stimulus is missing or present more than once, or there are several time bins.
    """
    ordered = _single_bin(assembly).transpose("presentation", "neuroid")
    found = ordered["stimulus_id"].values.astype(str)
    place = {key: row for row, key in enumerate(found)}
    if len(place) != len(found) or len(set(ids.tolist())) != len(ids):
        raise ValueError(
            "a stimulus occurs twice; average the repetitions first: they would stand in training and test."
        )
    absent = [key for key in ids.tolist() if key not in place]
    if absent:
        raise ValueError(f"the model's assembly lacks {len(absent)} of {len(ids)} stimuli, the first is {absent[0]!r}.")
    return np.asarray(ordered.values)[[place[key] for key in ids.tolist()]]


def _single_bin(assembly: xr.DataArray) -> xr.DataArray:
    if "time_bin" not in assembly.dims:
        return assembly
    if assembly.sizes["time_bin"] != 1:
        raise ValueError(
            f"the assembly has {assembly.sizes['time_bin']} time bins; this metric takes one: select or average them."
        )
    return assembly.isel(time_bin=0)
