"""Figures of scores: what stands on them, also where numbers are missing."""

import dataclasses
import io

import numpy as np
import pytest
from matplotlib.figure import Figure

from alignment import PublishedCeiling, score
from alignment.plots import (
    label,
    plot_histogram,
    plot_layers,
    plot_matrix,
    plot_neuroids,
    plot_performance,
    plot_scores,
    plot_subjects,
)

pytestmark = pytest.mark.filterwarnings("ignore:the chosen penalty lies on the edge")


def tick_labels(axis):
    return [text.get_text().replace("\n", "") for text in axis.get_ticklabels()]


def noisy(signal, seed):
    return signal + np.random.default_rng(seed).standard_normal(signal.shape)


@pytest.fixture(scope="module")
def two_layers(tiny, stored_model):
    """Score with the layers first, second and nested."""
    benchmark, signal = tiny
    return score(stored_model(first=noisy(signal, 1), second=noisy(signal, 2)), benchmark, n_boot=20, cache=False)


@pytest.fixture(scope="module")
def one_layer(tiny, stored_model):
    """Score of another model with the layer third."""
    benchmark, signal = tiny
    return score(stored_model("test/other", third=noisy(signal, 3)), benchmark, n_boot=20, cache=False)


@pytest.fixture(scope="module")
def without_ceiling(tiny, stored_model):
    """Score on a recording without a ceiling."""
    benchmark, signal = tiny
    bare = dataclasses.replace(benchmark, ceiling=None, normalisation="none")
    return score(stored_model(first=noisy(signal, 1)), bare, n_boot=20, cache=False)


@pytest.fixture(scope="module")
def unreliable(tiny, stored_model, with_responses):
    """Score on a recording whose repetitions contradict each other: no neuroid has a ceiling."""
    benchmark, signal = tiny
    values = np.concatenate([signal, -signal + 1e-3 * noisy(signal, 5)])
    dataset = with_responses(benchmark.dataset, values)
    return score(
        stored_model(first=noisy(signal, 1)), dataclasses.replace(benchmark, dataset=dataset), n_boot=20, cache=False
    )


def test_scores_stand_beside_the_nulls(two_layers, one_layer):
    ax = plot_scores([two_layers, one_layer])
    labels = tick_labels(ax.yaxis)
    assert labels[:2] == ["test/storednested", "test/otherthird"]
    assert labels[2:] == ["null: random features", "null: length + position", "null: OASM"]
    assert "95 % interval" in ax.get_xlabel()


def test_points_lie_at_the_raw_scores_with_their_intervals(one_layer):
    ax = plot_scores([one_layer])
    row = one_layer.row("third")
    point, _, (bar,) = ax.containers[0].lines
    assert point.get_xdata()[0] == pytest.approx(row["raw"])
    ends = bar.get_segments()[0][:, 0]
    assert ends == pytest.approx([min(row["raw"], row["ci_low"]), max(row["raw"], row["ci_high"])])


def test_ceiling_stands_as_a_line(one_layer):
    ax = plot_scores([one_layer])
    lines = [line for line in ax.lines if str(line.get_label()).startswith("ceiling")]
    assert [line.get_xdata()[0] for line in lines] == pytest.approx([one_layer.ceiling])
    assert "ceiling (split-half)" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_without_a_ceiling_there_is_no_line(without_ceiling):
    ax = plot_scores([without_ceiling])
    assert ax.get_legend() is None
    assert not any(str(line.get_label()).startswith("ceiling") for line in ax.lines)


def test_scores_of_two_benchmarks_are_refused(one_layer):
    other = dataclasses.replace(one_layer, provenance={**one_layer.provenance, "benchmark": "test/other-ridge"})
    with pytest.raises(ValueError, match="needs scores on one benchmark, received .*test/other-ridge.*test/tiny-ridge"):
        plot_scores([one_layer, other])
    with pytest.raises(ValueError, match="received none"):
        plot_scores([])


@pytest.mark.parametrize("plot", [plot_scores, plot_layers])
def test_a_given_axis_is_drawn_on_and_given_back(plot, one_layer):
    axis = Figure().subplots()
    assert plot([one_layer], ax=axis) is axis
    assert axis.has_data()
    axis = Figure().subplots()
    assert plot_neuroids(one_layer, ax=axis) is axis


def test_layers_of_one_score_stand_in_order(two_layers):
    ax = plot_layers([two_layers])
    assert tick_labels(ax.xaxis) == ["first", "second", "nested"]
    heights = [container.lines[0].get_ydata()[0] for container in ax.containers]
    assert heights == pytest.approx([two_layers.row(layer)["raw"] for layer in two_layers.layers])
    assert "nested" in ax.get_xlabel()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["more layers first", "fewer layers first"])
def test_layers_of_different_models_stand_at_their_own_names(two_layers, one_layer, order):
    scores = [(two_layers, one_layer)[number] for number in order]
    ax = plot_layers(scores)
    places = {name: place for place, name in zip(ax.get_xticks(), tick_labels(ax.xaxis), strict=True)}
    assert set(places) >= {"first", "second", "third", "nested"}
    low, high = ax.get_xlim()
    drawn = [container.lines[0] for container in ax.containers]
    expected = [(layer, one.row(layer)["raw"]) for one in scores for layer in one.layers]
    for line, (layer, raw) in zip(drawn, expected, strict=True):
        assert line.get_ydata()[0] == pytest.approx(raw)
        assert line.get_xdata()[0] == pytest.approx(places[layer], abs=0.3)
        assert low < line.get_xdata()[0] < high


def test_neuroids_lie_against_their_ceilings(one_layer):
    ax = plot_neuroids(one_layer)
    points = ax.lines[0]
    table = one_layer.per_neuroid()
    np.testing.assert_allclose(points.get_xdata(), table["ceiling"])
    np.testing.assert_allclose(points.get_ydata(), table["raw"])


def test_neuroids_without_a_ceiling_are_counted(without_ceiling):
    ax = plot_neuroids(without_ceiling)
    assert sum(patch.get_height() for patch in ax.patches) == 4
    assert ax.get_ylabel() == "number of neuroids"


def test_recording_without_any_reliable_neuroid_is_drawn(unreliable):
    assert np.isnan(unreliable.ceiling)
    for plot in (plot_scores, plot_layers):
        plot([unreliable]).figure.savefig(io.BytesIO(), format="png")
    plot_neuroids(unreliable).figure.savefig(io.BytesIO(), format="png")


def test_published_ceiling_has_a_line_without_a_band(tiny, stored_model):
    benchmark, signal = tiny
    quoted = dataclasses.replace(benchmark, ceiling=PublishedCeiling({f"n{unit}": 0.8 for unit in range(4)}, "a table"))
    ax = plot_scores([score(stored_model(first=noisy(signal, 1)), quoted, n_boot=5, cache=False)])
    assert [line.get_xdata()[0] for line in ax.lines if "ceiling" in str(line.get_label())] == pytest.approx([0.8])
    assert not ax.patches


def test_drawing_opens_no_window_and_keeps_no_figure(one_layer):
    import matplotlib.pyplot as plt

    plot_scores([one_layer])
    assert plt.get_fignums() == []


def test_label_names_model_and_seed(one_layer):
    assert label(one_layer) == "test/other"
    seeded = dataclasses.replace(one_layer, provenance={**one_layer.provenance, "model_seed": 7})
    assert label(seeded) == "test/other seed 7"


@pytest.fixture(scope="module")
def five(one_layer):
    """The same score under five names, with values from 0.1 to 0.5 of it."""
    return [
        dataclasses.replace(
            one_layer,
            data=one_layer.data.assign(raw=one_layer.data["raw"] * factor),
            provenance={**one_layer.provenance, "model": f"test/m{number}"},
        )
        for number, factor in enumerate((0.1, 0.35, 0.3, 0.2, 0.5))
    ]


def test_performance_has_the_line_and_band_of_least_squares(five):
    from scipy import stats

    x = np.array([0.1, 0.4, 0.5, 0.2, 0.9])
    ax = plot_performance(five, {f"test/m{number}": value for number, value in enumerate(x)}, what="accuracy (%)")
    y = np.array([one.value for one in five])
    fit = stats.linregress(x, y)
    line = next(line for line in ax.lines if len(line.get_xdata()) == 100)
    grid = line.get_xdata()
    np.testing.assert_allclose(line.get_ydata(), fit.intercept + fit.slope * grid)
    spread = np.sqrt(((y - fit.intercept - fit.slope * x) ** 2).sum() / 3)
    half = stats.t.ppf(0.975, 3) * spread * np.sqrt(1 / 5 + (grid - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum())
    band = next(one for one in ax.collections if len(one.get_paths()[0].vertices) > 100).get_paths()[0].vertices
    for at in (0, 40, 99):
        heights = band[np.isclose(band[:, 0], grid[at]), 1]
        middle = fit.intercept + fit.slope * grid[at]
        assert (heights.min(), heights.max()) == pytest.approx((middle - half[at], middle + half[at]))
    assert f"r = {fit.rvalue:.2f} [" in ax.get_title() and ax.get_title().endswith("n = 5")
    assert ax.get_xlabel() == "accuracy (%)" and ax.get_ylabel() == "ceiled score (Pearson r)"


@pytest.mark.parametrize("alike", [False, True], ids=["three models", "equal performances"])
def test_performance_without_a_fit_is_points_only(five, alike):
    known = (
        dict.fromkeys([f"test/m{number}" for number in range(5)], 0.5) if alike else {f"test/m{n}": n for n in range(3)}
    )
    ax = plot_performance(five, known)
    points = ax.containers[0].lines[0]
    assert len(points.get_xdata()) == len(known)
    assert ax.get_title() == "" and not any(len(line.get_xdata()) == 100 for line in ax.lines)


def test_performance_of_a_model_without_a_value_is_left_out_of_the_fit(five):
    gone = dataclasses.replace(five[4], data=five[4].data.assign(raw=five[4].data["raw"] * np.nan))
    ax = plot_performance([*five[:4], gone], {f"test/m{number}": float(number) for number in range(5)})
    assert ax.get_title().endswith("n = 4") and "nan" not in ax.get_title()


def test_performance_of_nobody_is_refused(five):
    with pytest.raises(ValueError, match="no performance is given for any of test/m0; received test/other"):
        plot_performance(five[:1], {"test/other": 1.0})


def test_histogram_counts_every_neuroid(two_layers, without_ceiling):
    ax = plot_histogram(two_layers)
    table = two_layers.per_neuroid()
    assert sum(patch.get_height() for patch in ax.patches) == 4 + 4  # raw and ceiled
    medians = sorted(line.get_xdata()[0] for line in ax.lines)
    assert medians == pytest.approx(sorted([float(table["raw"].median()), float(table["ceiled"].median())]))
    assert sum(patch.get_height() for patch in plot_histogram(without_ceiling).patches) == 4


def test_subjects_stand_beside_their_mean(two_layers, one_layer):
    ax = plot_subjects([two_layers, one_layer])
    shown = [line for line in ax.lines if line.get_marker() == "o"]
    for number, one in enumerate((two_layers, one_layer)):
        ceiled = one.per("subject")["ceiled"].values
        heights = [line.get_ydata()[0] for line in shown[2 * number : 2 * number + 2]]
        assert heights == pytest.approx(list(ceiled))
    bars = [one.get_segments()[0][0, 1] for one in ax.collections]
    assert bars == pytest.approx([two_layers.value, one_layer.value])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["person 0", "person 1"]


def test_matrix_shows_values_and_gaps(two_layers, one_layer):
    other = dataclasses.replace(one_layer, provenance={**one_layer.provenance, "benchmark": "test/second"})
    ax = plot_matrix([two_layers, other])
    assert [text.get_text() for text in ax.texts] == [f"{two_layers.value:.3f}", "–", "–", f"{other.value:.3f}"]
    assert tick_labels(ax.yaxis) == ["test/stored", "test/other"]


def test_matrix_without_any_number_is_drawn(unreliable):
    ax = plot_matrix([unreliable])
    assert [text.get_text() for text in ax.texts] == ["–"]
    ax.figure.savefig(io.BytesIO(), format="png")
