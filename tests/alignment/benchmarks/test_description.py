"""Benchmarks from arrays and from TOML: the same as the objects made by hand, and every mistake in one sentence."""

import dataclasses
from importlib.metadata import EntryPoint

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import alignment.benchmarks as benchmarks
import data.registry
from alignment import (
    Benchmark,
    BetweenSubjects,
    NeuroidRidge,
    PublishedCeiling,
    Rsa,
    SplitHalfCeiling,
    benchmark_from_arrays,
    benchmark_from_toml,
    score,
)
from alignment.benchmark import PublishedNumber
from data import DataNotAvailableError, SplitSpec, UnknownNameError, dataset_from_arrays, save_responses
from neuromodels.cli import main

pytestmark = pytest.mark.filterwarnings("ignore:the chosen penalty lies on the edge")
N = 40
TEXTS = [f"{'word ' * (1 + row % 3)}{row}" for row in range(N)]
SPLIT = SplitSpec("own", "group-kfold", 2, seed=3, group="story")
DATA = '[data]\nresponses = "recordings/responses.nc"\nstimuli = "texts.csv"\n'
NAME = 'name = "test/mine"\n'
FULL = """
name = "test/mine"
citation = "someone 2020"
licence = "CC0"
version = 3
protocol = ["Responses were filtered.", "Nothing else."]
missing = "average"
neuroids = ["n3", "n0", "n2"]
[data]
responses = "recordings/responses.nc"
stimuli = "texts.csv"
group = "story"
[split]
name = "own"
scheme = "group-kfold"
n_splits = 2
seed = 3
group = "story"
[metric]
name = "ridge"
alphas = [0.1, 10.0, 1000.0]
[ceiling]
kind = "split-half"
max_halvings = 5
seed = 7
[[published]]
model = "another"
value = 0.3
what = "raw r"
source = "somebody 2021"
"""


@pytest.fixture
def folder(tmp_path):
    """A description's folder with a recording of 4 neuroids in 2 repetitions below it; its dataset and signal."""
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((N, 4))
    trials = signal + 0.5 * rng.standard_normal((2, N, 4))
    dataset = dataset_from_arrays("test/mine", TEXTS, trials)
    (tmp_path / "recordings").mkdir()
    save_responses(dataset.responses, tmp_path / "recordings" / "responses.nc")
    table = dataset.stimuli.table.assign(story=np.arange(N) // 4)
    table.to_csv(tmp_path / "texts.csv", index=False)
    return tmp_path, trials, signal


def written(folder, text):
    path = folder[0] / "benchmark.toml"
    path.write_text(text)
    return path


def scored(benchmark, model):
    return score(model, benchmark, n_boot=4, n_permutations=3, cache=False)


def test_description_gives_the_score_of_the_same_objects(folder, stored_model, monkeypatch):
    model = stored_model(only=folder[2] + 0.5)
    made = benchmark_from_toml(written(folder, FULL))
    dataset = dataset_from_arrays("test/mine", TEXTS, folder[1], group=np.arange(N) // 4)
    table = dataset.stimuli.table.rename(columns={"group": "story"})
    stimuli = dataclasses.replace(dataset.stimuli, table=table, group="story")
    by_hand = Benchmark(
        "test/mine",
        dataclasses.replace(dataset, stimuli=stimuli),
        citation="someone 2020",
        version=3,
        split=SPLIT,
        neuroids=("n3", "n0", "n2"),
        ceiling=SplitHalfCeiling(max_halvings=5, seed=7),
        normalisation="r/c",
        metric=NeuroidRidge([0.1, 10.0, 1000.0]),
        missing="average",
        published=(PublishedNumber("another", 0.3, "raw r", "somebody 2021"),),
        protocol_notes=("Responses were filtered.", "Nothing else."),
    )
    for field in dataclasses.fields(Benchmark):
        if field.name != "dataset":
            assert str(getattr(made, field.name)) == str(getattr(by_hand, field.name)), field.name
    assert made.info.licence == "CC0" and made.dataset.splits == {"own": SPLIT}
    first, second = scored(made, model), scored(by_hand, model)
    xr.testing.assert_identical(first.data, second.data)
    assert first.protocol == second.protocol and first.warnings == second.warnings
    monkeypatch.chdir("/")  # paths are relative to the description
    assert scored(benchmark_from_toml(folder[0] / "benchmark.toml"), model).value == first.value


def test_arrays_give_the_score_of_the_same_objects(folder, stored_model):
    _, trials, signal = folder
    split = SplitSpec("own", "group-kfold", 2, seed=3, group="group")
    group, neuroid = np.arange(N) // 4, {"subject": list("aabb")}
    made = benchmark_from_arrays(
        "test/mine", TEXTS, trials, group=group, neuroid=neuroid, unit="Hz", citation="someone", split=split, version=2
    )
    dataset = dataset_from_arrays(
        "test/mine", TEXTS, trials, group=group, neuroid=neuroid, unit="Hz", citation="someone", split=split
    )
    by_hand = Benchmark("test/mine", dataset, "someone", version=2, ceiling=SplitHalfCeiling(), normalisation="r/c")
    model = stored_model(only=signal)
    first, second = scored(made, model), scored(by_hand, model)
    xr.testing.assert_identical(first.data, second.data)
    assert first.provenance["split"] == "own" and made.citation == "someone" and made.info.units == "Hz"


@pytest.mark.parametrize(
    ("responses", "options", "ceiling", "normalisation"),
    [
        ("trials", {}, "split-half", "r/c"),
        ("mean", {}, None, "none"),
        ("trials", {"ceiling": None}, None, "none"),
        ("trials", {"metric": "rsa"}, None, "none"),
        ("trials", {"metric": Rsa()}, None, "none"),
        ("trials", {"metric": "linear"}, "split-half", "r/c"),
        ("trials", {"direction": "brain to model"}, None, "none"),
        ("trials", {"normalisation": "none"}, "split-half", "none"),
        ("mean", {"ceiling": PublishedCeiling({"n0": 0.5}, "a table")}, "published", "r/c"),
    ],
)
def test_default_ceiling_of_arrays(folder, responses, options, ceiling, normalisation):
    values = folder[1] if responses == "trials" else folder[1].mean(axis=0)
    made = benchmark_from_arrays("test/mine", TEXTS, values, **options)
    assert (made.ceiling and made.ceiling.kind) == ceiling
    assert made.normalisation == normalisation


def test_least_description_takes_the_defaults(folder):
    made = benchmark_from_toml(written(folder, NAME + DATA))
    assert (made.version, made.ceiling, made.normalisation, made.split) == (1, None, "none", "")
    assert (made.direction, made.missing, made.context, made.neuroids) == ("model to brain", "refuse", False, None)
    assert isinstance(made.metric, NeuroidRidge) and made.published == () and made.protocol_notes == ()


def test_registered_dataset_can_be_described(folder):
    made = benchmark_from_toml(
        written(
            folder,
            NAME + 'context = true\n[data]\ndataset = "language/planted"\n[split]\nscheme = "kfold"\nn_splits = 3\n',
        )
    )
    assert made.dataset == "language/planted" and made.context is True
    assert made.split == SplitSpec("own", "kfold", 3, seed=0)


def test_direction_and_similarity_can_be_described(folder):
    made = benchmark_from_toml(written(folder, NAME + 'direction = "brain to model"\n' + DATA))
    assert made.direction == "brain to model"
    made = benchmark_from_toml(written(folder, NAME + DATA + '[metric]\nname = "rsa"\ncomparison = "cosine"\n'))
    assert made.metric == Rsa(comparison="cosine")


@pytest.mark.parametrize(
    ("kind", "rest", "expected"),
    [
        ("none", "", None),
        ("split-half", "", SplitHalfCeiling()),
        (
            "published",
            'values = { n0 = 0.5, n1 = 0.75 }\nsource = "a table"\n',
            PublishedCeiling({"n0": 0.5, "n1": 0.75}, "a table"),
        ),
        pytest.param("subjects", "", BetweenSubjects()),
    ],
)
def test_every_kind_of_ceiling(folder, kind, rest, expected):
    made = benchmark_from_toml(written(folder, NAME + DATA + f'[ceiling]\nkind = "{kind}"\n{rest}'))
    assert made.ceiling == expected
    assert made.normalisation == ("r/c" if kind in ("split-half", "published") else "none")


def test_split_may_be_one_of_the_dataset(folder):
    made = benchmark_from_toml(
        written(folder, NAME + '[data]\ndataset = "language/planted"\n[split]\nname = "passage5"\n')
    )
    assert made.split_spec(made.load()).name == "passage5"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DATA, "has no field 'name'; give the benchmark one"),
        (NAME, r"has no field 'responses' in \[data\]; name a file, or a registered dataset"),
        (NAME + '[data]\nresponses = "recordings/responses.nc"\n', r"no field 'stimuli' in \[data\]"),
        (NAME + 'citaton = "x"\n' + DATA, "unknown field 'citaton' in the top level; did you mean 'citation'"),
        (NAME + "zzz = 1\n" + DATA, "unknown field 'zzz' in the top level; it takes citation, context, direction"),
        (NAME + DATA + 'gruop = "story"\n', r"unknown field 'gruop' in \[data\]; did you mean 'group'"),
        (NAME + DATA + '[split]\nsheme = "kfold"\n', r"unknown field 'sheme' in \[split\]; did you mean 'scheme'"),
        (NAME + DATA + '[ceiling]\nknid = "none"\n', r"unknown field 'knid' in \[ceiling\]; did you mean 'kind'"),
        (NAME + DATA + '[[published]]\nmodle = "x"\n', r"unknown field 'modle' in \[published\]; did you mean 'model'"),
        (NAME + DATA + '[splits]\nscheme = "kfold"\n', "unknown field 'splits' in the top level"),
        (NAME + DATA + '[ceiling]\nkind = "half"\n', "ceiling kind must be .*split-half, .*received 'half'"),
        (NAME + DATA + '[ceiling]\nkind = "published"\n', "needs 'values' .neuroid_id to number. and 'source'"),
        (NAME + DATA + "[split]\nn_splits = 3\n", r"\[split\] must be a name that is known, or a scheme"),
        (NAME + DATA + '[split]\nscheme = "kfold"\nn_splits = 3\nstratify = "x"\n', "stratify belongs to scheme"),
        (NAME + DATA + '[metric]\nname = "rsa"\nalphas = [1]\n', "metric 'rsa' does not take these options"),
        (NAME + 'missing = "drop"\n' + DATA, "missing must be one of refuse, average, received 'drop'"),
        (NAME + 'direction = "back"\n' + DATA, "direction must be one of model to brain, brain to model"),
        ('data = "x"\n' + NAME, r"\[data\] must be a table, received 'x'"),
        ('ceiling = "split-half"\n' + NAME + DATA, r"\[ceiling\] must be a table, received 'split-half'"),
        ('published = ["x"]\n' + NAME + DATA, r"\[published\] must be a table, received 'x'"),
        (NAME + DATA.replace("texts.csv", "recordings/responses.nc"), "a set is a .nc and a .json file"),
        ("name = ", r"benchmark\.toml is no TOML file"),
        pytest.param(NAME + 'protocol = "One."\n' + DATA, "'protocol' must be a list"),
        pytest.param(NAME + 'neuroids = "n1"\n' + DATA, "'neuroids' must be a list"),
        pytest.param(NAME + 'version = "2"\n' + DATA, "'version' must be a whole number"),
        pytest.param(NAME + 'context = "no"\n' + DATA, "'context' must be true or false"),
        pytest.param('metric = "rsa"\n' + NAME + DATA, r"\[metric\] must be a table"),
        pytest.param(NAME + DATA + '[[published]]\nmodel = "m"\n', "needs model, value .a number., what and source"),
        pytest.param(NAME + DATA + '[ceiling]\nsource = "x"\n', "of kind 'none' takes no 'source'"),
        pytest.param(NAME + '[data]\ndataset = "a/b"\ngroup = "g"\n', "a registered dataset and 'group'"),
    ],
)
def test_every_mistake_is_one_sentence(folder, text, message):
    with pytest.raises((ValueError, DataNotAvailableError), match=message):
        benchmark_from_toml(written(folder, text))


def test_unknown_metric_names_the_closest(folder):
    with pytest.raises(UnknownNameError, match="no metric 'rigde'; closest: ridge"):
        benchmark_from_toml(written(folder, NAME + DATA + '[metric]\nname = "rigde"\n'))


def test_missing_files_are_named(folder):
    with pytest.raises(DataNotAvailableError, match="benchmark description .*none.toml does not exist; mend the path"):
        benchmark_from_toml(folder[0] / "none.toml")
    with pytest.raises(DataNotAvailableError, match="stimuli of test/mine: .*gone.csv does not exist"):
        benchmark_from_toml(written(folder, NAME + DATA.replace("texts.csv", "gone.csv")))


def test_package_adds_a_described_benchmark_by_its_entry_point(folder, monkeypatch, capsys):
    written(folder, FULL.replace("test/mine", "vision/of-the-lab"))
    (folder[0] / "lab_of_the_test.py").write_text(
        "from pathlib import Path\n\n"
        "from alignment import benchmark_from_toml, register_benchmark\n\n"
        'register_benchmark(benchmark_from_toml(Path(__file__).with_name("benchmark.toml")))\n'
    )
    monkeypatch.syspath_prepend(folder[0])
    original = data.registry.entry_points

    def with_lab(*, group):
        lab = EntryPoint("lab", "lab_of_the_test", group)
        return [*original(group=group), *([lab] if group == "neuromodels.benchmarks" else [])]

    monkeypatch.setattr(data.registry, "entry_points", with_lab)
    benchmarks.list_benchmarks()  # a family that is imported while the table is replaced would be lost with it
    monkeypatch.setattr(benchmarks._registry, "_items", dict(benchmarks._registry._items))
    assert main(["list", "benchmarks"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("vision/of-the-lab ")]
    assert "own recording, 4 neuroids" in line and "[data not on this machine]" not in line
    assert benchmarks.load_benchmark("vision/of-the-lab").version == 3
    assert main(["list", "benchmarks", "vision/of-the-lab", "--long"]) == 0
    shown = capsys.readouterr().out
    assert "licence: CC0" in shown and "citation: someone 2020" in shown


def test_texts_of_the_table_are_the_stimuli(folder):
    made = benchmark_from_toml(written(folder, FULL))
    assert made.dataset.stimuli.items() == TEXTS
    assert made.dataset.stimuli.table["story"].tolist() == (np.arange(N) // 4).tolist()
    assert pd.api.types.is_string_dtype(made.dataset.stimuli.table["stimulus_id"])
