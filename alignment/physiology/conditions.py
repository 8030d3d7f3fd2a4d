"""Responses put in order: trials of equal conditions together, their means, resamples, and what is worth a note."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from ..inference import draw_interval, small_sample_factor

# Facts that make two stimuli different conditions; all others (phase, seed, repetition) only make trials of one condition.
FACTS = (
    "kind",
    "direction_deg",
    "spatial_frequency_cpd",
    "temporal_frequency_hz",
    "speed_deg_per_s",
    "contrast",
    "coherence",
    "angle_deg",
    "experiment",
)
Variables = dict[str, tuple[str | tuple[str, ...], np.ndarray]]
DIMS = (("stimulus", "unit"), ("stimulus", "repeat", "unit"))
FLAT = 1e-10  # a unit whose condition means differ by a smaller share of the largest is constant


@dataclass(frozen=True, eq=False)
class Conditions:
    """Trials in their conditions.

    Attributes
    ----------
    axes
        Name of an axis to the value of every condition, ``(condition,)``.
    code
        ``(trial,)`` number of each trial's condition.
    trials
        ``(trial, unit)`` responses; NaN where a unit was not recorded.
    blanks
        ``(trial, unit)`` responses to a picture without contrast; empty if there were none.
    units
        Coordinates along ``unit``, as in the responses.
    facts
        ``name`` and ``unit`` of the responses where they state them.
    notes
        What a reader should know; `finish` writes them out.
    """

    axes: dict[str, np.ndarray]
    code: np.ndarray
    trials: np.ndarray
    blanks: np.ndarray
    units: dict[str, xr.DataArray]
    facts: dict[str, str]
    notes: list[str] = field(default_factory=list)

    @property
    def n_conditions(self) -> int:
        """Number of conditions."""
        return len(next(iter(self.axes.values())))

    @property
    def counts(self) -> np.ndarray:
        """``(condition,)`` trials of each condition."""
        return np.bincount(self.code, minlength=self.n_conditions)

    @property
    def repeated(self) -> bool:
        """Whether every condition has two trials or more, so that intervals can be drawn."""
        return bool((self.counts > 1).all())

    @property
    def factor(self) -> float:
        """How much wider the intervals must be because conditions have few trials."""
        spare = int((self.counts - 1).sum())
        return small_sample_factor(spare + 1, n_tested=float(self.n_conditions / (1 / self.counts).sum()))

    def means(self) -> np.ndarray:
        """``(condition, unit)`` mean response."""
        return self.weighted(np.ones((1, len(self.code))))[0]

    def weighted(self, weights: np.ndarray) -> np.ndarray:
        """``(draw, condition, unit)`` means of trials that count ``(draw, trial)`` times."""
        known = np.isfinite(self.trials)
        values = np.where(known, self.trials, 0.0)
        found = np.empty((len(weights), self.n_conditions, self.trials.shape[1]))
        for condition in range(self.n_conditions):
            rows = self.code == condition
            share = weights[:, rows]
            with np.errstate(invalid="ignore", divide="ignore"):
                found[:, condition] = share @ values[rows] / (share @ known[rows].astype(float))
        return found

    def draws(self, n_boot: int, seed: int) -> np.ndarray:
        """``(boot, condition, unit)`` means over trials resampled inside their condition; empty without repeats."""
        if not self.repeated or n_boot < 1:
            return np.empty((0, self.n_conditions, self.trials.shape[1]))
        return self.weighted(stratified_weights(self.code, n_boot, seed))

    def blank(self) -> np.ndarray:
        """``(unit,)`` mean response to the blank; NaN if there was none."""
        if not len(self.blanks):
            return np.full(self.trials.shape[1], np.nan)
        return known_mean(self.blanks)

    def blank_draws(self, n_boot: int, seed: int) -> np.ndarray:
        """``(boot, unit)`` resampled blank responses; the mean itself where there is one trial or none."""
        if len(self.blanks) < 2:
            return np.broadcast_to(self.blank(), (n_boot, self.trials.shape[1]))
        weights = stratified_weights(np.zeros(len(self.blanks), int), n_boot, seed + 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(weights @ np.nan_to_num(self.blanks) / (weights @ np.isfinite(self.blanks).astype(float)))

    def constant(self) -> np.ndarray:
        """``(unit,)`` whether a unit answers every condition alike, or not at all; adds a note where some do."""
        means = self.means()
        with np.errstate(invalid="ignore"):
            varies = np.ptp(means, axis=0) > FLAT * np.abs(means).max(axis=0)
        if not varies.all():
            self.notes.append(
                f"{int((~varies).sum())} of {len(varies)} units answer all conditions alike and have no tuning: NaN."
            )
        return ~varies

    def finish(self, variables: Mapping[str, object], coords: Mapping[str, object], **facts: object) -> xr.Dataset:
        """The analysis' Dataset, with the units' coordinates and the notes."""
        if not self.repeated:
            self.notes.append("Not every condition was shown twice or more, so there are no intervals.")
        attrs = {"n_units": self.trials.shape[1], "n_trials": len(self.trials), **facts, **self.facts}
        found = xr.Dataset(variables, coords={**self.units, **coords}, attrs=attrs)
        found.attrs["notes"] = " ".join(dict.fromkeys(self.notes))
        return found


def known_mean(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is finite; NaN where nothing is."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0))


def stratified_weights(code: np.ndarray, n_boot: int, seed: int) -> np.ndarray:
    """``(boot, trial)`` counts of each trial in resamples with replacement inside its own condition."""
    rng = np.random.default_rng(seed)
    weights = np.empty((n_boot, len(code)))
    for condition in np.unique(code):
        rows = np.flatnonzero(code == condition)
        weights[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=n_boot)
    return weights


def trial_table(responses: xr.DataArray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Responses ``(trial, unit)`` and the facts of each trial's stimulus, ``(trial,)``; trials without any number are left out.

    Raises
    ------
    ValueError
        If the dimensions are others, or nothing is left.
    """
    if set(responses.dims) not in [set(dims) for dims in DIMS]:
        hint = "; average over time first" if "time" in responses.dims else ""
        raise ValueError(
            f"responses must be (stimulus, unit) or (stimulus, repeat, unit), received {tuple(responses.dims)}{hint}."
        )
    n_repeats = responses.sizes.get("repeat", 1)
    ordered = responses.transpose("stimulus", ..., "unit")
    values = np.asarray(ordered.values, dtype=float).reshape(-1, responses.sizes["unit"])
    facts = {
        str(name): np.repeat(coord.values, n_repeats)
        for name, coord in responses.coords.items()
        if coord.dims == ("stimulus",)
    }
    if np.isinf(values).any():
        raise ValueError("responses hold infinite values; mend the model or the recording first.")
    shown = np.isfinite(values).any(axis=1)
    if not shown.any():
        raise ValueError("responses hold no number at all; check what was recorded.")
    return values[shown], {name: column[shown] for name, column in facts.items()}


def arrange(
    responses: xr.DataArray, axes: Sequence[str], *, average_over: Sequence[str] = (), blank_is_condition: bool = False
) -> Conditions:
    """Sort trials into conditions.

    Parameters
    ----------
    responses
        ``(stimulus, unit)`` or ``(stimulus, repeat, unit)`` with coordinates along ``stimulus``.
    axes
        Coordinates whose values make the conditions.
    average_over
        Further facts that may differ among the trials of one condition.
    blank_is_condition
        Whether stimuli of contrast 0 stay among the conditions instead of apart.

    Raises
    ------
    ValueError
        If a coordinate is missing, a stimulus lacks its value, or trials of one condition differ in another fact.
    """
    values, facts = trial_table(responses)
    is_blank = np.zeros(len(values), bool)
    if not blank_is_condition and "contrast" in facts:
        is_blank = np.asarray(facts["contrast"], float) == 0
    blanks, values = values[is_blank], values[~is_blank]
    facts = {name: column[~is_blank] for name, column in facts.items()}
    for name in axes:
        if name not in facts:
            raise ValueError(
                f"responses have no coordinate {name!r} along 'stimulus'; they have {', '.join(sorted(facts)) or 'none'}."
            )
        if lacking := int((~_stated(facts[name])).sum()):
            raise ValueError(
                f"{lacking} of {len(values)} trials state no {name}; keep those that do with `select_stimuli`."
            )
    if not len(values):
        raise ValueError("all stimuli have contrast 0; give some that can be seen.")
    keys = [np.unique(facts[name], return_inverse=True) for name in axes]
    code = np.ravel_multi_index([k[1].ravel() for k in keys], [len(k[0]) for k in keys])
    present, code = np.unique(code, return_inverse=True)
    places = np.unravel_index(present, [len(k[0]) for k in keys])
    for name in FACTS:
        if name in facts and name not in axes and name not in average_over:
            _refuse_mixture(name, facts[name], code.ravel(), axes)
    return Conditions(
        axes={name: key[0][place] for name, key, place in zip(axes, keys, places, strict=True)},
        code=code.ravel(),
        trials=values,
        blanks=blanks,
        units={str(name): coord for name, coord in responses.coords.items() if coord.dims == ("unit",)},
        facts={"responses": str(responses.attrs["unit"])} if "unit" in responses.attrs else {},
    )


def bounded(
    name: str, value: np.ndarray, draws: np.ndarray, factor: float, dims: tuple[str, ...] = ("unit",)
) -> Variables:
    """A variable and the bounds of its 95 % interval, NaN where there are no draws."""
    if not len(draws):
        low = high = np.full(np.shape(value), np.nan)
    else:
        low, high = draw_interval(draws, value, factor=factor)
    known = np.isfinite(value)
    return {
        name: (dims, value),
        f"{name}_low": (dims, np.where(known, low, np.nan)),
        f"{name}_high": (dims, np.where(known, high, np.nan)),
    }


def bounded_angle(name: str, degrees: np.ndarray, draws: np.ndarray, factor: float, period: float = 360.0) -> Variables:
    """As `bounded` for an angle; its bounds turn with it and may pass the ends of the circle."""
    turned = degrees + (draws - degrees + period / 2) % period - period / 2
    return bounded(name, degrees, turned, factor)


def _stated(column: np.ndarray) -> np.ndarray:
    return column != "" if column.dtype.kind in "US" else np.isfinite(column.astype(float))


def _refuse_mixture(name: str, column: np.ndarray, code: np.ndarray, axes: Sequence[str]) -> None:
    # Rounding makes codes of what float arithmetic left unequal by a hair (speeds from frequencies).
    plain = column if column.dtype.kind in "US" else np.round(np.nan_to_num(column.astype(float), nan=-1e30), 9)
    numbers = np.unique(plain, return_inverse=True)[1].ravel()
    first = np.zeros(int(code.max()) + 1, int)
    first[code[::-1]] = numbers[::-1]
    if (numbers != first[code]).any():
        seen = np.unique(column)[:5].tolist()
        raise ValueError(
            f"trials of equal {' and '.join(axes)} differ in {name} ({seen}); keep one with `select_stimuli`, or pass "
            f"average_over=({name!r},)."
        )
