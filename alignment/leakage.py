"""Does a split leak? Relatives across folds are counted, and what can be predicted from them alone is shown.

What a predictor scores that knows only who is related to whom, and no longer scores under a safe split, is leak; see
`alignment.relatives` for the predictors.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from data.splits import SplitSpec

from .folds import GROUPED, Fold, LeakageWarning, make_folds
from .relatives import (
    NEIGHBOURS,
    Predictor,
    Relations,
    likeness_of_neighbours,
    median_r,
    reach_of_likeness,
    without_means,
)
from .timeline import Timeline

if TYPE_CHECKING:
    import pandas as pd

MAX_NEUROIDS = 100  # evenly spaced ones give the same answer, and it stays cheap
N_PERMUTATIONS = 199
SIGNIFICANT = 0.01
LEAST_LEAK = 0.05  # correlation


@dataclass(frozen=True)
class LeakReport:
    """What `check_leak` found.

    Attributes
    ----------
    split, safe_split
        The split that was asked for, and one that does not leak.
    divided
        Relation to number of test presentations with such a relative in training: ``stimulus`` (the same
        ``stimulus_id``), ``text`` (another id, the same text) and the name of the group.
    n_tested
        Test presentations of all folds.
    autocorrelation, p_value
        Mean correlation of the responses to neighbouring presentations, and its permutation p.
    asked, safe
        Relation to the score of the predictor that knows only this relation, under the two splits: Pearson r, mean over
        folds, median over neuroids. Empty without responses.
    features_asked, features_safe
        The same for ridge regression (penalty 1) from the features, if they were given; NaN otherwise.
    sentence
        The finding in words, empty if there is none.
    """

    split: SplitSpec
    safe_split: SplitSpec
    divided: dict[str, int]
    n_tested: int
    autocorrelation: float = float("nan")
    p_value: float = float("nan")
    asked: dict[str, float] = field(default_factory=dict)
    safe: dict[str, float] = field(default_factory=dict)
    features_asked: float = float("nan")
    features_safe: float = float("nan")
    sentence: str = ""

    @property
    def leaks(self) -> bool:
        """Whether related presentations stand on both sides, so that a score says little."""
        return bool(self.sentence)


def check_leak(
    spec: SplitSpec,
    folds: Sequence[Fold],
    table: "pd.DataFrame",
    responses: np.ndarray | None = None,
    *,
    group: str | None = None,
    time: str | None = None,
    session: str | None = None,
    features: np.ndarray | None = None,
    safe: SplitSpec | None = None,
    seed: int = 0,
    warn: bool = True,
) -> LeakReport:
    """Look for presentations on both sides of a fold that are related, and say what the relation alone predicts.

    A split leaks if it divides a group or the presentations of a stimulus; or if responses to neighbouring
    presentations are alike (permutation p <= 0.01) and neighbours predict better by 0.05 under this split than under
    contiguous blocks. A stratified split is judged on responses without the means of its strata.

    Parameters
    ----------
    spec, folds
        The split and the rows that `make_folds` gave for it.
    table
        One row per presentation.
    responses
        ``(presentation, neuroid)``, finite; None looks at relations only.
    group
        Column of the table whose values mark related stimuli, as the stimulus set declares it.
    time, session
        Columns with the time of presentation and its session; those of ``spec`` unless given. Without them the table is
        one session in order of presentation.
    features
        ``(presentation, feature)`` of a model, to see its score under both splits too.
    safe
        Split to compare with; by default the asked one with its leaks closed.
    seed
        Seed of the 199 shuffled orders against which the likeness of neighbours is judged.
    warn
        Raise a `LeakageWarning` with the sentence.

    References
    ----------
    Feghhi, Hadidi, Song, Blank, Kao 2024 (predictors without content); Kaufman, Rosset, Perlich 2012.
    """
    time, session = time or spec.time, session or spec.session
    relations = Relations.of(table, group, time, session)
    divided = relations.divided(folds)
    n_tested = sum(len(fold.test) for fold in folds)
    if responses is None:
        closed = safe or _closed(spec, table, relations, divided)
        found = LeakReport(spec, closed, divided, n_tested)
        return _spoken(found, _folds_if_possible(closed, table)[1], warn) if divided else found
    values = _thinned(responses, len(table))
    if spec.stratify is not None:
        values = without_means(values, np.unique(table[spec.stratify].to_numpy(), return_inverse=True)[1])
    likeness, p_value = likeness_of_neighbours(values, relations, N_PERMUTATIONS, seed)
    closed = safe or _closed(spec, table, relations, divided)
    if (
        safe is None
        and not divided
        and p_value <= SIGNIFICANT
        and spec.scheme not in GROUPED
        and not relations.repeated
    ):
        n_splits = max(2, min(spec.n_splits or 5, relations.line.shortest_session() // 2))
        closed = _blocks(n_splits, values, relations.line, time, session, spec.embargo)
    safe_folds, no_safe = _folds_if_possible(closed, table)
    predictors = relations.predictors(divided)
    from_features = None if features is None else _ridge(features)
    found = LeakReport(
        spec,
        closed,
        divided,
        n_tested,
        likeness,
        p_value,
        {name: median_r(predict, values, folds) for name, predict in predictors.items()},
        {name: median_r(predict, values, safe_folds) for name, predict in predictors.items()},
        float("nan") if from_features is None else median_r(from_features, values, folds),
        float("nan") if from_features is None else median_r(from_features, values, safe_folds),
    )
    gained = found.asked[NEIGHBOURS] - np.nan_to_num(found.safe[NEIGHBOURS])
    parted = p_value <= SIGNIFICANT and gained > LEAST_LEAK
    return _spoken(found, no_safe, warn) if divided or parted else found


def safe_split(
    table: "pd.DataFrame",
    responses: np.ndarray | None = None,
    *,
    group: str | None = None,
    time: str | None = None,
    session: str | None = None,
    n_splits: int = 5,
    seed: int = 0,
) -> SplitSpec:
    """The split to use where none is named: one that cannot leak.

    Whole groups where the stimuli are grouped; contiguous blocks with an embargo where times are known or responses to
    neighbouring presentations are alike; otherwise shuffled folds. Presentations of a stimulus always stay together.

    Parameters
    ----------
    table
        One row per presentation, in order of presentation unless ``time`` is named.
    responses
        ``(presentation, neuroid)``, finite; without them only the table is looked at.
    group
        Column that marks related stimuli (passage, story, movie), or None.
    time, session
        Columns with the time of presentation and its session, or None.
    n_splits
        Folds; one fold per group if there are fewer groups.
    seed
        Seed of the shuffling.
    """
    if group is not None and table[group].nunique() > 1:
        if table[group].nunique() < n_splits:
            return SplitSpec(f"each-{group}", "leave-one-group-out", group=group)
        return SplitSpec(f"{group}{n_splits}", "group-kfold", n_splits, seed, group)
    shuffled = SplitSpec(f"kfold{n_splits}", "kfold", n_splits, seed)
    relations = Relations.of(table, None, time, session)
    timed = time is not None or session is not None
    if relations.repeated or (responses is None and not timed):
        return shuffled
    values = np.zeros((len(table), 0)) if responses is None else _thinned(responses, len(table))
    p_value = likeness_of_neighbours(values, relations, N_PERMUTATIONS, seed)[1]
    alike = p_value <= SIGNIFICANT
    blocks = _blocks(n_splits, values if alike else None, relations.line, time, session, 0)
    if timed or not alike:
        return blocks if timed else shuffled
    report = check_leak(shuffled, make_folds(shuffled, table), table, values, safe=blocks, seed=seed, warn=False)
    return blocks if report.leaks else shuffled


def _blocks(
    n_splits: int, values: np.ndarray | None, line: Timeline, time: str | None, session: str | None, embargo: float
) -> SplitSpec:
    """Contiguous blocks, with an embargo as long as responses are alike but no longer than a third of a block."""
    if values is not None:
        longest = max(1, line.shortest_session() // (3 * n_splits))
        embargo = max(embargo, _in_units(reach_of_likeness(values, line, longest), line, time))
    return SplitSpec(f"blocks{n_splits}", "blocks", n_splits, time=time, session=session, embargo=embargo)


def _thinned(responses: np.ndarray, n_rows: int) -> np.ndarray:
    values = np.asarray(responses, dtype=float)
    if values.ndim != 2 or len(values) != n_rows:
        raise ValueError(
            f"responses must be (presentation, neuroid) with the {n_rows} rows of the table, received {values.shape}; "
            "average repetitions, or give the table a row for each."
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"responses hold {int((~np.isfinite(values)).sum())} NaN or infinite values; leave out such neuroids first."
        )
    chosen = np.unique(np.linspace(0, values.shape[1] - 1, min(values.shape[1], MAX_NEUROIDS)).astype(int))
    return values[:, chosen]


def _in_units(reach: int, line: Timeline, time: str | None) -> float:
    """Presentations as an embargo of a split: rows, or the time they usually last."""
    if time is None or reach == 0:
        return float(reach)
    order = line.order()
    steps = np.diff(line.time[order])[np.diff(line.session[order]) == 0]
    return float(reach * np.median(steps)) if len(steps) else 0.0


def _closed(spec: SplitSpec, table: "pd.DataFrame", relations: Relations, divided: dict[str, int]) -> SplitSpec:
    """The asked split with every divided relation kept together."""
    n_splits = spec.n_splits or 5
    if relations.group is not None and relations.group_name in divided and relations.group.max() > 0:
        return safe_split(table, group=relations.group_name, n_splits=n_splits, seed=spec.seed)
    if "stimulus" in divided or "text" in divided:
        if spec.scheme in ("kfold", "shuffle", "stratified-kfold", "stratified-shuffle"):
            return replace(spec, name=f"{spec.name}, repeats together", repeats="together")
        return SplitSpec(f"kfold{n_splits}", "kfold", n_splits, spec.seed)
    return spec


def _ridge(features: np.ndarray) -> Predictor:
    from sklearn.linear_model import Ridge

    x = np.asarray(features, dtype=float)

    def predict(values: np.ndarray, fold: Fold) -> np.ndarray:
        fitted = Ridge(alpha=1.0).fit(x[fold.train], values[fold.train])
        return np.asarray(fitted.predict(x[fold.test])).reshape(len(fold.test), -1)

    return predict


def _folds_if_possible(spec: SplitSpec, table: "pd.DataFrame") -> tuple[list[Fold], str]:
    """Folds, or none and the reason."""
    try:
        return make_folds(spec, table), ""
    except ValueError as error:
        return [], str(error)


def _spoken(report: LeakReport, no_safe: str, warn: bool) -> LeakReport:
    """The report with its sentence, said aloud if that is asked for."""
    spec, safe = report.split, report.safe_split
    parts = []
    for name, number in report.divided.items():
        relation = {"stimulus": "another presentation of their stimulus", "text": "another stimulus of the same text"}
        what = relation.get(name, f"a sibling of their {name}")
        parts.append(f"{number} of {report.n_tested} test presentations have {what} in training")
    if not report.divided:
        parts.append(
            f"responses to neighbouring presentations are alike (r {report.autocorrelation:.2f}, permutation p "
            f"{report.p_value:.3f}) and its folds part neighbours"
        )
    numbers = _number_words(report)
    message = (
        f"split {spec.name!r} leaks: {'; '.join(parts)}, which inflates scores without any knowledge of the stimuli. "
        f"{numbers}{f'No split of this table avoids it: {no_safe}' if no_safe else f'Use {safe.describe()}.'}"
    )
    if warn:
        warnings.warn(message, LeakageWarning, stacklevel=3)
    return replace(report, sentence=message)


def _number_words(report: LeakReport) -> str:
    if not report.asked:
        return ""
    # Of several relations the one is told that gains most.
    name = max(report.asked, key=lambda key: report.asked[key] - np.nan_to_num(report.safe[key]))
    knows = {
        NEIGHBOURS: "which presentations are neighbours",
        "stimulus": "which presentations show the same stimulus",
    }.get(name, f"which presentations share a {name}")
    sentence = (
        f"A predictor that knows only {knows} scores {report.asked[name]:.3f} under it and {report.safe[name]:.3f} under "
        f"split {report.safe_split.name!r}"
    )
    if np.isfinite(report.features_asked):
        sentence += f", the given features {report.features_asked:.3f} and {report.features_safe:.3f}"
    return f"{sentence}. "
