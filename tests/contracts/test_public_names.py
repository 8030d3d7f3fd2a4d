"""The public names: exactly these, each of which resolves and is documented."""

import inspect
from importlib import import_module

import pytest

NAMES = {
    "neuromodels": [
        "ContractError",
        "ModelInfo",
        "NeuromodelsError",
        "Recordable",
        "ResourceNotAvailableError",
        "UnknownNameError",
        "__version__",
        "create_model",
        "list_models",
        "model_info",
        "register_model",
        "validate_model",
    ],
    "simulators": ["save_stimulus_set"],
    "data": [
        "ChecksumError",
        "DataFile",
        "DataNotAvailableError",
        "DatasetInfo",
        "NeuralDataset",
        "Registry",
        "SplitSpec",
        "StimulusSet",
        "UnknownNameError",
        "atomic_path",
        "dataset_from_arrays",
        "dataset_from_files",
        "dataset_info",
        "fetch",
        "list_datasets",
        "load_dataset",
        "load_responses",
        "load_stimulus_set",
        "make_responses",
        "register_dataset",
        "save_responses",
    ],
    "alignment": [
        "Benchmark",
        "BetweenSubjects",
        "Cka",
        "LeakageWarning",
        "NeuroidRidge",
        "NuisanceModel",
        "OasmModel",
        "PublishedCeiling",
        "RandomFeatures",
        "RecordableModel",
        "RecordingModel",
        "Rsa",
        "Score",
        "SmallFoldWarning",
        "SplitHalfCeiling",
        "TorchModel",
        "benchmark_from_arrays",
        "benchmark_from_toml",
        "check_leak",
        "compare_scores",
        "list_benchmarks",
        "list_named_splits",
        "load_benchmark",
        "make_metric",
        "named_split",
        "partition_variance",
        "record_activations",
        "register_benchmark",
        "report",
        "safe_split",
        "score",
    ],
}
EVERY_NAME = [(package, name) for package, names in NAMES.items() for name in names]
DOCUMENTED = [pair for pair in EVERY_NAME if pair[1] != "__version__"]


@pytest.mark.parametrize("package", NAMES)
def test_public_names_are_these(package):
    assert import_module(package).__all__ == NAMES[package]


@pytest.mark.parametrize("package", NAMES)
def test_dir_shows_the_public_names(package):
    assert set(NAMES[package]) <= set(dir(import_module(package)))


@pytest.mark.parametrize(("package", "name"), EVERY_NAME)
def test_name_resolves_to_the_same_thing_each_time(package, name):
    first = getattr(import_module(package), name)
    assert not inspect.ismodule(first)
    assert getattr(import_module(package), name) is first


@pytest.mark.parametrize("package", NAMES)
def test_other_names_are_attribute_errors(package):
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        import_module(package).nothing  # noqa: B018


@pytest.mark.parametrize(("package", "name"), DOCUMENTED)
def test_function_or_class_has_its_own_docstring(package, name):
    value = getattr(import_module(package), name)
    assert callable(value)
    # Read from the object itself: a class must not pass with the docstring of its base.
    own = vars(value)["__doc__"] if inspect.isclass(value) else value.__doc__
    assert own
    # dataclass writes the signature where there is no docstring.
    assert not own.startswith(f"{name}(")
