"""What a report says of one benchmark, and of several: figures, tables, protocol and provenance as HTML."""

import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .figure_files import FigureFiles
from .result import NESTED, Score, without_nan
from .tables import (
    label,
    layers_table,
    matrix_table,
    neuroids_table,
    performance_table,
    scores_table,
    subjects_table,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MOST_MATRICES = 12  # scores whose layers and animals are drawn; the saved scores hold all
MOST_SPREADS = 4  # scores whose neuroids are drawn one by one; the CSV of scores holds all


def anchor(name: str) -> str:
    """Name as it stands in links and file names."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")


def _styled(draw: "Callable[[], Axes]") -> "Axes":
    import matplotlib.style
    from matplotlib import rc_context

    from .plots import STYLE

    with rc_context(), matplotlib.style.context(STYLE):
        return draw()


def overview(scores: Sequence[Score], files: FigureFiles) -> str:
    """Models against benchmarks."""
    from .plots import plot_matrix

    table = matrix_table(scores).reset_index()
    figure = files.add(
        "overview-matrix",
        _styled(lambda: plot_matrix(scores)),
        table,
        "Headline value of each model (mean over seeds) on each benchmark. Columns have units of their own and are not to be "
        "averaged.",
    )
    return f"<section><h2>Models and benchmarks</h2>{figure}</section>"


def section(
    name: str,
    scores: list[Score],
    files: FigureFiles,
    performance: Mapping[str, float],
    performance_label: str,
) -> str:
    """All that is known of the scores on one benchmark."""
    first = scores[0]
    facts = first.provenance
    synthetic = '<p class="synthetic">Synthetic data: this tests the method and says nothing about brains.</p>'
    n_neuroids = facts.get("n_neuroids_compared", first.data.sizes["neuroid"])
    sizes = (
        f"{facts['n_presentations']} stimuli, {f'{n_neuroids} neuroid(s) of ' if n_neuroids else ''}"
        f"{len(set(first.data['subject'].values.tolist()))} subject(s), {facts.get('n_missing_responses', 0)} missing "
        f"responses, {first.data.sizes['split']} fold(s)."
    )
    parts = [
        f'<section id="{anchor(name)}"><h2>{html.escape(name)}</h2>',
        synthetic if facts.get("synthetic") else "",
        f'<p class="sizes">{sizes} {html.escape(str(facts["dataset_notes"]))}</p>',
        f"<p>{html.escape(_verdict(scores))}</p>",
        _warnings(scores),
        *_figures(anchor(name), scores, files, performance, performance_label),
        "<h3>Protocol</h3><ol>" + "".join(f"<li>{html.escape(step)}</li>" for step in first.protocol) + "</ol>",
        _published(facts.get("published", [])),
        _provenance(scores),
        "</section>",
    ]
    return "\n".join(part for part in parts if part)


def _figures(
    stem: str, scores: list[Score], files: FigureFiles, performance: Mapping[str, float], performance_label: str
) -> list[str]:
    from . import plots

    first = scores[0]
    several = first.data.sizes["neuroid"] > 1
    fitted = first.fitted
    main = files.add(
        f"{stem}-scores",
        _styled(lambda: plots.plot_scores(scores)),
        scores_table(scores),
        "Headline layer of each model, the null models of the first one, and the ceiling. Nothing is clipped.",
    )
    details = [
        files.add(
            f"{stem}-layers",
            _styled(lambda: plots.plot_layers(scores)),
            layers_table(scores),
            "Every layer that was scored; one colour per score.",
        )
    ]
    for number, score in enumerate(scores[:MOST_SPREADS] if several and fitted else []):
        details += _spread(f"{stem}-{number + 1}" if number else stem, score, files)
    if len(set(first.data["subject"].values.tolist())) > 1:
        details.append(
            files.add(
                f"{stem}-subjects",
                _styled(lambda: plots.plot_subjects(scores)),
                subjects_table(scores),
                "Every animal or person: median over its neuroids; bar: mean over subjects.",
            )
        )
    table = performance_table(scores, performance) if performance else None
    if table is not None and len(table):
        details.append(
            files.add(
                f"{stem}-performance",
                _styled(lambda: plots.plot_performance(scores, performance, what=performance_label)),
                table,
                "Alignment against performance; line and 95 % band by least squares, interval of r by Fisher's z.",
            )
        )
    if "matrix_score" in first.data:
        for number, score in enumerate(scores[:MOST_MATRICES]):
            details += _layer_target_figures(f"{stem}-{number + 1}" if number else stem, score, files)
        if len(scores) > MOST_MATRICES:
            details.append(
                f"<p class='sizes'>Matrices of the first {MOST_MATRICES} of {len(scores)} scores are drawn.</p>"
            )
    else:
        details += _relation_figures(stem, first, files)
    one = "" if several else "<p class='sizes'>One neuroid: there is no distribution over neuroids to show.</p>"
    return [main, _table(scores), f'<div class="pair">{"".join(details)}</div>{one}']


def _spread(stem: str, score: Score, files: FigureFiles) -> list[str]:
    """Neuroids of one score against their ceilings, and how they are spread."""
    from . import plots

    who = html.escape(f"{label(score)}, {score.headline}")
    table = neuroids_table(score)
    return [
        files.add(f"{stem}-neuroids", _styled(lambda: plots.plot_neuroids(score)), table, f"Neuroids of {who}."),
        files.add(
            f"{stem}-histogram",
            _styled(lambda: plots.plot_histogram(score)),
            table,
            f"Spread over neuroids, {who}; the headline is the mean over subjects of their medians.",
        ),
    ]


def _layer_target_figures(stem: str, score: Score, files: FigureFiles) -> list[str]:
    """Every layer against every animal, the maximum under permutation, and the RDMs."""
    import pandas as pd

    from .layer_target import plots

    matrix, who = score.layer_target, html.escape(label(score))
    others = score.data["other_animals"].values
    columns = {
        name: np.asarray(values).ravel()
        for name, values in zip(
            ("layer", "target"), np.meshgrid(matrix.layers, matrix.targets, indexing="ij"), strict=True
        )
    }
    entries = {"score": matrix.values, "p": matrix.p, "p_corrected": matrix.p_corrected, "raw": matrix.raw}
    table = pd.DataFrame(columns | {name: values.ravel() for name, values in entries.items()})
    animals = score.data["neuroid_id"].values.astype(str)
    reference = pd.DataFrame({"layer": "other animals", "target": animals, "score": others})
    of_layers = dict(zip(matrix.layers, score.data["relation_model"].values, strict=False))  # without the nested one
    of_animals = dict(zip(animals.tolist(), score.data["relation_subject"].values, strict=True))
    stimuli = score.provenance["stimuli"]
    return [
        files.add(
            f"{stem}-layer-target",
            _styled(lambda: plots.plot_layer_target(matrix, others=others)),
            pd.concat([table, reference]),
            f"Every layer of {who} with every animal, corrected for noise; bold: p up to {plots.SIGNIFICANT:g}, corrected for "
            "the whole matrix. Below the line: all other animals as a model.",
        ),
        files.add(
            f"{stem}-maximum",
            _styled(lambda: plots.plot_null_maximum(matrix)),
            pd.DataFrame({"largest": matrix.null_maxima}),
            f"The largest entry, {who}, beside the largest when the model's stimuli are exchanged.",
        ),
        files.add(
            f"{stem}-rdms",
            _styled(lambda: plots.plot_rdms([of_layers, of_animals], stimuli)),
            pd.DataFrame(of_layers | of_animals),
            f"Dissimilarities (1 - r): layers of {who}, then animals; each in colours of its own range. Columns as rows.",
        ),
    ]


def _relation_figures(stem: str, score: Score, files: FigureFiles) -> list[str]:
    """Matrices of a similarity: the model's headline layer and the mean of the subjects."""
    import pandas as pd

    if "relation_model" not in score.data:
        return []
    from .similarity import plot_rdm, plot_rdm_comparison

    layer = score.best_layer()["layer"] if score.headline == NESTED else score.headline
    model = score.data["relation_model"].isel(layer=score.layers.index(layer)).values
    brain = score.data["relation_subject"].mean("neuroid").values
    table = pd.DataFrame({"model": model, "mean_of_subjects": brain})
    who = html.escape(f"{label(score)}, {layer}")
    return [
        files.add(f"{stem}-rdm-model", _styled(lambda: plot_rdm(model)), table[["model"]], f"Dissimilarities, {who}."),
        files.add(
            f"{stem}-rdm-brain",
            _styled(lambda: plot_rdm(brain)),
            table[["mean_of_subjects"]],
            "Dissimilarities, mean of the subjects.",
        ),
        files.add(
            f"{stem}-rdm-comparison",
            _styled(
                lambda: plot_rdm_comparison(model, brain, names=(f"{label(score)}, {layer}", "mean of the subjects"))
            ),
            table,
            "Each pair of stimuli: model against mean of the subjects.",
        ),
    ]


def _verdict(scores: list[Score]) -> str:
    """What the numbers say: the headline, what is left over the strongest null, and what a maximum over layers means."""
    first = scores[0]
    raws = [score.row(score.headline)["raw"] for score in scores]
    nulls = {name: first.baseline_row(name)["raw"] for name in first.baselines}
    strongest = max(nulls, key=lambda name: nulls[name])
    mine = f"raw {first.symbol} {raws[0]:.3f}"
    if len(scores) > 1:
        mine = (
            f"raw {first.symbol} {sum(raws) / len(raws):.3f} on average ({min(raws):.3f} to {max(raws):.3f} over "
            f"{len(raws)} scores)"
        )
    over = [score.over_null(strongest) for score in scores]
    n_over = sum(one["ci_low"] > 0 for one in over)
    against = f"The strongest null is {strongest} at {nulls[strongest]:.3f}"
    if len(scores) == 1:
        found = over[0]
        relation = (
            f"{against}; paired over the same resamples the headline differs from it by {found['difference']:.3f} "
            f"[{found['ci_low']:.3f}, {found['ci_high']:.3f}]."
        )
    else:
        relation = (
            f"{against}; paired over the same resamples {n_over} of {len(scores)} headlines lie above it with an interval "
            "that excludes 0."
        )
    ps = [p for p in (score.p() for score in scores) if p == p]
    chance = f" Permuted labels reach it with p = {ps[0]:.3g}." if len(scores) == 1 and ps else ""
    if len(scores) > 1 and ps:
        chance = f" Permuted labels reach it with p between {min(ps):.3g} and {max(ps):.3g}."
    return f"The headline is {mine}. {relation}{chance}{_largest_layer(first)}"


def _largest_layer(score: Score) -> str:
    best = score.best_layer()
    if best["n_layers"] == 1:
        return ""
    words = f" The largest of {best['n_layers']} layers of {label(score)} is {best['layer']} at {best['raw']:.3f}: a maximum"
    if without_nan(best["p_max"]) is None:
        return words + ", which is biased upwards."
    return words + f"; with permuted labels that maximum averages {best['null_maximum']:.3f} (p = {best['p_max']:.3g})."


def _table(scores: list[Score]) -> str:
    head = (
        f"<tr><th>model</th><th>seed</th><th>layer</th><th>raw {scores[0].symbol}</th><th>95 % interval</th>"
        "<th>p</th><th>ceiling</th>"
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
        f"<em>{NESTED}</em>: {_nested_words(scores[0])} " if NESTED in scores[0].layers else ""
    )
    return (
        f'<div class="wide"><table>{head}{"".join(body)}</table></div><p class="sizes">{note}Penalty: median over folds and '
        "neuroids; ‡ marks the edge of the grid in some fits.</p>"
    )


def _nested_words(score: Score) -> str:
    if "matrix_score" in score.data:
        return "for each animal the layer that is best over the others; the stimuli are the same."
    return "the layer is chosen in each fold on training rows only, so it carries no selection bias."


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
        "–" if row.get("p") is None else f"{row['p']:.3g}",
        number(row["ceiling"]) + (f" … {number(row['ceiling_upper'])}" if "ceiling_upper" in row else ""),
        number(row["ceiled"]),
        ceiled_interval,
        "–" if row["alpha_chosen"] is None else f"{row['alpha_chosen']:.3g}{edge}",
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
        f"<h4>{html.escape(label(score))}</h4><pre>{html.escape(json.dumps(score.provenance, indent=1))}</pre>"
        for score in scores
    )
    return f"<details><summary>Provenance ({len(scores)} scores)</summary>{blocks}</details>"
