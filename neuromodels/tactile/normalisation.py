"""Scale of network inputs: as published, or each of the six quantities by its size in the training sweeps."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from torch import Tensor

QUANTITIES = ("Fx", "Fy", "Fz", "Mx", "My", "Mz")


@dataclass(frozen=True)
class Normalisation:
    """What network inputs are divided by, small enough to travel with a trained network.

    The published networks take mN and uN.m as they are, after the cleaning of `simulators.whisker.published_view`:
    that is ``Normalisation()``. Moments in uN.m are larger than forces in mN, so that they dominate the first layer;
    `robust` puts the six quantities on one scale.

    Attributes
    ----------
    scale
        Six divisors, of Fx, Fy, Fz in mN and Mx, My, Mz in uN.m.
    kind
        ``published`` (all 1), ``robust``, or a word of yours.

    Raises
    ------
    ValueError
        If there are not six positive, finite numbers.
    """

    scale: tuple[float, ...] = (1.0,) * 6
    kind: str = "published"

    def __post_init__(self) -> None:
        values = np.asarray(self.scale, dtype=float)
        if values.shape != (6,) or not (np.isfinite(values) & (values > 0)).all():
            raise ValueError(
                f"scale is {self.scale}; give six positive, finite numbers, for {', '.join(QUANTITIES)}."
            )  # fmt: skip
        object.__setattr__(self, "scale", tuple(values.tolist()))

    @classmethod
    def robust(cls, root_mean_squares: np.ndarray) -> "Normalisation":
        """The median over sweeps of the root mean square of each quantity.

        A sweep that went wrong moves it by one rank, however large its forces; sweeps that never touch do not count.

        Parameters
        ----------
        root_mean_squares
            ``(sweep, 6)`` over whiskers and time, of training sweeps.

        Raises
        ------
        ValueError
            If a quantity is zero in all sweeps.
        """
        felt = root_mean_squares > 0
        if not felt.any(axis=0).all():
            name = QUANTITIES[int(np.argmin(felt.any(axis=0)))]
            raise ValueError(
                f"{name} is 0 in all {len(felt)} training sweeps, so that it has no scale; take normalisation "
                "'published', or sweeps that touch."
            )
        medians = [float(np.median(values[there])) for values, there in zip(root_mean_squares.T, felt.T, strict=True)]
        return cls(tuple(medians), "robust")

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> "Normalisation":
        """From what `to_dict` gave.

        Raises
        ------
        ValueError
            If an entry is missing or unknown.
        """
        if set(facts) != {"scale", "kind"}:
            raise ValueError(f"a normalisation has the entries scale and kind, received {sorted(facts)}.")
        return cls(tuple(facts["scale"]), str(facts["kind"]))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self) | {"scale": list(self.scale)}

    def apply(self, x: Tensor) -> Tensor:
        """Inputs ``(..., 30, row, col)``, channel = 6 x frame + quantity, over the scale; as they are if it is 1."""
        if x.ndim < 3 or x.shape[-3] % 6:
            raise ValueError(
                f"x has the shape {tuple(x.shape)}; give (..., channel, row, col) with six quantities a frame."
            )
        if set(self.scale) == {1.0}:
            return x
        return x / x.new_tensor(self.scale).repeat(x.shape[-3] // 6)[:, None, None]
