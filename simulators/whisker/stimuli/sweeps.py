"""Grids of passive sweeps: which object passes the array at which size, speed, height, distance and turn.

A grid computes its sweeps when they are asked for, so that one of three million costs nothing to hold, and any part
of it can be made anywhere: a sweep depends on its object, its draw and the seed alone.

References
----------
Chung et al. 2025 (arXiv:2505.18361): the two published grids, as their generating scripts have them. The totals that
the paper prints differ from those of the scripts.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, overload

import numpy as np

from .objects import ObjectSet

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Sweep:
    """One passage of one object along -y (rostral to caudal) at constant velocity.

    Attributes
    ----------
    object_id, category, label
        Of the object.
    draw
        Number of the random draw of size, speed and turn; all sweeps of one draw differ in place and step of turn only.
    diagonal_mm
        Of the object's bounding box before it is turned.
    rotation_deg, tilt_deg
        The object is tilted about x, then turned about z.
    height_mm
        z: of the object's origin where ``start_mm`` is given, of the middle of its bounding box else.
    distance_mm
        Least x of the object.
    start_mm
        y at which the object starts: of its origin less the distance from the origin to its caudal end. None
        where it starts just clear of the array.
    speed_mm_s
        None where the object passes the whole array in ``duration_s``.
    duration_s
        None where it lasts until the object has passed the whole array.
    """

    object_id: str
    category: str
    label: int
    draw: int
    diagonal_mm: float
    rotation_deg: float
    tilt_deg: float
    height_mm: float
    distance_mm: float
    start_mm: float | None
    speed_mm_s: float | None
    duration_s: float | None

    @property
    def stimulus_id(self) -> str:
        """Unique in its grid; sweeps of one object begin alike."""
        return (
            f"{self.object_id}.k{self.draw}-h{self.height_mm:g}-d{self.distance_mm:g}"
            f"-t{self.rotation_deg:g}-s{self.diagonal_mm:g}"
        )

    @property
    def labels(self) -> dict[str, str | int | float]:
        """Plain values for the table of a data set; ``group`` is the object, so that folds never divide one."""
        named: dict[str, str | int | float] = {
            "group": self.object_id, "category": self.category, "label": self.label, "draw": self.draw
        }  # fmt: skip
        names = ("diagonal_mm", "rotation_deg", "tilt_deg", "height_mm", "distance_mm", "speed_mm_s", "duration_s")
        numbers = {name: getattr(self, name) for name in names}
        return named | {name: value for name, value in numbers.items() if value is not None}


@dataclass(frozen=True, eq=False)
class SweepGrid(Sequence[Sweep]):
    """Objects x draws x heights x distances x rotations, in this order.

    Parameters
    ----------
    objects
        What passes.
    heights_mm, distances_mm, rotations_deg
        Fixed steps; see `Sweep`.
    start_mm
        y of the start, or None: clear of the array.
    diagonal_mm, speed_mm_s, extra_rotation_deg, tilt_deg
        Lowest and highest value of what each draw chooses. Two whole numbers (int) draw whole numbers, both ends
        included; otherwise uniform. The drawn rotation is added to each step. ``speed_mm_s`` None: see `Sweep`.
    duration_s
        Of every sweep, or None: see `Sweep`.
    n_draws, first_draw
        Draws per object, and the number of the first.
    seed
        Of the draws.

    Raises
    ------
    ValueError
        If a step or range is empty or repeated, a size or speed is not positive, a speed and a duration are both
        missing, or a sweep with a start in y has no speed.
    """

    objects: ObjectSet
    heights_mm: tuple[float, ...]
    distances_mm: tuple[float, ...]
    rotations_deg: tuple[float, ...]
    start_mm: float | None = None
    diagonal_mm: Range = (40, 40)
    speed_mm_s: Range | None = None
    extra_rotation_deg: Range = (0, 0)
    tilt_deg: Range = (0, 0)
    duration_s: float | None = 1.0
    n_draws: int = 1
    first_draw: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("heights_mm", "distances_mm", "rotations_deg"):
            steps = getattr(self, name)
            if not steps or len(set(steps)) != len(steps) or not np.isfinite(steps).all():
                raise ValueError(f"{name} is {steps}; give at least one step, each finite and once.")
        for name in ("diagonal_mm", "speed_mm_s", "extra_rotation_deg", "tilt_deg"):
            values = getattr(self, name)
            if values is None:
                continue
            low, high = values
            if not (np.isfinite(values).all() and low <= high):
                raise ValueError(f"{name} is {values}; give the lowest and the highest value, finite.")
            if name in ("diagonal_mm", "speed_mm_s") and low <= 0:
                raise ValueError(f"{name} begins at {low}; it must be positive.")
        if self.n_draws < 1 or self.first_draw < 0 or self.seed < 0:
            raise ValueError(
                f"n_draws {self.n_draws}, first_draw {self.first_draw}, seed {self.seed}: draws are at least 1, "
                "the others at least 0."
            )
        if self.duration_s is not None and not (np.isfinite(self.duration_s) and self.duration_s > 0):
            raise ValueError(f"duration_s is {self.duration_s}; it must be positive and finite, or None.")
        if self.speed_mm_s is None and self.duration_s is None:
            raise ValueError("a sweep needs a speed or a duration; give speed_mm_s or duration_s.")
        if self.start_mm is not None and (self.speed_mm_s is None or self.duration_s is None):
            raise ValueError("a sweep with a fixed start needs both speed_mm_s and duration_s; give both.")

    @property
    def n_per_draw(self) -> int:
        """Sweeps of one draw of one object."""
        return len(self.heights_mm) * len(self.distances_mm) * len(self.rotations_deg)

    def __len__(self) -> int:
        return len(self.objects.objects) * self.n_draws * self.n_per_draw

    @overload
    def __getitem__(self, index: int) -> Sweep: ...

    @overload
    def __getitem__(self, index: slice) -> list[Sweep]: ...

    def __getitem__(self, index: int | slice) -> Sweep | list[Sweep]:
        if isinstance(index, slice):
            return [self._sweep(number) for number in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"sweep {index} of {len(self)}")
        return self._sweep(int(index) % len(self))

    def __iter__(self) -> Iterator[Sweep]:
        return (self._sweep(number) for number in range(len(self)))

    def split(
        self,
        by: Literal["object", "draw"] = "object",
        fractions: tuple[float, float, float] = (0.8, 0.1, 0.1),
        *,
        seed: int = 0,
    ) -> dict[str, np.ndarray]:
        """Numbers of the sweeps for training, validation and test.

        Parameters
        ----------
        by
            ``object``: all sweeps of an object stay together, and each category is divided alike; the test asks for
            objects never touched. ``draw``: draws of each object are divided, with all their sweeps (the steps, where
            there is one draw); the test asks for known objects at another size, speed and turn, as published.
        fractions
            Shares of training, validation and test; 0 leaves a part empty.
        seed
            Of the division.

        Returns
        -------
        dict
            ``train``, ``validation``, ``test``: sorted numbers, each sweep in one of them.

        Raises
        ------
        ValueError
            If the shares do not add up to 1, or are so small that a part that was asked for would be empty.
        """
        if by == "object":
            labels = np.array([item.label for item in self.objects.objects])
            part = np.empty(len(labels), dtype=np.int64)
            rng = np.random.default_rng(seed)
            for label in np.unique(labels):
                members = np.flatnonzero(labels == label)
                part[members] = _parts(len(members), fractions, f"objects of label {label}")[
                    rng.permutation(len(members))
                ]
            part = np.repeat(part, self.n_draws * self.n_per_draw)
        elif by == "draw":
            units, repeats = (self.n_draws, self.n_per_draw) if self.n_draws > 1 else (self.n_per_draw, 1)
            sizes = _parts(units, fractions, "draws" if self.n_draws > 1 else "steps of one object")
            rng = np.random.default_rng(seed)
            part = np.concatenate([sizes[rng.permutation(units)] for _ in self.objects.objects]).repeat(repeats)
        else:
            raise ValueError(f"by is {by!r}; sweeps are divided by 'object' or by 'draw'.")
        return {name: np.flatnonzero(part == number) for number, name in enumerate(("train", "validation", "test"))}

    def _sweep(self, number: int) -> Sweep:
        rest, step = divmod(number, self.n_per_draw)
        which, draw = divmod(rest, self.n_draws)
        item, draw = self.objects.objects[which], draw + self.first_draw
        rng = np.random.default_rng([self.seed, zlib.crc32(item.object_id.encode()), draw])
        diagonal, extra, tilt = (_drawn(rng, r) for r in (self.diagonal_mm, self.extra_rotation_deg, self.tilt_deg))
        steps = product(self.heights_mm, self.distances_mm, self.rotations_deg)
        height, distance, rotation = next(values for place, values in enumerate(steps) if place == step)
        return Sweep(
            object_id=item.object_id,
            category=item.category,
            label=item.label,
            draw=draw,
            diagonal_mm=diagonal,
            rotation_deg=rotation + extra,
            tilt_deg=tilt,
            height_mm=height,
            distance_mm=distance,
            start_mm=self.start_mm,
            speed_mm_s=None if self.speed_mm_s is None else _drawn(rng, self.speed_mm_s),
            duration_s=self.duration_s,
        )


def published_1000_hz_grid(objects: ObjectSet) -> SweepGrid:
    """The published grid of 16 sweeps per object, simulated at 1000 rows per second.

    Its objects start inside the whisker field: at a diagonal of 40 mm the rostral face stands at y = 16 mm.

    References
    ----------
    Chung et al. 2025, high-fidelity set: 40 mm, 30 mm/s, two heights, two distances, four rotations, 1 s.
    """
    return SweepGrid(
        objects,
        (-5.0, 0.0),
        (5.0, 8.0),
        (0.0, 30.0, 90.0, 120.0),
        start_mm=16.0,
        diagonal_mm=(40, 40),
        speed_mm_s=(30, 30),
    )


def published_110_hz_grid(objects: ObjectSet, part: Literal["train", "test"] = "train", *, seed: int = 0) -> SweepGrid:
    """The published grid of 24 (train) or 2 (test) random draws of 12 sweeps per object.

    The published draws were made without a seed; these are ours. Test and training share their objects.

    References
    ----------
    Chung et al. 2025, large set: diagonal 20 to 60 mm, 30 to 60 mm/s, turn 0 to 89 deg, whole numbers; three heights,
    four quarter turns, 1 s.
    """
    if part not in ("train", "test"):
        raise ValueError(f"part is {part!r}; the published grid has 'train' and 'test'.")
    first_draw, n_draws = (0, 24) if part == "train" else (24, 2)
    return SweepGrid(
        objects, (-3.0, 0.0, 3.0), (5.0,), (0.0, 90.0, 180.0, 270.0), start_mm=20.0, diagonal_mm=(20, 60), speed_mm_s=(30, 60),
        extra_rotation_deg=(0, 89), first_draw=first_draw, n_draws=n_draws, seed=seed,
    )  # fmt: skip


def clean_grid(
    objects: ObjectSet,
    *,
    heights_mm: tuple[float, ...] = (-5.0, 0.0),
    distances_mm: tuple[float, ...] = (5.0, 8.0),
    rotations_deg: tuple[float, ...] = (0.0, 30.0, 90.0, 120.0),
    diagonal_mm: Range = (40, 40),
    speed_mm_s: Range | None = None,
    extra_rotation_deg: Range = (0, 0),
    tilt_deg: Range = (0, 0),
    duration_s: float | None = 1.0,
    n_draws: int = 1,
    seed: int = 0,
) -> SweepGrid:
    """The published steps with sweeps that start clear of the array and pass all of it.

    By default each sweep lasts 1 s, as the published ones, at the speed that the passage then takes; with a speed and
    ``duration_s=None`` each lasts as long as its passage. Parameters: `SweepGrid`.
    """
    return SweepGrid(
        objects, heights_mm, distances_mm, rotations_deg, diagonal_mm=diagonal_mm, speed_mm_s=speed_mm_s,
        extra_rotation_deg=extra_rotation_deg, tilt_deg=tilt_deg, duration_s=duration_s, n_draws=n_draws, seed=seed,
    )  # fmt: skip


def _drawn(rng: np.random.Generator, values: Range) -> float:
    low, high = values
    if isinstance(low, int) and isinstance(high, int):
        return float(rng.integers(low, high + 1))
    return float(rng.uniform(low, high))


def _parts(n_units: int, fractions: tuple[float, float, float], what: str) -> np.ndarray:
    """``(unit,)`` 0, 1, 2 for training, validation, test, in this order; rounding favours training."""
    if min(fractions) < 0 or not np.isclose(sum(fractions), 1.0):
        raise ValueError(f"fractions are {fractions}; three shares that add up to 1 are needed.")
    held_out = [round(share * n_units) for share in fractions[1:]]
    sizes = [n_units - sum(held_out), *held_out]
    for share, size in zip(fractions, sizes, strict=True):
        if share > 0 and size < 1:
            raise ValueError(
                f"{n_units} {what} cannot be divided by {fractions}; a part would be empty. Use more or other shares."
            )
    return np.repeat(np.arange(3), sizes)
