"""What every solid has in common."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from ..numbers_given import array_of_numbers, refuse_negative, refuse_not_positive

if TYPE_CHECKING:
    from .bvh import Hierarchy


@dataclass(frozen=True, eq=False)  # else solids with arrays, which have no equality of their own, would inherit one
class Solid(ABC):
    """A rigid body that whiskers touch, in a frame of its own.

    Parameters
    ----------
    contact_offset_mm
        Contact begins at this distance from the surface.
    friction
        Coefficient of friction against whiskers; None for the default of the mechanics.

    Raises
    ------
    ValueError
        If the offset or the friction is no number, negative or not finite, or the sizes make no solid.
    """

    kind: ClassVar[int]

    contact_offset_mm: float = field(default=0.0, kw_only=True)
    friction: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        refuse_negative(f"contact_offset_mm of {type(self).__name__}", self.contact_offset_mm)
        if self.friction is not None:
            refuse_negative(f"friction of {type(self).__name__}", self.friction)
        self._check()

    def _check(self) -> None:  # noqa: B027 - a plane has nothing to refuse
        """Refuse sizes that make no solid."""

    @abstractmethod
    def bounds_mm(self) -> np.ndarray:
        """Lower and upper corner of the box around the solid, (2, 3), mm."""

    @abstractmethod
    def surface(self) -> tuple[np.ndarray, np.ndarray]:
        """Triangles for pictures: corners (V, 3) in mm and their indices (F, 3), counter-clockwise from outside."""

    @abstractmethod
    def kernel_parameters(self) -> tuple[float, ...]:
        """Numbers that compiled code needs, at most `kinds.N_PARAMETERS`."""

    def hierarchy(self) -> "Hierarchy | None":
        """Triangles for compiled code; None where the solid has a formula."""
        return None

    def mirrored(self) -> Self:
        """The mirror image under x -> -x."""
        return self

    def _need_positive(self, *names: str) -> None:
        for name in names:
            refuse_not_positive(f"{name} of {type(self).__name__}", getattr(self, name))

    def _need_numbers(self, name: str, count: int) -> None:
        """Turn a field into a tuple of so many floats."""
        values = getattr(self, name)
        numbers = array_of_numbers(f"{name} of {type(self).__name__}", values)
        if numbers.shape != (count,) or not np.isfinite(numbers).all():
            raise ValueError(f"{name} of {type(self).__name__} is {values}; it takes {count} finite numbers.")
        object.__setattr__(self, name, tuple(numbers.tolist()))

    def _need_positive_numbers(self, name: str, count: int) -> None:
        self._need_numbers(name, count)
        if min(getattr(self, name)) <= 0:
            raise ValueError(
                f"{name} of {type(self).__name__} is {getattr(self, name)}; each of the {count} must be positive."
            )
