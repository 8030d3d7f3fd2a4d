"""From spikes to firing rates: one number per trial and unit, in the window up to the animal's choice."""

from pathlib import Path
from typing import Literal, get_args

import numpy as np
import xarray as xr

from ..assembly import make_responses
from .nwb import POSITIONS, SHAPES, SessionRecord, read_nwb

Window = Literal["start to choice", "touch to choice"]
Unusable = Literal["refuse", "leave out", "keep"]
BIN_S = 0.045
UNIT = "spikes/s"
# One order for all sessions and animals, so that a row is one stimulus everywhere.
CANONICAL_ORDER = tuple(f"{shape} {position}" for shape in SHAPES for position in POSITIONS)


class UnusableSessionError(ValueError):
    """A session that cannot be compared with others.

    Attributes
    ----------
    reason
        Which and why, without what to do about it.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"{reason}, but all six stimuli are needed; leave such sessions out with unusable='leave out' (`neuromodels "
            "score ... --set unusable='leave out'`)."
        )


def read_session(
    path: str | Path, *, window: Window = "start to choice", unusable: Unusable = "refuse"
) -> xr.DataArray:
    """Firing rates of one session of DANDI 000231.

    With N spikes of a unit in [begin, choice) and n = ceil((choice - begin) / 45 ms) bins, the rate is the mean count of a
    bin over its width, N / n / 0.045 s. The last bin may reach beyond the choice, where no spike counts.

    Parameters
    ----------
    path
        NWB file, named ``<animal>_<session>_behavior+ecephys+image.nwb``.
    window
        Whether the window begins with the trial or with the first touch; in the latter case trials without a touch have
        no window and are left out.
    unusable
        Units without a single spike: ``"refuse"``; ``"leave out"`` and name them in ``attrs["left_out"]``; or ``"keep"``
        with rates of 0.

    Returns
    -------
    xarray.DataArray
        ``(presentation, neuroid)`` [spikes/s], presentations in the order of the trials; with ``stimulus_id``,
        ``repetition``, ``trial_id`` and ``first_touch_s`` per presentation, ``neuroid_id``, ``unit_id``, ``subject``,
        ``session`` and ``region`` per neuroid. ``attrs["sha256"]`` is the hash of what was read.

    Raises
    ------
    ValueError
        As `read_nwb`; if one of the six stimuli was never shown; for units without spikes.

    References
    ----------
    Rodgers 2022, Scientific Data 9:620. Chung et al. 2025, arXiv:2505.18361 (bins of 45 ms up to the choice).
    """
    _check_options(window, unusable)
    return session_rates(read_nwb(path), Path(path).name, window=window, unusable=unusable)


def session_rates(
    record: SessionRecord, source: str, *, window: Window = "start to choice", unusable: Unusable = "refuse"
) -> xr.DataArray:
    """Firing rates of one session in memory; see `read_session`.

    Parameters
    ----------
    record
        Trials and spikes.
    source
        Where they are from, for ``attrs["source"]``.
    window, unusable
        See `read_session`.
    """
    _check_options(window, unusable)
    begin = record.start_s if window == "start to choice" else record.first_touch_s
    rows = np.flatnonzero(np.isfinite(begin) & (begin < record.choice_s))
    stimulus = record.stimulus[rows]
    absent = [name for name in CANONICAL_ORDER if name not in stimulus]
    if absent:
        raise UnusableSessionError(
            f"session {record.session} of {record.animal} has no usable trial of {', '.join(absent)}"
        )
    units = _units_with_spikes(record, unusable)
    rates = _rates([record.spikes_s[unit] for unit in units], begin[rows], record.choice_s[rows])
    unit_id = record.unit_id[units]
    repetition = np.array([(stimulus[:row] == name).sum() for row, name in enumerate(stimulus)])
    responses = make_responses(
        rates,
        presentation={
            "stimulus_id": stimulus,
            "repetition": repetition,
            "trial_id": record.trial_id[rows],
            "first_touch_s": record.first_touch_s[rows],
        },
        neuroid={
            "neuroid_id": [f"{record.animal}.{record.session}.{unit}" for unit in unit_id],
            "unit_id": unit_id,
            "subject": np.full(len(units), record.animal),
            "session": np.full(len(units), record.session),
            "region": np.full(len(units), "barrel cortex"),
        },
        unit=UNIT,
    )
    silent = [
        f"unit {unit} of {record.animal} {record.session} has no spike" for unit in np.delete(record.unit_id, units)
    ]
    responses.attrs.update(
        window=window, bin_ms=1000 * BIN_S, sha256=record.sha256, left_out="; ".join(silent), source=source
    )
    return responses


def _check_options(window: str, unusable: str) -> None:
    for name, value, kinds in (("window", window, Window), ("unusable", unusable, Unusable)):
        if value not in get_args(kinds):
            raise ValueError(f"{name} must be one of {', '.join(get_args(kinds))}, received {value!r}.")


def _units_with_spikes(record: SessionRecord, unusable: Unusable) -> np.ndarray:
    silent = np.array([len(spikes) == 0 for spikes in record.spikes_s])
    if unusable == "keep":
        return np.arange(len(silent))
    if silent.all() or (silent.any() and unusable == "refuse"):
        first = record.unit_id[np.flatnonzero(silent)[0]]
        raise ValueError(
            f"{int(silent.sum())} of {len(silent)} units of session {record.session} of {record.animal} have no spike (first: "
            f"unit {first}), so that nothing can correlate with them; leave them out with unusable='leave out'."
        )
    return np.flatnonzero(~silent)


def _rates(spikes: list[np.ndarray], begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """``(trial, unit)`` [spikes/s]."""
    counts = np.stack([np.searchsorted(one, end) - np.searchsorted(one, begin) for one in spikes], axis=1)
    n_bins = np.ceil((end - begin) / BIN_S)
    return counts / n_bins[:, None] / BIN_S
