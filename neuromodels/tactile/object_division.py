"""Which objects are for training, validation and test: an object with all its sweeps is in one part only."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")
# What the parts are called in folders of published sets.
_ALSO = {"validate": "validation", "val": "validation"}


@dataclass(frozen=True)
class ObjectDivision:
    """Objects of each part, by id.

    Attributes
    ----------
    train, validation, test
        Ids; none twice.

    Raises
    ------
    ValueError
        If an object is named twice, in one part or in two.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def __post_init__(self) -> None:
        where: dict[str, str] = {}
        for part in PARTS:
            ids = tuple(str(one) for one in getattr(self, part))
            object.__setattr__(self, part, ids)
            for one in ids:
                if one in where:
                    raise ValueError(
                        f"object {one!r} is in {where[one]} and again in {part}; an object with all its sweeps belongs "
                        "to one part: name it once."
                    )
                where[one] = part

    @classmethod
    def by_category(
        cls, categories: Mapping[str, str], fractions: Sequence[float] = (0.8, 0.1, 0.1), *, seed: int = 0
    ) -> "ObjectDivision":
        """Divide the objects of every category alike.

        The objects of a category are put in the order of a hash of seed and id; the first go to the test, the next to
        validation, the rest to training. Shares are rounded, and each part that is asked for gets at least one object
        of every category. The order of the objects, and sweeps that are added to them, change nothing; an object that
        is added changes its own category only. A threshold on the hash alone would be stable under new objects too,
        but parts would have random sizes, and a rare category would be missing from some: where objects are still to
        come, save the division (`save`) and give it back.

        Parameters
        ----------
        categories
            Object id to category.
        fractions
            Shares of training, validation and test, which add up to 1; 0 leaves a part empty.
        seed
            Of the hash.

        Raises
        ------
        ValueError
            If the shares do not add up to 1, or a category has fewer objects than there are parts.
        """
        shares = tuple(float(share) for share in fractions)
        if len(shares) != len(PARTS) or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
            raise ValueError(
                f"fractions are {tuple(fractions)}; give three shares that add up to 1, for training, validation and test."
            )
        members: dict[str, list[str]] = {}
        for one, category in categories.items():
            members.setdefault(category, []).append(one)
        needed = sum(share > 0 for share in shares)
        short = {category: len(ids) for category, ids in sorted(members.items()) if len(ids) < needed}
        if short:
            category, n_objects = next(iter(short.items()))
            others = f", and {len(short) - 1} more categories have too few" if len(short) > 1 else ""
            raise ValueError(
                f"category {category!r} has {n_objects} of the {needed} objects that it needs, one for each part{others}; "
                "simulate more objects, give a share of 0 to a part, or leave the category out."
            )
        parts: dict[str, list[str]] = {part: [] for part in PARTS}
        for _, ids in sorted(members.items()):
            ordered = sorted(ids, key=lambda one: hashlib.sha256(f"{seed}/{one}".encode()).digest())
            n_train, n_validation, n_test = _sizes(len(ids), shares)
            parts["test"] += ordered[:n_test]
            parts["validation"] += ordered[n_test : n_test + n_validation]
            parts["train"] += ordered[n_test + n_validation :]
        return cls(**{part: tuple(sorted(ids)) for part, ids in parts.items()})

    @classmethod
    def from_lists(cls, lists: Mapping[str, Sequence[str]]) -> "ObjectDivision":
        """From part to ids; ``validate`` and ``val`` also mean validation, and a part that is not named is empty.

        Raises
        ------
        ValueError
            If a part is unknown, or an object is named twice.
        """
        named: dict[str, tuple[str, ...]] = dict.fromkeys(PARTS, ())
        for given, ids in lists.items():
            part = _ALSO.get(given, given)
            if part not in named:
                raise ValueError(f"part {given!r} is not known; objects are listed for {', '.join(PARTS)}.")
            if isinstance(ids, str):
                raise ValueError(f"the objects of {given!r} are one text, {ids!r}; give a list of ids.")
            named[part] += tuple(ids)
        return cls(**named)

    @classmethod
    def load(cls, path: str | Path) -> "ObjectDivision":
        """Read what `save` wrote: a JSON object of part to list of ids.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file holds something else.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(
                f"the division of objects {path} is no file; write one with ObjectDivision.save, or leave the division out "
                "and objects are divided by category."
            )
        try:
            lists = json.loads(Path(path).read_text(encoding="utf-8"))
        except ValueError:
            lists = None
        if not isinstance(lists, dict) or not all(isinstance(ids, list) for ids in lists.values()):
            raise ValueError(f"{path} is no division of objects; give JSON with a list of ids for {', '.join(PARTS)}.")
        return cls.from_lists(lists)

    def save(self, path: str | Path) -> Path:
        """Write the ids of each part as JSON, whole or not at all."""
        path = Path(path)
        new = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            new.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
            os.replace(new, path)
        finally:
            new.unlink(missing_ok=True)
        return path

    def part_of(self) -> dict[str, Part]:
        """Object id to its part."""
        return {one: part for part in PARTS for one in getattr(self, part)}


def _sizes(n_objects: int, shares: tuple[float, ...]) -> list[int]:
    """Objects of each part; at least one where there is a share, otherwise rounding favours training."""
    sizes = [0, *(max(1, round(share * n_objects)) if share > 0 else 0 for share in shares[1:])]
    least = int(shares[0] > 0)
    while n_objects - sum(sizes) < least:
        sizes[sizes.index(max(sizes))] -= 1
    if not least:
        # Without training every object is held out, also where both shares were rounded down.
        sizes[sizes.index(max(sizes))] += n_objects - sum(sizes)
    sizes[0] = n_objects - sum(sizes)
    return sizes
