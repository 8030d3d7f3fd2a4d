"""Recordings in the shapes that published tactile networks take."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import xarray as xr

Layout = Literal["whiskers", "grid", "network"]
Reduce = Literal["stride", "mean"]
Missing = Literal["refuse", "zero"]

ROWS = "ABCDE"
N_COLUMNS = 7
CHANNELS = ("Fx", "Fy", "Fz", "Mx", "My", "Mz")
N_FRAMES = 110
FRAMES_PER_STEP = 5
# The 30 whiskers of one side of the mouse array, in the order of the published files.
POSITIONS = tuple(
    f"{row}{column}" for row, n in zip(ROWS, (5, 5, 7, 7, 6), strict=True) for column in range(n)
)  # fmt: skip
# mN and uN.m; what is larger counts as lost in the published cleaning.
LIMIT = 1000.0


def published_view(
    record: xr.Dataset,
    layout: Layout = "network",
    *,
    side: Literal["right", "left"] = "right",
    reduce: Reduce = "stride",
    missing: Missing = "refuse",
    cleaning: bool = False,
) -> xr.DataArray:
    """Forces and moments of one side in a published layout.

    The published files count the start of a run as row 0. Of T rows other than 110 they keep 1, 1 + s, 1 + 2 s, ...
    with s = T // 110, that is the intervals that end at 1, 1 + s, ... sample times. A record that has no row at time 0
    therefore begins with its first interval.

    Parameters
    ----------
    record
        ``force`` and ``moment`` (time, whisker, axis).
    layout
        ``whiskers``: (time, 30, 6), every interval, channels Fx, Fy, Fz, Mx, My, Mz. ``grid``: (110, 35, 6), rows A to
        E by columns 0 to 6, zero where there is no whisker. ``network``: (22, 30, 5, 7), five frames a step, channel
        6 x frame + quantity.
    side
        Whiskers that are read. A left array is put on the grid as it is, not mirrored.
    reduce
        ``stride`` keeps one interval of every s, as published; ``mean`` averages over all of them.
    missing
        ``refuse`` takes exactly the 30 whiskers A0-A4, B0-B4, C0-C6, D0-D6, E0-E5. ``zero`` fills in zeros for those
        that are absent, and on the grid also takes others that have a place there: the rat array has E1-E6, so E0 is
        zero and E6 is not.
    cleaning
        NaN becomes 0; values beyond 1000 mN or uN.m take the value before them in time, 0 at the start.

    Returns
    -------
    xr.DataArray
        In mN and uN.m, with ``rate_hz`` of its first axis in the attributes.

    Raises
    ------
    ValueError
        If an option or unit is unknown, whiskers are missing or have no place, or the record is shorter than 110
        intervals.

    References
    ----------
    Chung, Shen, Kong and Nayebi (2025), arXiv 2505.18361: arrays of 110 frames and 5 x 7 places, 22 steps of 5 frames.
    """
    _require("layout", layout, ("whiskers", "grid", "network"))
    _require("side", side, ("right", "left"))
    _require("reduce", reduce, ("stride", "mean"))
    _require("missing", missing, ("refuse", "zero"))
    rate_hz = float(record.attrs["rate_hz"])
    values = np.concatenate([_in_unit(record, "force", "mN"), _in_unit(record, "moment", "uN.m")], axis=-1)
    if layout != "whiskers":
        values, every = _frames(values, bool(record["time"].values[0] == 0), reduce)
        rate_hz /= every
    if cleaning:
        values = _cleaned(values)
    names = [str(name) for name in record["whisker"].values]
    letter = side[0].upper()
    coords: dict[str, Sequence[str] | Sequence[int]]
    if layout == "whiskers":
        placed = _placed(values, names, letter, POSITIONS, missing)
        coords = {"whisker": [letter + position for position in POSITIONS], "channel": list(CHANNELS)}
        return _labelled(placed, ("time", "whisker", "channel"), rate_hz, coords)
    grid = tuple(f"{row}{column}" for row in ROWS for column in range(N_COLUMNS))
    placed = _placed(values, names, letter, grid, missing)
    if layout == "grid":
        return _labelled(placed, ("time", "place", "channel"), rate_hz, {"place": grid, "channel": list(CHANNELS)})
    steps = placed.reshape(-1, FRAMES_PER_STEP, len(ROWS), N_COLUMNS, len(CHANNELS))
    network = steps.transpose(0, 1, 4, 2, 3).reshape(len(steps), -1, len(ROWS), N_COLUMNS)
    channels = [f"{channel}.{frame}" for frame in range(FRAMES_PER_STEP) for channel in CHANNELS]
    coords = {"channel": channels, "row": list(ROWS), "col": list(range(N_COLUMNS))}
    return _labelled(network, ("time", "channel", "row", "col"), rate_hz / FRAMES_PER_STEP, coords)


def _require(what: str, received: str, known: Sequence[str]) -> None:
    if received not in known:
        raise ValueError(f"{what} {received!r} is not known; give one of {', '.join(known)}.")


def _in_unit(record: xr.Dataset, name: str, unit: str) -> np.ndarray:
    """Values (time, whisker, 3) in the unit of the published files."""
    known = {"mN": {"mN": 1.0, "N": 1e3}, "uN.m": {"uN.m": 1.0, "N m": 1e6}}[unit]
    values, received = record[name].transpose("time", "whisker", "axis"), record[name].attrs.get("unit")
    if received not in known:
        raise ValueError(f"{name} has the unit {received!r}; a view is made from {' or '.join(known)}.")
    return np.asarray(values.values if received == unit else values.values * known[received])


def _frames(values: np.ndarray, starts_at_zero: bool, reduce: Reduce) -> tuple[np.ndarray, int]:
    """110 frames of (time, ...), and how many intervals lie between them."""
    n_rows = len(values)
    if n_rows < N_FRAMES:
        raise ValueError(
            f"the record has {n_rows} intervals; this layout needs {N_FRAMES}: simulate longer or at a higher rate."
        )
    if n_rows == N_FRAMES:
        return values, 1
    intervals = values[1:] if starts_at_zero else values
    if reduce == "stride":
        every = n_rows // N_FRAMES
        return intervals[::every][:N_FRAMES], every
    every = len(intervals) // N_FRAMES
    spans = intervals[: N_FRAMES * every].reshape(N_FRAMES, every, *values.shape[1:])
    return spans.mean(axis=1), every


def _cleaned(values: np.ndarray) -> np.ndarray:
    """Published cleaning along time: NaN to 0, then the last value within the limit, 0 before the first."""
    values = np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf)
    kept = np.abs(values) <= LIMIT
    order = np.arange(1, len(values) + 1).reshape(-1, *[1] * (values.ndim - 1))
    last = np.maximum.accumulate(np.where(kept, order, 0), axis=0)
    return np.take_along_axis(np.concatenate([np.zeros_like(values[:1]), values]), last, axis=0)


def _placed(
    values: np.ndarray, names: Sequence[str], letter: str, places: Sequence[str], missing: Missing
) -> np.ndarray:
    """Whiskers (time, whisker, channel) at their places (time, place, channel), zero elsewhere."""
    chosen = {name[1:]: index for index, name in enumerate(names) if name[0] == letter}
    absent = [letter + position for position in POSITIONS if position not in chosen]
    allowed = places if missing == "zero" else POSITIONS
    strange = [letter + position for position in chosen if position not in allowed]
    if strange:
        raise ValueError(
            f"whisker {strange[0]} has no place in this view; take it out with "
            "array.subset(...)" + ("." if missing == "zero" else ", or use layout 'grid' or 'network' and missing='zero'.")
        )  # fmt: skip
    if absent and missing == "refuse":
        raise ValueError(
            f"{len(absent)} of the 30 whiskers of this view are not in the record, {absent[0]} first; "
            "simulate them, or give missing='zero'."
        )
    if not chosen:
        raise ValueError(f"the record has no whisker whose name begins with {letter}; choose the other side.")
    placed = np.zeros((len(values), len(places), values.shape[-1]), dtype=values.dtype)
    for position, index in chosen.items():
        placed[:, places.index(position)] = values[:, index]
    return placed


def _labelled(
    values: np.ndarray, dims: tuple[str, ...], rate_hz: float, coords: Mapping[str, Sequence[str] | Sequence[int]]
) -> xr.DataArray:
    attrs = {"unit": "mN (F), uN.m (M)", "rate_hz": rate_hz}
    return xr.DataArray(
        values, dims=dims, coords={name: np.array(labels) for name, labels in coords.items()}, attrs=attrs
    )
