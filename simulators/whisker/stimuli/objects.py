"""What every set of objects is to a sweep: ids with labels, and a solid of a stated size for each id."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .families import categories, make_object

if TYPE_CHECKING:
    from ..solids import Solid


@dataclass(frozen=True, slots=True)
class LabelledObject:
    """An object before it has a size.

    Attributes
    ----------
    object_id
        Unique in its set.
    category
        Name of its class.
    label
        Number of its class, from 0.
    """

    object_id: str
    category: str
    label: int


class ObjectSet(Protocol):
    """A set of labelled objects: procedural, furniture, ShapeNet, or the user's own class of this shape."""

    def __hash__(self) -> int:
        """By identity."""

    @property
    def objects(self) -> Sequence[LabelledObject]:
        """All objects, in a fixed order."""

    def solid(self, object_id: str, diagonal_mm: float) -> "Solid":
        """The object with a bounding box of this diagonal, in its own frame."""


class ProceduralObjects:
    """The same number of procedural objects of each category.

    Parameters
    ----------
    n_per_category
        Objects of each category.
    chosen
        Categories; all of them if None. Labels count within the chosen.
    first_seed
        Seed of the first object of a category; the following ones count up.

    Raises
    ------
    ValueError
        If there is nothing to make, or a category is named twice or not known.
    """

    def __init__(self, n_per_category: int, chosen: Sequence[str] | None = None, *, first_seed: int = 0) -> None:
        names = categories() if chosen is None else tuple(chosen)
        if n_per_category < 1 or not names:
            raise ValueError(f"{n_per_category} objects of {len(names)} categories are none; ask for at least one.")
        if len(set(names)) != len(names):
            raise ValueError(f"chosen names a category twice: {sorted(names)}.")
        for name in names:
            make_object(name, first_seed)
        self._seeds = {
            f"{name}/{seed:05d}": (name, seed)
            for name in names
            for seed in range(first_seed, first_seed + n_per_category)
        }
        self._objects = tuple(
            LabelledObject(object_id, name, names.index(name)) for object_id, (name, _) in self._seeds.items()
        )

    @property
    def objects(self) -> tuple[LabelledObject, ...]:
        """Objects, by category and seed."""
        return self._objects

    def solid(self, object_id: str, diagonal_mm: float) -> "Solid":
        """The object with a bounding box of this diagonal.

        Raises
        ------
        ValueError
            If the id is not of this set.
        """
        if object_id not in self._seeds:
            raise ValueError(f"object {object_id!r} is not in this set; its ids are like {next(iter(self._seeds))!r}.")
        category, seed = self._seeds[object_id]
        return make_object(category, seed, diagonal_mm)[0]
