"""What every solid has in common."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

if TYPE_CHECKING:
    from .bvh import Hierarchy


@dataclass(frozen=True)
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
        If the offset or the friction is negative or not finite.
    """

    kind: ClassVar[int]

    contact_offset_mm: float = field(default=0.0, kw_only=True)
    friction: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.contact_offset_mm) and self.contact_offset_mm >= 0):
            raise ValueError(f"contact_offset_mm is {self.contact_offset_mm}; it must be finite and not negative.")
        if self.friction is not None and not (math.isfinite(self.friction) and self.friction >= 0):
            raise ValueError(f"friction is {self.friction}; it must be finite and not negative, or None.")
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
            values = np.atleast_1d(np.asarray(getattr(self, name), dtype=float))
            if not (np.isfinite(values).all() and (values > 0).all()):
                raise ValueError(
                    f"{name} of {type(self).__name__} is {getattr(self, name)}; it must be positive and finite."
                )

    def _need_count(self, name: str, count: int) -> None:
        values = getattr(self, name)
        if np.shape(values) != (count,):
            raise ValueError(f"{name} of {type(self).__name__} is {values}; it takes {count} numbers.")
