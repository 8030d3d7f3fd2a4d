"""``neuromodels score`` and ``neuromodels report``: names in, numbers and a report out."""

import argparse
import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.dataset import NeuralDataset
    from data.splits import SplitSpec

    from .benchmark import Benchmark
    from .result import Score


RECORDING = "recording:"


class UsageError(ValueError):
    """Arguments that cannot be meant."""

    exit_code = 2


class ScoreCommand:
    """Score models on benchmarks."""

    summary = "score models on benchmarks, with ceiling, interval and null models"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments."""
        add = parser.add_argument
        add(
            "models",
            nargs="+",
            metavar="MODEL",
            help="registered names, shell patterns in quotes, folders of trained networks, or recording:DATASET to score "
            "another animal as a model",
        )
        add(
            "--on",
            nargs="+",
            required=True,
            metavar="BENCHMARK",
            help="registered names, shell patterns in quotes, or .toml descriptions",
        )
        add("--layers", nargs="+", metavar="LAYER", help="layers to score; all by default")
        add("--split", help="another split of the dataset (see `neuromodels data info`)")
        add("--seed", nargs="+", type=int, default=[0], help="seed(s) of untrained weights (default: 0)")
        add("--device", default="auto", help="auto, cpu, cuda, cuda:1, ... (default: auto)")
        add("--boot", type=int, default=1000, metavar="N", help="bootstrap draws (default: 1000)")
        add(
            "--permutations",
            type=int,
            metavar="N",
            help="permutations of the stimulus labels (default: up to 199, fewer for many neuroids)",
        )
        add("--batch-size", type=int, default=64, help="stimuli per forward pass (default: 64)")
        add("--out", metavar="DIR", help="write the report there: HTML, PNG, JSON, netCDF")
        add("--json", action="store_true", help="one JSON object per model, benchmark and layer on stdout")
        add(
            "--available",
            action="store_true",
            help="leave out benchmarks whose data are not on this machine, and say so",
        )
        add(
            "--set",
            nargs="+",
            action="extend",
            default=[],
            metavar="KEY=VALUE",
            dest="data_options",
            help="how recordings are opened: unusable='leave out' (sessions that lack stimuli), as_released=true",
        )
        add("--drop-invalid", action="store_true", help="leave out neuroids with NaN or constant responses")
        add("--no-cache", action="store_true", help="neither read nor write cached activations")
        add("--offline", action="store_true", help="never open a connection")
        add("--dry-run", action="store_true", help="say what would be done: sizes, files, licences")

    def run(self, arguments: argparse.Namespace, toolbox: Any) -> int:
        """Score every pair; returns the exit code."""
        options = _data_options(arguments.data_options)
        benchmarks = _benchmarks(arguments.on, arguments.available)
        _check_used(options, benchmarks)
        benchmarks = [_opened_with(options, one) for one in benchmarks]
        models = _models(arguments.models, toolbox)
        if arguments.batch_size < 1:
            raise UsageError(f"--batch-size must be at least 1, received {arguments.batch_size}.")
        if arguments.boot < 1:
            raise UsageError(f"--boot must be at least 1, received {arguments.boot}.")
        if arguments.permutations is not None and arguments.permutations < 0:
            raise UsageError(f"--permutations must not be negative, received {arguments.permutations}.")
        if not benchmarks:
            print("no benchmark is left to score: none of their data are on this machine.", file=sys.stderr)
            return 3
        self._check_before(arguments, benchmarks, models, toolbox)
        device = toolbox.resolve_device(arguments.device)
        scores: list[Score] = []
        with _plain_warnings():
            for name in models:
                # A recording has no weights, and a trained network has those of its folder: neither takes a seed.
                fixed = name.startswith(RECORDING) or toolbox.is_model_folder(name)
                for seed in arguments.seed[:1] if fixed else arguments.seed:
                    model = _model(name, seed, device, arguments, toolbox)
                    for benchmark in benchmarks:
                        if name == RECORDING + benchmark.dataset_name:
                            print(f"left out: {name} on itself, {benchmark.name}", file=sys.stderr)
                        elif arguments.dry_run:
                            _plan(model, benchmark, arguments)
                        else:
                            scores.append(_score(model, benchmark, device, arguments))
        if arguments.out and scores:
            from .page import report

            page = report(scores, arguments.out)
            # With --json, stdout holds JSON lines alone.
            print(f"report: {page.resolve()}", file=sys.stderr if arguments.json else sys.stdout)
        return 0

    @staticmethod
    def _check_before(
        arguments: argparse.Namespace, benchmarks: "list[Benchmark]", models: Sequence[str], toolbox: Any
    ) -> None:
        """Fail before the first fit, not after minutes: unknown models, missing data, a target that cannot be written."""
        from pathlib import Path

        from .notes import left_out_notes

        for name in models:
            if name.startswith(RECORDING) or toolbox.is_model_folder(name):
                _model(name, 0, "cpu", arguments, toolbox)
            elif not toolbox.list_models(name):
                toolbox.create_model(name)
        if arguments.dry_run:
            return
        said: list[str] = []
        for benchmark in benchmarks:
            dataset = benchmark.load(offline=arguments.offline or None)
            for note in left_out_notes(dataset):
                if note not in said:
                    print(note, file=sys.stderr)
                    said.append(note)
            if not benchmark.by_timescale:
                _split(benchmark, dataset, arguments)
        if arguments.out:
            (Path(arguments.out) / "scores").mkdir(parents=True, exist_ok=True)


class ReportCommand:
    """Write the report of scores that were saved earlier."""

    summary = "write the report of saved scores again, also over several runs"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments."""
        parser.add_argument("folder", metavar="DIR", help="folder with scores (.nc) from `neuromodels score --out`")
        parser.add_argument("--out", metavar="DIR", help="folder for the report; DIR itself by default")
        parser.add_argument(
            "--performance",
            metavar="CSV",
            help="table with columns model (or 'model seed N') and performance, drawn against alignment in place of what "
            "trained models say of themselves",
        )

    def run(self, arguments: argparse.Namespace, toolbox: Any) -> int:
        """Read all scores and write the page; returns the exit code."""
        from .page import load_scores, report

        scores = load_scores(arguments.folder)
        performance, what = _performance(arguments.performance)
        page = report(scores, arguments.out or arguments.folder, performance=performance, performance_label=what)
        print(f"report: {page.resolve()}")
        return 0


def _performance(path: str | None) -> tuple[dict[str, float] | None, str]:
    """Model to performance, and the name of the column, from a table of two columns; None without one."""
    if path is None:
        return None, "task performance"
    import pandas as pd

    try:
        table = pd.read_csv(path)
        found = dict(zip(table["model"].astype(str), table.iloc[:, 1].astype(float), strict=True))
    except (OSError, KeyError, ValueError, IndexError) as error:
        raise UsageError(
            f"--performance {path} must be a CSV table with the columns model and performance, in this order ({error})."
        ) from None
    return found, str(table.columns[1])


def _benchmarks(patterns: Sequence[str], available_only: bool) -> "list[Benchmark]":
    from data.access import is_available

    from .benchmarks import benchmark_from_toml, list_benchmarks, load_benchmark

    chosen = [benchmark_from_toml(path) for path in patterns if path.endswith(".toml")]
    for name in _expand([pattern for pattern in patterns if not pattern.endswith(".toml")], list_benchmarks):
        benchmark = load_benchmark(name)
        if available_only and not is_available(benchmark.info):
            print(f"left out: {name}: its data are not on this machine. {benchmark.info.how_to_get}", file=sys.stderr)
            continue
        chosen.append(benchmark)
    return chosen


def _data_options(words: Sequence[str]) -> dict[str, Any]:
    """KEY=VALUE as choices; true and false are what they say, anything else is text."""
    options: dict[str, Any] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign or not key:
            raise UsageError(f"--set takes KEY=VALUE, received {word!r}; for example unusable='leave out'.")
        options[key] = {"true": True, "false": False}.get(value, value)
    return options


def _options_for(dataset: "str | NeuralDataset", options: dict[str, Any]) -> dict[str, Any]:
    """Those that this recording takes."""
    from data.catalogue import dataset_options

    known = dataset_options(dataset) if isinstance(dataset, str) else {}
    return {key: value for key, value in options.items() if key in known}


def _opened_with(options: dict[str, Any], benchmark: "Benchmark") -> "Benchmark":
    """The benchmark with those of the choices that its recording takes; what it does not take is said."""
    taken = _options_for(benchmark.dataset, options)
    for key in options:
        if key not in taken:
            print(f"{benchmark.name} has no choice {key!r} and is scored without it.", file=sys.stderr)
    return benchmark.with_data_options(taken) if taken else benchmark


def _check_used(options: dict[str, Any], benchmarks: "Sequence[Benchmark]") -> None:
    """A choice that no recording takes is a mistake."""
    for key in options:
        if benchmarks and not any(_options_for(one.dataset, {key: options[key]}) for one in benchmarks):
            from data.catalogue import dataset_options

            known = {
                option for one in benchmarks if isinstance(one.dataset, str) for option in dataset_options(one.dataset)
            }
            raise UsageError(
                f"--set {key}: none of these recordings has such a choice; they have: {', '.join(sorted(known)) or 'none'}."
            )


def _models(patterns: Sequence[str], toolbox: Any) -> list[str]:
    import data

    recordings = [pattern for pattern in patterns if pattern.startswith(RECORDING)]
    found = _expand([pattern.removeprefix(RECORDING) for pattern in recordings], data.list_datasets)
    names = _expand([pattern for pattern in patterns if pattern not in recordings], toolbox.list_models)
    return names + [RECORDING + name for name in found]


def _model(name: str, seed: int, device: str, arguments: argparse.Namespace, toolbox: Any) -> Any:
    if not name.startswith(RECORDING):
        if toolbox.is_model_folder(name):
            return toolbox.load_model(name, device=device)
        return toolbox.create_model(name, seed=seed, device=device)
    import data

    from .recording_model import RecordingModel

    dataset = name.removeprefix(RECORDING)
    options = _options_for(dataset, _data_options(arguments.data_options))
    return RecordingModel(data.load_dataset(dataset, offline=arguments.offline or None, options=options))


def _expand(patterns: Sequence[str], listing: Any) -> list[str]:
    """Names as they are, patterns as the names that match; a pattern without a match is an error."""
    names: list[str] = []
    for pattern in patterns:
        found = listing(pattern) if any(sign in pattern for sign in "*?[") else [pattern]
        if not found:
            raise UsageError(f"no registered name matches {pattern!r}; see `neuromodels list`.")
        names += [name for name in found if name not in names]
    return names


def _score(model: Any, benchmark: "Benchmark", device: str, arguments: argparse.Namespace) -> "Score":
    from .page import save_score
    from .result import without_nan
    from .scoring import score

    result = score(
        model,
        benchmark,
        layers=arguments.layers,
        split=arguments.split,
        batch_size=arguments.batch_size,
        cache=not arguments.no_cache,
        drop_invalid=arguments.drop_invalid,
        n_boot=arguments.boot,
        n_permutations=arguments.permutations,
        offline=arguments.offline or None,
        progress=sys.stderr.isatty(),
    )
    result.provenance["device"] = device
    if arguments.out:
        # Saved at once: an interrupt later on loses nothing, and `neuromodels report` can go on from here.
        save_score(result, arguments.out)
    if arguments.json:
        for row in result.rows():
            print(json.dumps(without_nan(row)), flush=True)
    else:
        print(result, flush=True)
    return result


def _plan(model: Any, benchmark: "Benchmark", arguments: argparse.Namespace) -> None:
    """Say what scoring would do, without recording anything."""
    from data.access import locate

    from .notes import left_out_notes

    info = benchmark.info
    print(f"{model.name} on {benchmark.name}")
    missing = [file for file in info.files if locate(info, file) is None]
    if info.files and (len(missing) == len(info.files) if info.alternatives else missing):
        for file in missing:
            size = "size not recorded" if file.n_bytes is None else f"{file.n_bytes / 1e6:.1f} MB"
            print(f"    needs {file.path} ({size}, licence: {info.licence}, access: {info.access})")
        print(f"    {info.how_to_get}")
        return
    dataset = benchmark.load(offline=True)
    if benchmark.by_place:
        _plan_places(model, dataset)
        print(f"    nothing to download; licence: {info.licence}")
        return
    if benchmark.by_timescale or benchmark.over_time:
        for step in benchmark.protocol(None if benchmark.by_timescale else _split(benchmark, dataset, arguments)):
            print(f"    {step}")
        print(f"    nothing to download; licence: {info.licence}")
        return
    shown = benchmark.shown(dataset.stimuli)
    layers = arguments.layers or list(model.layers)
    width = {layer: values.shape[1] for layer, values in _one_row(model, shown, layers).items()}
    total = sum(width.values()) * len(shown) * 4 / 1e6
    spec = _split(benchmark, dataset, arguments)
    for note in left_out_notes(dataset):
        print(f"    {note}")
    print(f"    {len(shown)} presentations; {spec.describe()}")
    print(f"    layers: {', '.join(f'{layer} ({units} units)' for layer, units in width.items())}")
    if not benchmark.by_animal:  # where memory is a matter of megabytes
        _say_memory(benchmark, dataset, width, spec, arguments)
    print(f"    {total:.0f} MB of activations (float32); nothing to download; licence: {info.licence}")


def _plan_places(model: Any, dataset: "NeuralDataset") -> None:
    """Say at which places of which films a model of optical flow would be asked."""
    from .perceived_flow.at_places import films_of, refuse_without_flow

    refuse_without_flow(model)
    films, absent = films_of(dataset)
    print(f"    {len(dataset.stimuli)} places in {len(films)} films, {len(absent)} of which are not on this machine")
    print(f"    {model.n_frames} frames of each film, optical flow from the model's frame {model.flow_frame + 1}")


def _say_memory(
    benchmark: "Benchmark",
    dataset: "NeuralDataset",
    width: dict[str, int],
    spec: "SplitSpec",
    arguments: argparse.Namespace,
) -> None:
    from .footprint import memory_note, scoring_memory
    from .runs import how_many

    n_neuroids = benchmark.trials(dataset, drop_invalid=arguments.drop_invalid).values.sizes["neuroid"]
    needed = scoring_memory(
        width,
        len(dataset.stimuli),
        n_neuroids,
        benchmark.make_metric(),
        n_folds=spec.n_splits or 10,
        n_boot=arguments.boot,
        permuted_columns=how_many(arguments.permutations, max(n_neuroids, 1)) * n_neuroids,
    )
    print(f"    about {needed / 1e9:.1f} GB of memory{'. ' if memory_note(needed) else ''}{memory_note(needed)}")


def _split(benchmark: "Benchmark", dataset: "NeuralDataset", arguments: argparse.Namespace) -> "SplitSpec":
    trials = benchmark.trials(dataset, drop_invalid=arguments.drop_invalid)
    return benchmark.split_spec(dataset, arguments.split, trials.mean if dataset.rdms is None else None)


def _one_row(model: Any, stimuli: Any, layers: Sequence[str]) -> dict[str, Any]:
    from data.stimuli import StimulusSet

    from .activations import record_activations

    arrays = None if stimuli.arrays is None else stimuli.arrays[:1]
    one = StimulusSet(stimuli.name, stimuli.table.iloc[:1], arrays=arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one stimulus is constant over stimuli
        return {key: value.values for key, value in record_activations(model, one, layers, cache=False).items()}


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Warnings as one line on stderr, each as often as it happens."""

    def show(message: Warning | str, category: type[Warning], *_: object) -> None:
        print(f"warning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("always", category=UserWarning, module=r"(alignment|neuromodels|data|simulators)\b")
        previous = warnings.showwarning
        warnings.showwarning = show  # type: ignore[assignment]
        try:
            yield
        finally:
            warnings.showwarning = previous
