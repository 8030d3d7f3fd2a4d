"""Recordings of whole animals: their sessions side by side, in one order of the stimuli or in that of the released loader."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from .sessions import CANONICAL_ORDER, Unusable, UnusableSessionError, Window, read_session

PATTERN = "**/*behavior+ecephys+image.nwb"
DIMS = ("repetition", "stimulus", "neuroid")


def load_animals(
    folder: str | Path,
    *,
    as_released: bool = False,
    window: Window = "start to choice",
    unusable: Unusable = "refuse",
) -> dict[str, xr.DataArray]:
    """Firing rates of every animal in a folder of NWB files of DANDI 000231.

    Parameters
    ----------
    folder
        Folder that holds ``<animal>/<animal>_<session>_behavior+ecephys+image.nwb``, as the DANDI client writes it.
    as_released, window
        See `stack_sessions` and `read_session`.
    unusable
        Sessions that cannot be used and units without spikes: ``"refuse"`` them, or ``"leave out"`` and say in
        ``attrs["left_out"]`` which and why. ``"keep"`` refuses sessions, but no units.

    Returns
    -------
    dict of str to xarray.DataArray
        Animal to ``(repetition, stimulus, neuroid)`` [spikes/s], animals and sessions sorted by name. Together:
        `pool_animals`.

    Raises
    ------
    ValueError
        If there is no such file, and as `read_session`.
    """
    paths = session_files(folder)
    if not paths:
        raise ValueError(f"{folder} holds no file {PATTERN}; download them with `dandi download DANDI:000231`.")
    sessions, left_out = read_sessions(paths, window=window, unusable=unusable)
    animals = {}
    for name, found in sorted(sessions.items()):
        if not found:
            raise ValueError(
                f"none of the {len(left_out[name])} sessions of {name} can be used; the first: {left_out[name][0]}. To go on "
                f"without {name}, move its files out of {folder}."
            )
        animals[name] = stack_sessions(found, as_released=as_released)
        reasons = [animals[name].attrs["left_out"], *left_out[name]]
        animals[name].attrs["left_out"] = "; ".join(filter(None, reasons))
    return animals


def read_sessions(
    paths: Sequence[Path], *, window: Window = "start to choice", unusable: Unusable = "refuse"
) -> tuple[dict[str, list[xr.DataArray]], dict[str, list[str]]]:
    """Sessions of every animal, and why each of those that are not among them was left out.

    Parameters
    ----------
    paths
        NWB files; an animal's sessions stand in this order.
    window, unusable
        See `load_animals`.

    Returns
    -------
    dict of str to list of xarray.DataArray, dict of str to list of str
        By animal, the same animals in both.
    """
    sessions: dict[str, list[xr.DataArray]] = {}
    left_out: dict[str, list[str]] = {}
    for path in paths:
        animal = path.name.partition("_")[0]
        mine, reasons = sessions.setdefault(animal, []), left_out.setdefault(animal, [])
        try:
            mine.append(read_session(path, window=window, unusable=unusable))
        except UnusableSessionError as error:
            if unusable != "leave out":
                raise
            reasons.append(error.reason)
        except ValueError as error:
            if unusable != "leave out":
                raise
            reasons.append(str(error).removesuffix("."))
    return sessions, left_out


def session_files(folder: str | Path) -> list[Path]:
    """NWB files of the sessions in a folder, sorted by name."""
    return sorted(Path(folder).glob(PATTERN), key=lambda path: path.name)


def stack_sessions(sessions: Sequence[xr.DataArray], *, as_released: bool = False) -> xr.DataArray:
    """Sessions of one animal as one array, their units side by side.

    Parameters
    ----------
    sessions
        From `read_session`, in the order in which their units are to stand.
    as_released
        False: repetition r of a stimulus is the r-th trial of each session that showed it, NaN after the last; stimuli
        stand in `CANONICAL_ORDER`. True: the array that the released loader of Chung et al. makes. Every trial is a
        repetition of its own, with 0 for the five stimuli that it did not show, and the stimuli of each session stand in
        the order in which they first appeared, so that a row mixes different stimuli as soon as there are two sessions:
        the coordinate ``stimulus_order`` says which. Only for comparison with published numbers.

    Returns
    -------
    xarray.DataArray
        ``(repetition, stimulus, neuroid)`` [spikes/s]; NaN where a session has fewer repetitions than the longest.

    References
    ----------
    Chung et al. 2025, arXiv:2505.18361.
    """
    if not sessions:
        raise ValueError("stack_sessions received no session; give at least one from read_session.")
    names = [f"{one['subject'].values[0]} {one['session'].values[0]}" for one in sessions]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"session {twice[0]} is given {names.count(twice[0])} times; remove the copies of its file.")
    return _side_by_side([_released(one) if as_released else _canonical(one) for one in sessions])


def pool_animals(animals: Mapping[str, xr.DataArray]) -> xr.DataArray:
    """All animals as one population: their units side by side.

    Raises
    ------
    ValueError
        If the animals saw different stimuli, or the same in another order.
    """
    if not animals:
        raise ValueError("pool_animals received no animal; give at least one from load_animals.")
    (first, reference), *others = animals.items()
    for name, one in others:
        if not np.array_equal(one["stimulus_id"].values, reference["stimulus_id"].values):
            raise ValueError(
                f"{name} has the stimuli {', '.join(one['stimulus_id'].values)}, but {first} has "
                f"{', '.join(reference['stimulus_id'].values)}; pool only animals with the same stimuli in one order."
            )
    return _side_by_side(list(animals.values()))


def _canonical(session: xr.DataArray) -> xr.DataArray:
    place = np.array([CANONICAL_ORDER.index(name) for name in session["stimulus_id"].values])
    repetition = session["repetition"].values
    values = np.full((repetition.max() + 1, len(CANONICAL_ORDER), session.sizes["neuroid"]), np.nan)
    values[repetition, place] = session.values
    return _cube(session, values, list(CANONICAL_ORDER))


def _released(session: xr.DataArray) -> xr.DataArray:
    order = list(dict.fromkeys(session["stimulus_id"].values.tolist()))
    place = [order.index(name) for name in session["stimulus_id"].values]
    values = np.zeros((len(session), len(order), session.sizes["neuroid"]))
    values[np.arange(len(session)), place] = session.values
    cube = _cube(session, values, [f"place {number}" for number in range(len(order))])
    return cube.assign_coords(stimulus_order=("neuroid", np.full(session.sizes["neuroid"], ", ".join(order))))


def _cube(session: xr.DataArray, values: np.ndarray, stimulus_ids: list[str]) -> xr.DataArray:
    coords = {
        str(key): ("neuroid", coord.values) for key, coord in session.coords.items() if coord.dims == ("neuroid",)
    }
    coords["stimulus_id"] = ("stimulus", np.array(stimulus_ids))
    attrs = {key: session.attrs[key] for key in ("unit", "window", "bin_ms", "left_out")}
    attrs["sha256"] = f"{session.attrs['source']} {session.attrs['sha256']}"
    return xr.DataArray(values, dims=DIMS, coords=coords, name="responses", attrs=attrs)


def _side_by_side(cubes: list[xr.DataArray]) -> xr.DataArray:
    longest = max(cube.sizes["repetition"] for cube in cubes)
    padded = [cube.pad(repetition=(0, longest - cube.sizes["repetition"])) for cube in cubes]
    whole = xr.concat(padded, "neuroid", combine_attrs="override", coords="minimal", compat="override", join="override")
    for key in ("left_out", "sha256"):
        whole.attrs[key] = "; ".join(cube.attrs[key] for cube in cubes if cube.attrs[key])
    return whole
