"""What the classical motion models share: no weights to learn, exact constants, a table of units."""

import dataclasses
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import UnknownNameError
from ..recording import Recordable
from ..seeding import generator

if TYPE_CHECKING:
    import xarray as xr

UNIT_COLUMNS = {
    "preferred_direction_deg": "degrees, 0 rightward, counter-clockwise",
    "spatial_frequency_cpp": "cycles per pixel of the input",
    "temporal_frequency_cpf": "cycles per frame",
    "speed_ppf": "pixels per frame",
}


class Options:
    """Mixin of a frozen dataclass of options that can be given by name."""

    @classmethod
    def with_options(cls, **options: object) -> Self:
        """Build a configuration; an option that does not exist is an error naming the closest ones."""
        known = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
        for option in options:
            if option not in known:
                raise UnknownNameError.for_name(f"option of {cls.__name__}", option, known, f"All: {', '.join(known)}.")
        return cls(**options)

    def refuse_nonpositive(self, *names: str) -> None:
        """Refuse numbers that are not finite or not above 0.

        Raises
        ------
        ValueError
            Naming the option.
        """
        for name in names:
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} must be above 0, received {getattr(self, name)}.")


class ClassicalModel(Recordable, nn.Module):
    """A motion model that is all constants.

    The constants are computed in double precision. They are rounded to the precision of the module, and computed anew when
    that changes: ``model.double()`` is exact, not the widened single-precision constants.

    Parameters
    ----------
    config
        Frozen dataclass from which the constants follow.
    seed
        Kept for the identity of the model; nothing is drawn from it.

    Attributes
    ----------
    layer_dims : mapping
        Dimensions of one stimulus' activation, by layer.
    """

    input_spec: dict[str, object] = {
        "kind": "array",
        "dims": ("time", "channel", "row", "col"),
        "unit": "luminance, 0 to 1",
    }
    layer_dims: Mapping[str, tuple[str, ...]] = {}
    config: Any

    def __init__(self, config: object, *, seed: int) -> None:
        super().__init__()
        generator(seed)  # refuses what is no seed
        self.config, self.seed = config, seed
        for name, exact in self.constants().items():
            self.register_buffer(name, _rounded(exact, torch.get_default_dtype(), None), persistent=False)

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the constants, in which clips of any precision are answered."""
        return next(held.dtype for held in self.buffers() if held.is_floating_point())

    @abstractmethod
    def constants(self) -> dict[str, np.ndarray]:
        """Constants by name, float64 or whole numbers, from the configuration alone."""

    @abstractmethod
    def units(self, layer: str) -> "xr.Dataset":
        """What each unit of a layer prefers; see `unit_preferences`."""

    def _apply(self, fn: Any, recurse: bool = True) -> Self:
        super()._apply(fn, recurse)
        for name, exact in self.constants().items():
            held: Tensor = getattr(self, name)
            setattr(self, name, _rounded(exact, held.dtype, held.device))
        return self

    def _refuse_layer(self, layer: str, described: Sequence[str]) -> None:
        if layer not in described:
            raise UnknownNameError.for_name(
                f"layer with described units of {self.name or type(self).__name__!r}",
                layer,
                described,
                f"Described: {', '.join(described)}.",
            )


def _rounded(exact: np.ndarray, dtype: torch.dtype, device: torch.device | None) -> Tensor:
    """Numbers in a precision; whole numbers stay what they are."""
    return torch.as_tensor(exact, dtype=dtype if exact.dtype.kind == "f" else torch.int64, device=device)


def unit_preferences(
    direction_deg: np.ndarray,
    spatial_frequency_cpp: np.ndarray | None = None,
    temporal_frequency_cpf: np.ndarray | None = None,
    speed_ppf: np.ndarray | None = None,
    **more: np.ndarray,
) -> "xr.Dataset":
    """Table of what units prefer, one row per unit.

    Parameters
    ----------
    direction_deg
        Direction of motion, degrees, 0 rightward, counter-clockwise; NaN where a unit has none.
    spatial_frequency_cpp, temporal_frequency_cpf
        Cycles per pixel of the input, and per frame; None where a layer has no preferred frequency.
    speed_ppf
        Pixels per frame; by default the ratio of the frequencies where the spatial one is above 0.
    **more
        Further columns.

    Returns
    -------
    xarray.Dataset
        Along ``unit``, the columns of `UNIT_COLUMNS` with their unit, then the further ones.
    """
    import xarray as xr

    # Rounded, so that what is 0 but for rounding is not just below 360.
    direction = np.round(np.asarray(direction_deg, dtype=float), 9) % 360
    nothing = np.full(len(direction), np.nan)
    sf = nothing if spatial_frequency_cpp is None else np.asarray(spatial_frequency_cpp, dtype=float)
    tf = nothing if temporal_frequency_cpf is None else np.asarray(temporal_frequency_cpf, dtype=float)
    if speed_ppf is None:
        speed_ppf = np.divide(tf, sf, out=nothing.copy(), where=sf > 0)
    values = (direction, sf, tf, np.asarray(speed_ppf, dtype=float))
    columns = {
        name: ("unit", value, {"unit": meaning})
        for (name, meaning), value in zip(UNIT_COLUMNS.items(), values, strict=True)
    }
    return xr.Dataset(
        {**columns, **{name: ("unit", value) for name, value in more.items()}},
        coords={"unit": np.arange(len(direction))},
    )
