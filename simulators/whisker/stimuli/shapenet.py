"""The user's own copy of ShapeNetCore as a set of labelled objects; nothing is downloaded.

References
----------
Zhuang et al. 2017 (arXiv:1706.07555): 9,981 objects with 117 labels; Chung et al. 2025 (arXiv:2505.18361) use the same
list. ShapeNet: Chang et al. 2015 (arXiv:1512.03012).
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .objects import LabelledObject

if TYPE_CHECKING:
    from ..solids import Solid

_OBJECT_COLUMNS = ("shapenet_synset", "object_id", "label117")
_CATEGORY_COLUMNS = ("label117", "wordnet_synset_offsets", "n_objects")


@dataclass(frozen=True, slots=True)
class Category:
    """One of the 117 classes.

    Attributes
    ----------
    label
        From 0.
    synsets
        WordNet noun offsets of which it is made.
    n_objects
        Objects of this class in the list.
    """

    label: int
    synsets: tuple[str, ...]
    n_objects: int


def read_object_list(path: str | Path) -> tuple[LabelledObject, ...]:
    """Objects of a list, in its order; ids are ``synset/model``.

    Parameters
    ----------
    path
        CSV file with the columns ``shapenet_synset``, ``object_id``, ``label117``.

    Raises
    ------
    ValueError
        If a column is missing, a label is no whole number, or an object is listed twice.
    """
    objects = tuple(
        LabelledObject(f"{row['shapenet_synset']}/{row['object_id']}", f"{_label(path, row):03d}", _label(path, row))
        for row in _rows(path, _OBJECT_COLUMNS)
    )
    ids = {item.object_id for item in objects}
    if len(ids) != len(objects):
        raise ValueError(f"{path} lists {len(objects) - len(ids)} objects twice; each may appear once.")
    return objects


def read_categories(path: str | Path) -> tuple[Category, ...]:
    """The classes, by label.

    Parameters
    ----------
    path
        CSV file with the columns ``label117``, ``wordnet_synset_offsets``, ``n_objects``.

    Raises
    ------
    ValueError
        If a column is missing or the labels do not count from 0.
    """
    rows = _rows(path, _CATEGORY_COLUMNS)
    found = sorted(
        (
            Category(_label(path, row), tuple(row["wordnet_synset_offsets"].split(";")), int(row["n_objects"]))
            for row in rows
        ),
        key=lambda category: category.label,
    )
    if [category.label for category in found] != list(range(len(found))):
        raise ValueError(f"{path} has labels that do not count from 0 to {len(found) - 1}, each once.")
    return tuple(found)


class ShapeNetObjects:
    """Objects of a list that lie in a ShapeNetCore folder, ``<synset>/<model>/models/model_normalized.obj``.

    Parameters
    ----------
    folder
        The user's copy.
    object_list
        CSV file; see `read_object_list`.
    missing
        What to do with listed objects that the folder lacks: ``refuse``, or ``leave out``; `missing_ids` names them.
    up
        Axis of the files that becomes z: ``y`` stands objects upright; ``z`` takes the files as they are, as the
        published sweeps do, so that the tops of objects look along the sweep.
    contact_offset_mm
        Of every solid.

    Raises
    ------
    ValueError
        If no object is there, or one is missing and that is refused.
    """

    def __init__(
        self,
        folder: str | Path,
        object_list: str | Path,
        *,
        missing: Literal["refuse", "leave out"] = "refuse",
        up: Literal["y", "z"] = "y",
        contact_offset_mm: float = 0.0,
    ) -> None:
        if missing not in ("refuse", "leave out") or up not in ("y", "z"):
            raise ValueError(f"missing is {missing!r} and up {up!r}; accepted are 'refuse', 'leave out' and 'y', 'z'.")
        self.folder, self.up, self.contact_offset_mm = Path(folder), up, contact_offset_mm
        listed = read_object_list(object_list)
        there = [self.path(item.object_id).is_file() for item in listed]
        self._objects = tuple(item for item, present in zip(listed, there, strict=True) if present)
        self.missing_ids = tuple(item.object_id for item, present in zip(listed, there, strict=True) if not present)
        if not self._objects:
            raise ValueError(
                f"{self.folder} holds none of the {len(listed)} listed objects; it must be the folder of the synsets, "
                f"with files like {self.path(listed[0].object_id).relative_to(self.folder)}."
            )
        if self.missing_ids and missing == "refuse":
            raise ValueError(
                f"{self.folder} lacks {len(self.missing_ids)} of {len(listed)} listed objects, the first is "
                f"{self.missing_ids[0]}; complete the folder or pass missing='leave out'."
            )
        self._ids = frozenset(item.object_id for item in self._objects)

    @property
    def objects(self) -> Sequence[LabelledObject]:
        """Objects that are there, in the order of the list."""
        return self._objects

    def __repr__(self) -> str:
        return f"ShapeNetObjects({self.folder}: {len(self._objects)} objects, {len(self.missing_ids)} missing)"

    def path(self, object_id: str) -> Path:
        """Mesh file of an object."""
        return self.folder / object_id / "models" / "model_normalized.obj"

    def solid(self, object_id: str, diagonal_mm: float) -> "Solid":
        """The object with a bounding box of this diagonal, its origin that of the file.

        Raises
        ------
        ValueError
            If the id is not of this set.
        """
        from ..solids import Mesh

        if object_id not in self._ids:
            raise ValueError(f"object {object_id!r} is not in this set of {len(self._objects)}; ids are synset/model.")
        return Mesh.read(
            self.path(object_id), diagonal_mm=diagonal_mm, up=self.up, contact_offset_mm=self.contact_offset_mm
        )


def _rows(path: str | Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if not set(columns) <= set(reader.fieldnames or ()):
            raise ValueError(f"{path} has the columns {reader.fieldnames}; needed are {', '.join(columns)}.")
        rows = list(reader)
    if not rows:
        raise ValueError(f"{path} has no rows.")
    return rows


def _label(path: str | Path, row: dict[str, str]) -> int:
    if not row["label117"].isdigit():
        raise ValueError(f"{path} has the label {row['label117']!r}; labels are whole numbers from 0.")
    return int(row["label117"])
