"""A report of scores: one HTML page that needs no network, every figure as PNG and SVG, every number as CSV and JSON."""

import hashlib
import html
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from data.atomic import atomic_path

from .figure_files import FigureFiles
from .result import Score
from .sections import anchor, overview, section
from .tables import brought_performance, label, section_name

STYLESHEET = Path(__file__).with_name("report.css")
PAGE = "report.html"


def report(
    scores: Sequence[Score],
    out_dir: str | Path,
    *,
    performance: Mapping[str, float] | None = None,
    performance_label: str = "task performance",
) -> Path:
    """Write the report of some scores.

    Parameters
    ----------
    scores
        At least one; grouped by benchmark on the page. A score that is given twice counts once.
    out_dir
        Folder for ``report.html``, ``scores.json``, ``figures/*.{png,svg,csv}`` and ``scores/*.nc``. Each file is replaced
        only when its successor is complete.
    performance
        Model name, or ``name seed N``, to its performance in a task: drawn against alignment, with a fit from four
        models on. If None, the performance that the models themselves brought, where at least two have the same kind.
    performance_label
        What the performance is, with its unit.

    Returns
    -------
    Path
        The HTML page.
    """
    if not scores:
        raise ValueError("report needs at least one score, received none.")
    out_dir = Path(out_dir)
    unique = {file_stem(score): score for score in scores}
    scores = list(unique.values())
    groups: dict[str, list[Score]] = {}
    for score in scores:
        groups.setdefault(section_name(score, scores), []).append(score)
        save_score(score, out_dir)
    if performance is None:
        performance, performance_label = brought_performance(scores)
    known = {key for score in scores for key in (label(score), str(score.provenance["model"]))}
    if performance and not known & set(performance):
        warnings.warn(
            f"no performance is given for any of {', '.join(sorted(known))}; received {', '.join(performance)}. The scatter is "
            "left out.",
            stacklevel=2,
        )
    files = FigureFiles(out_dir / "figures")
    sections = [overview(scores, files)] if len(groups) > 1 else []
    for name, group in groups.items():
        sections.append(section(name, group, files, performance or {}, performance_label))
    rows = [json.loads(score.to_json()) for score in scores]
    _write(out_dir / "scores.json", json.dumps(rows, indent=1))
    page = out_dir / PAGE
    _write(page, _page(list(groups), sections))
    return page


def save_score(score: Score, out_dir: str | Path) -> Path:
    """Write one score below a report's folder, where `load_scores` finds it; returns the file."""
    return score.save(Path(out_dir) / "scores" / f"{file_stem(score)}.nc")


def load_scores(folder: str | Path) -> list[Score]:
    """All scores below a folder, in the order of their file names.

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    paths = sorted(Path(folder).rglob("*.nc"))
    if not paths:
        raise FileNotFoundError(
            f"no scores (.nc) below {folder}; write some with `neuromodels score ... --out {folder}`."
        )
    scores = []
    for path in paths:
        try:
            scores.append(Score.load(path))
        except ValueError as error:
            warnings.warn(f"left out: {error}", stacklevel=2)
    if not scores:
        raise FileNotFoundError(f"none of the {len(paths)} .nc files below {folder} is a score.")
    return scores


def file_stem(score: Score) -> str:
    """File name of a score: benchmark, split, model, seed."""
    facts = score.provenance
    parts = [facts["benchmark"], facts["split"], facts["model"], f"seed{facts.get('model_seed')}"]
    # What was measured, not how it was called: rounded, so that another machine's last bits give the same name.
    measured = np.round(np.nan_to_num(score.data["raw"].values, nan=-9), 6) + 0.0
    settings = [facts.get(key) for key in ("metric", "benchmark_version", "scoring_seed", "n_boot", "stimuli_sha256")]
    identity = [*parts, facts["model_revision"], score.layers, facts.get("files"), settings, measured.tobytes().hex()]
    parts.append(hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:8])
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", "__".join(map(str, parts)))


def _page(names: list[str], sections: list[str]) -> str:
    links = "".join(f'<li><a href="#{anchor(n)}">{html.escape(n)}</a></li>' for n in names)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Alignment report</title><style>{STYLESHEET.read_text(encoding='utf-8')}</style></head><body>"
        f"<h1>Alignment report</h1><ul class='contents'>{links}</ul>" + "\n".join(sections) + "</body></html>\n"
    )


def _write(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
