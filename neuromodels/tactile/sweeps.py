"""Simulated sweeps as samples to train on: read lazily, divided by object, with the classes of the whole collection."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from .input_cache import InputCache
from .normalisation import QUANTITIES, Normalisation
from .object_division import PARTS, ObjectDivision, Part

if TYPE_CHECKING:
    import pandas as pd

# Sweeps, equally spaced, from which scales and ranges are taken.
N_MEASURED = 4096
_UNITS = ("mN",) * 3 + ("uN.m",) * 3


class SweepSamples:
    """One part of a collection of sweeps; made by `sweep_samples`.

    Attributes
    ----------
    part
        ``train``, ``validation`` or ``test``.
    division
        Objects of all parts.
    ids, objects
        ``(sample,)`` of every sample.
    labels
        ``(sample,)`` number of the class in ``class_names``.
    class_names
        Sorted; those of all parts.
    normalisation
        What a network should divide these inputs by.
    n_refused, n_missing
        Sweeps of this part that the simulator refused, and that are not written yet.
    """

    def __init__(
        self,
        part: Part,
        division: ObjectDivision,
        table: "pd.DataFrame",
        cache: InputCache,
        normalisation: str | Normalisation,
    ) -> None:
        self.part, self.division = part, division
        self._table, self._cache = table, cache
        named = table[table["part"].notna()]
        names, numbers = np.unique(named["class"].to_numpy(), return_inverse=True)
        self.class_names = tuple(str(name) for name in names)
        states = named["state"].to_numpy()
        here = (named["part"] == part).to_numpy()
        self.n_refused, self.n_missing = (int((here & (states == state)).sum()) for state in ("refused", "missing"))
        chosen = here & (states == "written")
        self.ids = named["id"].to_numpy()[chosen]
        self.objects = named["object"].to_numpy()[chosen]
        self.labels = numbers[chosen].astype(np.int64)
        self._shards = named["shard"].to_numpy()[chosen]
        self._places = named["place"].to_numpy()[chosen]
        if not len(self):
            raise ValueError(
                f"part {part!r} has no sweep to read ({self.n_refused} refused, {self.n_missing} not written); give it "
                "objects that were simulated, or a share of them."
            )
        self.normalisation = self._scaled(normalisation)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return (
            f"SweepSamples {self.part}: {len(self)} sweeps of {len(set(self.objects))} objects, {self.n_classes} "
            f"classes, {self.n_refused} refused, {self.n_missing} missing"
        )

    @property
    def n_classes(self) -> int:
        """Classes of all parts."""
        return len(self.class_names)

    def batch(self, rows: Sequence[int]) -> dict[str, Tensor]:
        """Samples by number, in the order asked for.

        Returns
        -------
        dict
            ``x`` ``(row, 22, 30, 5, 7)`` float32, in mN and uN.m; ``label`` ``(row,)`` int64.

        Raises
        ------
        IndexError
            If a number is not below the length, or negative.
        """
        numbers = np.asarray(rows, dtype=np.int64)
        outside = numbers[(numbers < 0) | (numbers >= len(self))]
        if len(outside):
            raise IndexError(f"row {outside[0]} is not among the {len(self)} samples of part {self.part!r}.")
        return {"x": self._inputs(numbers), "label": torch.from_numpy(self.labels[numbers])}

    @property
    def model_options(self) -> dict[str, Any]:
        """Options that a network trained on these samples must have: its scale, so that it carries it to other stimuli."""
        return {} if set(self.normalisation.scale) == {1.0} else {"scale": list(self.normalisation.scale)}

    @property
    def class_options(self) -> dict[str, Any]:
        """Options that a network must have to name the classes of these samples."""
        return {"classes": self.n_classes}

    def prepare(self, *, progress: bool = False) -> None:
        """Decode all shards of this part now; otherwise each is decoded when a sample of it is first read."""
        self._cache.prepare([int(shard) for shard in np.unique(self._shards)], progress=progress)

    def counts(self) -> "pd.DataFrame":
        """Objects, sweeps, and refused and missing sweeps of each class (rows) in each part (columns)."""
        import pandas as pd

        named = self._table[self._table["part"].notna()]
        columns: dict[tuple[str, str], Any] = {}
        for part in PARTS:
            rows = named[named["part"] == part]
            written = rows[rows["state"] == "written"].groupby("class")
            columns[part, "objects"] = written["object"].nunique()
            columns[part, "sweeps"] = written.size()
            for state in ("refused", "missing"):
                columns[part, state] = rows[rows["state"] == state].groupby("class").size()
        index = pd.Index(sorted(set(named["class"])), name="class")
        return pd.DataFrame({name: values.reindex(index) for name, values in columns.items()}).fillna(0).astype(int)

    def ranges(self) -> "pd.DataFrame":
        """Least, largest and root mean square of each quantity before normalisation, of at most 4,096 sweeps."""
        import pandas as pd

        least, largest, squares = (np.stack(one) for one in zip(*self._measured(), strict=True))
        index = [f"{name} [{unit}]" for name, unit in zip(QUANTITIES, _UNITS, strict=True)]
        columns = {"least": least.min(0), "largest": largest.max(0), "rms": np.sqrt(squares.mean(0))}
        return pd.DataFrame(columns, index=pd.Index(index, name="quantity"))

    def describe(self) -> str:
        """What is in the parts, class by class, and how large forces and moments are in this one."""
        counts = self.counts()
        shown = counts.loc[:, counts.sum() > 0]
        shown.loc["all"] = shown.sum()
        n_left_out = self._table["object"][self._table["part"].isna()].nunique()
        left_out = f"; {n_left_out} objects are in no part" if n_left_out else ""
        scale = ", ".join(f"{value:.3g}" for value in self.normalisation.scale)
        return (
            f"{self!r}{left_out}\n\n{shown.to_string()}\n\n"
            f"{self.ranges().to_string(float_format='{:.4g}'.format)}\n\n"
            f"normalisation {self.normalisation.kind}: networks divide by {scale}"
        )

    def _inputs(self, numbers: np.ndarray) -> Tensor:
        return torch.from_numpy(self._cache.read(self._shards[numbers], self._places[numbers]))

    def _measured(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Least, largest and mean square ``(6,)`` over the whiskers of each of some sweeps."""
        numbers = np.unique(np.linspace(0, len(self) - 1, min(N_MEASURED, len(self))).astype(int))
        measured: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for start in range(0, len(numbers), 64):
            x = self._inputs(numbers[start : start + 64]).numpy().reshape(-1, 110, 6, 35)
            measured += zip(x.min((1, 3)), x.max((1, 3)), np.square(x, dtype=float).mean((1, 3)) * 35 / 30, strict=True)
        return measured

    def _scaled(self, normalisation: str | Normalisation) -> Normalisation:
        if isinstance(normalisation, Normalisation):
            return normalisation
        if normalisation == "published":
            return Normalisation()
        if normalisation != "robust":
            raise ValueError(
                f"normalisation {normalisation!r} is not known; give published, robust or a Normalisation."
            )
        train = self
        if self.part != "train":
            train = SweepSamples("train", self.division, self._table, self._cache, "published")
        return Normalisation.robust(np.sqrt(np.stack([squares for _, _, squares in train._measured()])))


def sweep_samples(
    folder: str | Path,
    part: Part,
    *,
    label: str = "category",
    group: str | None = None,
    division: ObjectDivision | Mapping[str, Sequence[str]] | str | Path | None = None,
    fractions: Sequence[float] = (0.8, 0.1, 0.1),
    seed: int = 0,
    normalisation: str | Normalisation | Mapping[str, Any] = "published",
    view: Mapping[str, Any] | None = None,
    cache: str | Path | None = None,
) -> SweepSamples:
    """Samples of one part of a collection that `simulators.whisker.write_collection` wrote.

    Network inputs are decoded once per shard into a file beside the collection (92,400 bytes a sweep), from which a
    batch reads its sweeps alone, so that any number of sweeps can be trained on in any order. Refused sweeps are left
    out and counted.

    Parameters
    ----------
    folder
        Of the collection, complete or not.
    part
        ``train``, ``validation`` or ``test``.
    label
        Column of the table that is to be told; all sweeps of an object must share its value.
    group
        Column that names the object; ``group``, or ``object_id`` as the command writes it, if None.
    division
        Objects of each part: an `ObjectDivision`, a mapping of part to ids, or the path of one that was saved. Objects
        that are not named are left out. None divides each class alike; see `ObjectDivision.by_category`.
    fractions, seed
        Of that division; not used where one is given.
    normalisation
        ``published`` (forces and moments as they are), ``robust`` (over the scales of the training part, whichever part is
        asked for), or a `Normalisation`, itself or as a mapping. Samples are the same with any: the network divides, so
        that it takes stimuli of any origin (`model_options`).
    view
        ``side``, ``reduce`` and ``missing`` of `simulators.whisker.published_view`.
    cache
        Folder of the decoded inputs; None is ``network-inputs`` in the collection.

    Raises
    ------
    FileNotFoundError
        If the folder holds no collection.
    ValueError
        If an option is unknown, a column is missing, an object has two labels, a class has too few objects, an object is
        in two parts, the part has no sweep, or sweeps are shorter than networks take.

    References
    ----------
    Chung et al. 2025, arXiv 2505.18361: inputs of 22 x 30 x 5 x 7, cleaned and not scaled.
    """
    from simulators.whisker import open_collection

    if part not in PARTS:
        raise ValueError(f"part is {part!r}; the parts are {', '.join(PARTS)}.")
    options = dict(view or {})
    unknown = sorted(set(options) - {"side", "reduce", "missing"})
    if unknown:
        raise ValueError(f"view has no option {unknown[0]!r}; it takes side, reduce and missing.")
    collection = open_collection(folder)
    inputs = InputCache(collection, cache, options)
    inputs.check_length()
    table = _named_table(collection.table, label, group)
    # An object that was refused altogether has nothing to divide.
    readable = table[table["state"] != "refused"]
    divided = _division(division, dict(zip(readable["object"], readable["class"], strict=True)), fractions, seed)
    table["part"] = table["object"].map(divided.part_of())
    table["shard"], table["place"] = -1, -1
    table.loc[table["state"] == "written", ["shard", "place"]] = np.column_stack(inputs.places())
    if isinstance(normalisation, Mapping):
        normalisation = Normalisation.from_dict(normalisation)
    return SweepSamples(part, divided, table, inputs, normalisation)


def _named_table(table: "pd.DataFrame", label: str, group: str | None) -> "pd.DataFrame":
    """The columns id, state, object and class."""
    import pandas as pd

    if group is None:
        group = "group" if "group" in table else "object_id"
    for what, column in (("label", label), ("group", group)):
        if column not in table:
            raise ValueError(f"{what} column {column!r} is not in the table; it has {', '.join(map(str, table))}.")
    named = pd.DataFrame(
        {"id": table["id"], "state": table["state"], "object": table[group].astype(str), "class": table[label]}
    )
    several = named.groupby("object")["class"].nunique()
    if (several > 1).any():
        one = several.index[several > 1][0]
        raise ValueError(
            f"object {one!r} has {several[one]} values of {label!r}; parts are made of whole objects, so give a label "
            "that belongs to the object."
        )
    return named


def _division(
    given: ObjectDivision | Mapping[str, Sequence[str]] | str | Path | None,
    categories: Mapping[str, str],
    fractions: Sequence[float],
    seed: int,
) -> ObjectDivision:
    if given is None:
        return ObjectDivision.by_category(categories, fractions, seed=seed)
    if isinstance(given, ObjectDivision):
        return given
    return ObjectDivision.from_lists(given) if isinstance(given, Mapping) else ObjectDivision.load(given)
