"""A report of scores: one HTML page that needs no network, with every figure as PNG and every number as JSON."""

import base64
import hashlib
import html
import io
import json
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from data.atomic import atomic_path

from .result import NESTED, Score, without_nan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLESHEET = Path(__file__).with_name("report.css")
PAGE = "report.html"


def report(scores: Sequence[Score], out_dir: str | Path) -> Path:
    """Write the report of some scores.

    Parameters
    ----------
    scores
        At least one; grouped by benchmark on the page.
    out_dir
        Folder for ``report.html``, ``scores.json``, ``figures/*.png`` and ``scores/*.nc``. Each file is replaced only
        when its successor is complete.

    Returns
    -------
    Path
        The HTML page.
    """
    if not scores:
        raise ValueError("report needs at least one score, received none.")
    out_dir = Path(out_dir)
    groups: dict[str, list[Score]] = {}
    for score in scores:
        groups.setdefault(str(score.provenance["benchmark"]) + _split_suffix(score), []).append(score)
        save_score(score, out_dir)
    sections = [_section(name, group, out_dir) for name, group in groups.items()]
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
    identity = [*parts, facts["model_revision"], score.layers, facts.get("files")]
    if facts["model_revision"] == "not keyed":
        identity.append(score.data["raw"].values.tobytes().hex())
    parts.append(hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:8])
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", "__".join(map(str, parts)))


def _split_suffix(score: Score) -> str:
    return f" (split {score.provenance['split']})"


def _write(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _figure(ax: "Axes", path: Path) -> str:
    """Save a figure as PNG and return it as an image element that carries its own data."""
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    assert isinstance(ax.figure, Figure)
    ax.figure.savefig(buffer, format="png", dpi=130)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getvalue())
    code = base64.b64encode(buffer.getvalue()).decode()
    return f'<img src="data:image/png;base64,{code}" alt="{html.escape(path.stem.replace("-", " "))}">'


def _section(name: str, scores: list[Score], out_dir: Path) -> str:
    import matplotlib.style
    from matplotlib import rc_context

    from .plots import STYLE, plot_layers, plot_neuroids, plot_scores

    stem = re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")
    folder = out_dir / "figures"
    with rc_context(), matplotlib.style.context(STYLE):
        main = _figure(plot_scores(scores), folder / f"{stem}-scores.png")
        layers = _figure(plot_layers(scores), folder / f"{stem}-layers.png")
        several = scores[0].data.sizes["neuroid"] > 1
        neuroids = _figure(plot_neuroids(scores[0]), folder / f"{stem}-neuroids.png") if several else ""
    first = scores[0]
    facts = first.provenance
    synthetic = '<p class="synthetic">Synthetic data: this tests the method and says nothing about brains.</p>'
    parts = [
        f'<section id="{stem}"><h2>{html.escape(name)}</h2>',
        synthetic if facts.get("synthetic") else "",
        f'<p class="sizes">{facts["n_presentations"]} presentations, {first.data.sizes["neuroid"]} neuroid(s), '
        f"{first.data.sizes['split']} folds. {html.escape(str(facts['dataset_notes']))}</p>",
        f"<p>{html.escape(_verdict(scores))}</p>",
        _warnings(scores),
        f"<figure>{main}<figcaption>Headline layer of each model, the null models of the first one, and the ceiling. "
        "Nothing is clipped.</figcaption></figure>",
        _table(scores),
        f'<div class="pair"><figure>{layers}<figcaption>Every layer that was scored; colours follow the order '
        "of the figure above.</figcaption></figure>",
        f"<figure>{neuroids}<figcaption>Neuroids of {html.escape(facts['model'])}, {html.escape(first.headline)}."
        "</figcaption></figure></div>"
        if several
        else "</div><p class='sizes'>One neuroid: there is no distribution over neuroids to show.</p>",
        "<h3>Protocol</h3><ol>" + "".join(f"<li>{html.escape(step)}</li>" for step in first.protocol) + "</ol>",
        _published(facts.get("published", [])),
        _provenance(scores),
        "</section>",
    ]
    return "\n".join(part for part in parts if part)


def _verdict(scores: list[Score]) -> str:
    """What the numbers say, in a sentence: the mean over seeds against the strongest null."""
    first = scores[0]
    raws = [score.row(score.headline)["raw"] for score in scores]
    nulls = {name: first.baseline_row(name)["raw"] for name in first.baselines}
    strongest = max(nulls, key=lambda name: nulls[name])
    if len(scores) == 1:
        mine = f"raw r {raws[0]:.3f}"
    else:
        mine = (
            f"raw r {sum(raws) / len(raws):.3f} on average ({min(raws):.3f} to {max(raws):.3f} over {len(raws)} scores)"
        )
    behind = all(raw <= nulls[strongest] for raw in raws)
    relation = "No score here exceeds" if behind else "At least one score here exceeds"
    return f"The headline is {mine}. {relation} the strongest null, {strongest}, at {nulls[strongest]:.3f}."


def _table(scores: list[Score]) -> str:
    head = (
        "<tr><th>model</th><th>seed</th><th>layer</th><th>raw r</th><th>95 % interval</th><th>ceiling</th>"
        "<th>ceiled</th><th>95 % interval</th><th>penalty</th></tr>"
    )
    body = []
    for score in scores:
        for layer in score.layers:
            name = f"{layer} ★" if layer == score.headline else layer
            seed = score.provenance.get("model_seed")
            body.append(_row(score.row(layer), [score.provenance["model"], "" if seed is None else seed, name]))
    for null in scores[0].baselines:
        body.append(_row(scores[0].baseline_row(null), ["null model", "", null], "null"))
    note = "★ headline layer. " + (
        f"<em>{NESTED}</em>: the layer is chosen in each fold on training rows only, so it carries no selection bias. "
        if NESTED in scores[0].layers
        else ""
    )
    return (
        f'<div class="wide"><table>{head}{"".join(body)}</table></div><p class="sizes">{note}Penalty: median over folds and '
        "neuroids; ‡ marks the edge of the grid in some fits.</p>"
    )


def _row(row: dict, lead: list, kind: str = "") -> str:
    def number(value: float | None) -> str:
        return "–" if value is None else f"{value:.3f}"

    row = without_nan(row)
    edge = " ‡" if row["alpha_at_edge"] else ""
    ceiled_interval = (
        "–" if row["ceiled_ci_low"] is None else f"{number(row['ceiled_ci_low'])} … {number(row['ceiled_ci_high'])}"
    )
    cells = [
        *map(html.escape, map(str, lead)),
        number(row["raw"]),
        f"{number(row['ci_low'])} … {number(row['ci_high'])}",
        number(row["ceiling"]),
        number(row["ceiled"]),
        ceiled_interval,
        f"{row['alpha_chosen']:.3g}{edge}",
    ]
    return f'<tr class="{kind}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _warnings(scores: list[Score]) -> str:
    seen = list(dict.fromkeys(note for score in scores for note in score.warnings))
    items = "".join(f"<li>{html.escape(note)}</li>" for note in seen)
    return f'<ul class="warnings">{items}</ul>' if seen else ""


def _published(numbers: list[dict]) -> str:
    if not numbers:
        return ""
    rows = "".join(
        f"<tr><td>{html.escape(n['model'])}</td><td>{n['value']:.3f}</td><td>{html.escape(n['what'])}</td>"
        f"<td>{html.escape(n['source'])}</td></tr>"
        for n in numbers
    )
    return (
        "<h3>Published numbers</h3><p class='sizes'>Other protocols, for orientation only.</p><div class='wide'><table>"
        f"<tr><th>model</th><th>value</th><th>what</th><th>source</th></tr>{rows}</table></div>"
    )


def _provenance(scores: list[Score]) -> str:
    blocks = "".join(
        f"<h4>{html.escape(file_stem(score))}</h4><pre>{html.escape(json.dumps(score.provenance, indent=1))}</pre>"
        for score in scores
    )
    return f"<details><summary>Provenance ({len(scores)} scores)</summary>{blocks}</details>"


def _page(names: list[str], sections: list[str]) -> str:
    links = "".join(
        f'<li><a href="#{re.sub(r"[^A-Za-z0-9.]+", "-", n).strip("-")}">{html.escape(n)}</a></li>' for n in names
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Alignment report</title><style>{STYLESHEET.read_text(encoding='utf-8')}</style></head><body>"
        f"<h1>Alignment report</h1><ul class='contents'>{links}</ul>" + "\n".join(sections) + "</body></html>\n"
    )
