"""Permutations that a null hypothesis allows: free, inside or between groups, circular shifts, blocks."""

import math
from collections.abc import Iterator
from itertools import islice, permutations, product
from typing import Literal, Protocol, get_args

import numpy as np

SchemeName = Literal["exchange", "within-groups", "between-groups", "circular-shift", "block"]


class Scheme(Protocol):
    """Set of permutations of items."""

    @property
    def count(self) -> int:
        """How many different permutations there are, the identity included."""
        ...

    def every(self, batch: int) -> Iterator[np.ndarray]:
        """All of them, the identity first, in stacks of at most ``(batch, item)``."""
        ...

    def random(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """``(size, item)`` of them, drawn uniformly with replacement."""
        ...

    def describe(self) -> str:
        """In words."""
        ...


def make_scheme(
    name: SchemeName,
    n_items: int,
    *,
    groups: np.ndarray | None = None,
    min_shift: int | None = None,
    block_length: int | None = None,
) -> Scheme:
    """Scheme of a name, with a sentence if it lacks what it needs.

    Parameters
    ----------
    name
        ``"exchange"``: every order of the items. ``"within-groups"``: items change places inside their group only.
        ``"between-groups"``: whole groups of equal size change places, the order inside a group stays.
        ``"circular-shift"``: the series is rotated by ``min_shift`` to ``n_items - min_shift``. ``"block"``: contiguous
        blocks of ``block_length`` change places, the order inside a block stays.
    n_items
        Items: stimuli, or time points in order.
    groups
        ``(item,)`` labels.
    min_shift, block_length
        In items; longer than the series remember themselves.
    """
    if name not in get_args(SchemeName):
        raise ValueError(f"scheme must be one of {', '.join(get_args(SchemeName))}, received {name!r}.")
    needed = {"within-groups": "groups", "between-groups": "groups"} | {
        "circular-shift": "min_shift",
        "block": "block_length",
    }
    given = {"groups": groups, "min_shift": min_shift, "block_length": block_length}
    wanted = needed.get(name)
    extra = [key for key, value in given.items() if value is not None and key != wanted]
    if extra or (wanted and given[wanted] is None):
        raise ValueError(
            f"scheme {name!r} takes {wanted or 'no further argument'}, received {', '.join(extra) or 'none'}; "
            "see make_scheme for what each scheme needs."
        )
    if n_items < 2:
        raise ValueError(f"permutations need at least 2 items, received {n_items}.")
    if groups is not None:
        labels = np.asarray(groups)
        if labels.shape != (n_items,):
            raise ValueError(f"groups has shape {labels.shape}, but there are {n_items} items; give one label each.")
        codes = np.unique(labels, return_inverse=True)[1]
        return WithinGroups(codes) if name == "within-groups" else BetweenGroups(codes)
    if min_shift is not None:
        return CircularShifts(n_items, min_shift)
    if block_length is not None:
        return Blocks(n_items, block_length)
    return WithinGroups(np.zeros(n_items, dtype=int))


class WithinGroups:
    """Items change places inside their group; with one group that is every order."""

    def __init__(self, codes: np.ndarray) -> None:
        self._rows = [np.flatnonzero(codes == code) for code in range(int(codes.max()) + 1)]
        self._n_items = len(codes)
        if all(len(rows) == 1 for rows in self._rows):
            raise ValueError("each item is a group by itself, so none can change places; give larger groups.")

    @property
    def count(self) -> int:
        """Product of the factorials of the group sizes."""
        return math.prod(math.factorial(len(rows)) for rows in self._rows)

    def every(self, batch: int) -> Iterator[np.ndarray]:
        """Orders of each group in all combinations."""

        def orders() -> Iterator[np.ndarray]:
            for parts in product(*(permutations(rows.tolist()) for rows in self._rows)):
                index = np.empty(self._n_items, dtype=int)
                for rows, part in zip(self._rows, parts, strict=True):
                    index[rows] = part
                yield index

        return _stacks(orders(), batch)

    def random(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Shuffle each group."""
        index = np.empty((size, self._n_items), dtype=int)
        for rows in self._rows:
            index[:, rows] = rng.permuted(np.broadcast_to(rows, (size, len(rows))), axis=1)
        return index

    def describe(self) -> str:
        """In words."""
        if len(self._rows) == 1:
            return f"{self._n_items} items in every order"
        return f"{self._n_items} items shuffled inside {len(self._rows)} groups"


class _OrderedParts:
    """Parts of the items that change places as wholes: orders of the parts, turned into orders of the items."""

    def __init__(self, codes: np.ndarray, n_classes: list[np.ndarray]) -> None:
        # A class is a set of parts that may take each other's place.
        self._codes, self._parts = codes, WithinGroups(_class_of_part(n_classes))

    @property
    def count(self) -> int:
        """Orders of the parts."""
        return self._parts.count

    def every(self, batch: int) -> Iterator[np.ndarray]:
        """All orders of the parts."""
        return (self._items(orders) for orders in self._parts.every(batch))

    def random(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Shuffle the parts."""
        return self._items(self._parts.random(rng, size))

    def _items(self, orders: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class BetweenGroups(_OrderedParts):
    """Whole groups of equal size change places."""

    def __init__(self, codes: np.ndarray) -> None:
        sizes = np.bincount(codes)
        classes = [np.flatnonzero(sizes == size) for size in np.unique(sizes)]
        if all(len(members) == 1 for members in classes):
            raise ValueError(
                f"no two groups have the same size (sizes {sizes[:8].tolist()}), so none can change places; use "
                "'within-groups', or groups of equal size."
            )
        super().__init__(codes, classes)
        self._rows = [np.flatnonzero(codes == code) for code in range(len(sizes))]
        self._lone = sum(len(members) == 1 for members in classes)

    def _items(self, orders: np.ndarray) -> np.ndarray:
        index = np.empty((len(orders), len(self._codes)), dtype=int)
        place = np.empty(len(self._codes), dtype=int)
        start = np.zeros(len(self._rows), dtype=int)
        for code, rows in enumerate(self._rows):
            place[rows] = np.arange(len(rows))
            start[code] = sum(len(other) for other in self._rows[:code])
        joined = np.concatenate(self._rows)
        for code, rows in enumerate(self._rows):
            index[:, rows] = joined[start[orders[:, code]][:, None] + place[rows]]
        return index

    def describe(self) -> str:
        """In words."""
        lone = f" ({self._lone} of a size of their own stay)" if self._lone else ""
        return f"{len(self._rows)} whole groups of equal size exchanged{lone}"


class Blocks(_OrderedParts):
    """Contiguous blocks change places; the last one is shorter where the length does not divide the items."""

    def __init__(self, n_items: int, block_length: int) -> None:
        n_blocks = -(-n_items // block_length) if block_length > 0 else 0
        if n_blocks < 2:
            raise ValueError(
                f"block_length {block_length} cuts {n_items} items into {n_blocks} block(s); use 1 to {n_items // 2} items."
            )
        super().__init__(np.arange(n_items) // block_length, [np.arange(n_blocks)])
        self._length, self._n_blocks = block_length, n_blocks

    def _items(self, orders: np.ndarray) -> np.ndarray:
        position = np.argsort(orders, axis=1)
        return np.argsort(position[:, self._codes], axis=1, kind="stable")

    def describe(self) -> str:
        """In words."""
        return f"{self._n_blocks} contiguous blocks of {self._length} items exchanged"


class CircularShifts:
    """Rotations of a series by at least ``min_shift`` items in both directions, and none."""

    def __init__(self, n_items: int, min_shift: int) -> None:
        if not 1 <= min_shift <= n_items // 2:
            raise ValueError(
                f"min_shift is {min_shift}, but {n_items} items can be shifted by 1 to {n_items // 2} at least; choose the "
                "lag beyond which the series is unrelated to itself."
            )
        self._n_items, self._min_shift = n_items, min_shift
        self.shifts = np.concatenate([[0], np.arange(min_shift, n_items - min_shift + 1)])

    @property
    def count(self) -> int:
        """Allowed shifts and the identity."""
        return len(self.shifts)

    def every(self, batch: int) -> Iterator[np.ndarray]:
        """All shifts."""
        starts = range(0, len(self.shifts), batch)
        return (self._items(self.shifts[start : start + batch]) for start in starts)

    def random(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Draw shifts."""
        return self._items(rng.choice(self.shifts, size=size))

    def describe(self) -> str:
        """In words."""
        return f"{self._n_items} items rotated by {self._min_shift} to {self._n_items - self._min_shift}"

    def _items(self, shifts: np.ndarray) -> np.ndarray:
        return (np.arange(self._n_items) + shifts[:, None]) % self._n_items


def _class_of_part(classes: list[np.ndarray]) -> np.ndarray:
    codes = np.empty(sum(len(members) for members in classes), dtype=int)
    for number, members in enumerate(classes):
        codes[members] = number
    return codes


def _stacks(orders: Iterator[np.ndarray], batch: int) -> Iterator[np.ndarray]:
    while taken := list(islice(orders, batch)):
        yield np.stack(taken)
