"""Speed, memory and values of the alignment library beside Brain-Score, himalaya and scikit-learn, all in one run.

python benchmarks/alignment_speed.py [--json] [--threads 1] [--only PATTERN] [--full] [--list]

Every entry runs in a process of its own on inputs loaded from disk. Seconds are the median of up to 3 calls after a call
on a tiny problem (1 call where it takes more than a minute); extra memory is the peak resident size less that after the
inputs were built. Peers that are not installed are left out. `--full` adds 3200 stimuli x 10000 features.
"""

import argparse
import fnmatch
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

SMALL, WIDE, LARGE = (1000, 4096, 200), (1000, 4096, 1000), (3200, 10000, 200)
TINY = (120, 130, 30)
ALPHAS = np.logspace(-2, 7, 10)
REPEATS, ENOUGH_SECONDS = 3, 60.0
QUIET = {
    "RESULTCACHING_DISABLE": "1",
    "BS_INSTALL_DEPENDENCIES": "no",
    "BRAINSCORE_SKIP_MEMORY_CHECK": "1",
    "PYTHONWARNINGS": "ignore",
}


class Answer(NamedTuple):
    """The number that a method gives, and what else must agree."""

    value: float
    choice: list[float] | None = None


# ---------------------------------------------------------------------------------------------------------- inputs


def make(n: int, p: int, m: int) -> dict[str, np.ndarray]:
    """Features and responses with 256 shared dimensions and unit noise, and 10 noisy repetitions of them."""
    rng = np.random.default_rng(0)
    k = min(256, p)
    x = rng.standard_normal((n, k)) @ rng.standard_normal((k, p)) / 16 + 0.5 * rng.standard_normal((n, p))
    y = x[:, :k] @ rng.standard_normal((k, m)) / 16
    y = y / y.std(axis=0) + rng.standard_normal((n, m))
    return {"x": x, "y": y}


def make_trials(n: int, m: int) -> dict[str, np.ndarray]:
    """Ten repetitions of responses with unit signal and noise."""
    rng = np.random.default_rng(0)
    return {"trials": rng.standard_normal((n, m)) + rng.standard_normal((10, n, m))}


def splits(n: int) -> list:
    """Ten splits, stratified as Brain-Score does by default."""
    from sklearn.model_selection import StratifiedShuffleSplit

    from alignment.folds import Fold

    drawn = StratifiedShuffleSplit(10, train_size=0.9, random_state=1).split(np.zeros(n), np.arange(n) % 8)
    return [Fold(train, test) for train, test in drawn]


def assembly(values: np.ndarray, name: str):
    """Features or responses as Brain-Score takes them."""
    from brainscore_core.supported_data_standards.brainio.assemblies import NeuroidAssembly

    stimuli, neuroids = range(values.shape[-2]), range(values.shape[-1])
    coords = {
        "stimulus_id": ("presentation", [f"s{i:05d}" for i in stimuli]),
        "object_name": ("presentation", [f"o{i % 8}" for i in stimuli]),
        "neuroid_id": ("neuroid", [f"{name}{i:05d}" for i in neuroids]),
        "neuroid_num": ("neuroid", list(neuroids)),
    }
    if values.ndim == 3:
        repetition = np.repeat(np.arange(len(values)), len(stimuli))
        coords = {
            key: (dim, list(each) * (len(values) if dim == "presentation" else 1))
            for key, (dim, each) in coords.items()
        }
        coords["repetition"] = ("presentation", repetition)
        values = values.reshape(-1, len(neuroids))
    return NeuroidAssembly(values, coords=coords, dims=["presentation", "neuroid"])


# ------------------------------------------------------------------- methods: each prepares, then returns the timed call


def our_mapping(kind: str) -> Callable:
    """Our ridge or PLS over the ten splits."""

    def prepare(data: dict[str, np.ndarray], device: str) -> Callable[[], Answer]:
        from alignment.correlation import pearson
        from alignment.mappings import PLS, NeuroidRidge

        x, y, folds = data["x"], data["y"], splits(len(data["x"]))
        where = {} if device == "cpu" else {"backend": "torch", "device": device}
        mapping = NeuroidRidge((1.0,), standardise=False, **where) if kind == "ridge" else PLS(n_components=25)

        def call() -> Answer:
            made = mapping.cross_predict(x, y, folds, inner=False).predictions
            r = [pearson(one, y[fold.test]) for one, fold in zip(made, folds, strict=True)]
            return Answer(float(np.mean([np.nanmedian(one) for one in r])))

        return call

    return prepare


def brain_score(metric: str) -> Callable:
    """A metric or ceiling of Brain-Score by name."""

    def prepare(data: dict[str, np.ndarray], device: str) -> Callable[[], Answer]:
        from brainscore_vision import load_ceiling, load_metric

        if "trials" in data:
            trials, ceiling = assembly(data["trials"], "n"), load_ceiling(metric)
            return lambda: Answer(float(ceiling(trials).values))
        x, y, score = assembly(data["x"], "f"), assembly(data["y"], "n"), load_metric(metric)
        return lambda: Answer(float(score(x, y).values))

    return prepare


def scikit_ridge(data: dict[str, np.ndarray], device: str) -> Callable[[], Answer]:
    """scikit-learn's Ridge over the ten splits, without labels."""
    from sklearn.linear_model import Ridge

    from alignment.correlation import pearson

    x, y, folds = data["x"], data["y"], splits(len(data["x"]))

    def call() -> Answer:
        r = [pearson(Ridge(1.0).fit(x[f.train], y[f.train]).predict(x[f.test]), y[f.test]) for f in folds]
        return Answer(float(np.mean([np.median(one) for one in r])))

    return call


def one_fit(data: dict[str, np.ndarray], fit_predict: Callable) -> Callable[[], Answer]:
    """Train on the first 90 % of the rows, median test r."""
    from alignment.correlation import pearson

    x, y = data["x"], data["y"]
    cut = int(0.9 * len(x))

    def call() -> Answer:
        predicted, alphas = fit_predict(x[:cut], y[:cut], x[cut:])
        r = pearson(np.asarray(predicted, dtype=float), y[cut:])
        return Answer(float(np.median(r)), [round(float(a), 6) for a in np.log10(np.atleast_1d(alphas))])

    return call


def our_search(selection: str, dtype: str = "float64") -> Callable:
    """Our choice of a penalty, over five inner folds or rows left out."""

    def prepare(data: dict[str, np.ndarray], device: str) -> Callable[[], Answer]:
        from sklearn.model_selection import KFold

        from alignment.folds import Fold
        from alignment.mappings import NeuroidRidge

        where = {} if device == "cpu" else {"backend": "torch", "device": device}

        def fit_predict(x: np.ndarray, y: np.ndarray, new: np.ndarray):
            model = NeuroidRidge(
                ALPHAS, standardise=False, selection=selection, per_neuroid=selection == "kfold", dtype=dtype, **where
            )
            inner = [Fold(a, b) for a, b in KFold(5).split(x)] if selection == "kfold" else None
            model.fit(x, y, folds=inner)
            return model.predict(new), model.alpha_ if selection == "kfold" else model.alpha_[0]

        return one_fit(data, fit_predict)

    return prepare


def himalaya(dtype: str, backend: str) -> Callable:
    """Choice of a penalty by himalaya, over the same five inner folds."""

    def prepare(data: dict[str, np.ndarray], device: str) -> Callable[[], Answer]:
        from himalaya.backend import set_backend
        from himalaya.kernel_ridge import KernelRidgeCV
        from sklearn.model_selection import KFold

        kind = set_backend("torch_cuda" if device == "cuda" else backend)

        def fit_predict(x: np.ndarray, y: np.ndarray, new: np.ndarray):
            model = KernelRidgeCV(alphas=ALPHAS, cv=KFold(5), fit_intercept=True, warn=False)
            model.fit(x.astype(dtype), y.astype(dtype))
            return kind.to_numpy(model.predict(new.astype(dtype))), kind.to_numpy(model.best_alphas_)

        return one_fit(data, fit_predict)

    return prepare


def scikit_ridgecv(data: dict[str, np.ndarray], device: str) -> Callable[[], Answer]:
    """scikit-learn's choice of one penalty by leave-one-out."""
    from sklearn.linear_model import RidgeCV

    def fit_predict(x: np.ndarray, y: np.ndarray, new: np.ndarray):
        model = RidgeCV(ALPHAS).fit(x, y)
        return model.predict(new), model.alpha_

    return one_fit(data, fit_predict)


def our_similarity(kind: str) -> Callable:
    """Our CKA, RDM or internal consistency."""

    def prepare(data: dict[str, np.ndarray], device: str) -> Callable[[], Answer]:
        if "trials" in data:
            from alignment.ceilings import internal_consistency

            return lambda: Answer(float(internal_consistency(data["trials"]).value))
        from alignment.similarity import cka, compare_rdms, rdm

        x, y = data["x"], data["y"]
        if kind == "rdm":
            return lambda: Answer(
                float(compare_rdms(rdm(x, method="correlation"), rdm(y, method="correlation")).squeeze())
            )
        return lambda: Answer(float(cka(x, y, kind=kind)))

    return prepare


class Row(NamedTuple):
    """One comparison: a size, our call, and the peers'."""

    name: str
    size: tuple[int, ...]
    ours: Callable
    peers: dict[str, Callable]
    full: bool = False
    gpu: bool = False


def rows() -> list[Row]:
    """All comparisons; the first peer is the one to beat."""
    # Title, ours, peers, in the large size too, on a GPU too.
    kinds = [
        ("ridge, 10 splits", our_mapping("ridge"), {"Brain-Score ridge": brain_score("ridge")}, True, True),
        ("ridge, 10 splits, bare", our_mapping("ridge"), {"scikit-learn Ridge": scikit_ridge}, False, False),
        ("PLS 25, 10 splits", our_mapping("pls"), {"Brain-Score pls": brain_score("pls")}, False, False),
        (
            "penalty per neuroid, float64",
            our_search("kfold"),
            {"himalaya KernelRidgeCV, numpy": himalaya("float64", "numpy")},
            False,
            False,
        ),
        (
            "penalty per neuroid, float32",
            our_search("kfold", "float32"),
            {"himalaya KernelRidgeCV, torch": himalaya("float32", "torch")},
            True,
            True,
        ),
        ("penalty by leave-one-out", our_search("loo"), {"scikit-learn RidgeCV": scikit_ridgecv}, True, False),
        ("CKA debiased", our_similarity("debiased"), {"Brain-Score cka": brain_score("cka")}, True, False),
        ("CKA biased", our_similarity("biased"), {"Brain-Score cka_biased": brain_score("cka_biased")}, True, False),
        ("RDM, Spearman", our_similarity("rdm"), {"Brain-Score rdm": brain_score("rdm")}, True, False),
    ]
    table = []
    for size in (SMALL, WIDE, LARGE):
        for title, ours, peers, large, gpu in kinds:
            if large or size != LARGE:
                name = f"{title} (n {size[0]}, p {size[1]}, m {size[2]})"
                table.append(Row(name, size, ours, peers, size == LARGE, gpu))
    for n in (200, 1000):
        peers = {"Brain-Score internal_consistency": brain_score("internal_consistency")}
        table.append(Row(f"internal consistency, R 10 (n {n}, m 200)", (n, 200), our_similarity("consistency"), peers))
    return table


# ------------------------------------------------------------------------------------------------------- measurement


def measure(name: str, who: str, folder: str, device: str) -> dict:
    """Seconds, extra memory and answer of one method; in a process that does nothing else."""
    row = next(row for row in rows() if row.name == name)
    prepare = row.ours if who == "ours" else row.peers[who]
    if len(row.size) == 3:
        tiny, size = make(*TINY), row.size
    else:
        tiny, size = make_trials(16, 4), row.size
    prepare(tiny, device)()
    data = {path.stem: np.load(path) for path in (Path(folder) / "-".join(map(str, size))).glob("*.npy")}
    call = prepare(data, device)
    before, seconds, cpu = _resident("VmRSS"), [], []
    _forget_peak()
    while len(seconds) < REPEATS and (not seconds or sum(seconds) + seconds[0] < ENOUGH_SECONDS):
        start, busy = time.perf_counter(), time.process_time()
        answer = call()
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - busy)
    extra = max(0, _resident("VmHWM") - before)
    return {
        "seconds": statistics.median(seconds),
        "cpu_seconds": statistics.median(cpu),
        "extra_mb": extra / 1e6,
        "value": answer.value,
        "choice": answer.choice,
        "runs": len(seconds),
    }


def _resident(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) * 1024


def _forget_peak() -> None:
    """Let the peak of building the inputs not count; where Linux forbids it, the inputs were loaded without a peak."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def entry(row: Row, who: str, folder: str, device: str, threads: int) -> dict | None:
    """Measure in a process of its own; None where the peer is not installed."""
    limits = {f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
    command = [sys.executable, __file__, "--measure", row.name, "--who", who, "--folder", folder, "--device", device]
    done = subprocess.run(command, env={**os.environ, **QUIET, **limits}, capture_output=True, text=True)
    if done.returncode:
        if "ModuleNotFoundError" in done.stderr and who != "ours":
            return None
        raise RuntimeError(f"{row.name}, {who}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(row: Row, peer: str, ours: dict, theirs: dict | None, device: str, threads: int) -> dict:
    """One line of the result."""
    line = {"name": row.name, "device": device, "threads": threads, "peer_name": peer, "ours": ours["seconds"]}
    line |= {f"ours_{key}": ours[key] for key in ("cpu_seconds", "extra_mb", "value", "runs")}
    if theirs is None:
        return line | {"peer": None, "ratio": None, "note": "peer not installed"}
    line |= {"peer": theirs["seconds"]} | {
        f"peer_{key}": theirs[key] for key in ("cpu_seconds", "extra_mb", "value", "runs")
    }
    line["ratio"] = theirs["seconds"] / ours["seconds"]
    line["cpu_ratio"] = theirs["cpu_seconds"] / ours["cpu_seconds"]
    line["memory_ratio"] = ours["extra_mb"] / theirs["extra_mb"] if theirs["extra_mb"] else None
    if ours["choice"] is not None and theirs["choice"] is not None:
        line["equal_choices"] = float(np.mean(np.array(ours["choice"]) == np.array(theirs["choice"])))
    return line


def show(line: dict) -> None:
    """A line of the table."""
    print(f"{line['name']}  [{line['device']}, {line['threads']} thread(s)]  against {line['peer_name']}")
    for who in ("ours", "peer"):
        if line[who] is None:
            print(f"  {who:<5} not installed")
            continue
        print(
            f"  {who:<5} {line[who]:8.3f} s  cpu {line[f'{who}_cpu_seconds']:8.3f} s  extra {line[f'{who}_extra_mb']:7.1f} MB  "
            f"value {line[f'{who}_value']:.5f}  ({line[f'{who}_runs']} run(s))"
        )
    if line["ratio"] is not None:
        choices = f", {line['equal_choices']:.1%} equal penalties" if "equal_choices" in line else ""
        share = "" if line["memory_ratio"] is None else f", {line['memory_ratio']:.0%} of its extra memory"
        print(f"  {line['ratio']:.1f} x faster (cpu {line['cpu_ratio']:.1f} x){share}{choices}")


def devices() -> list[str]:
    """The processor, and a GPU where torch sees one."""
    import torch

    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def main() -> None:
    """Run the comparisons and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON list instead of a table")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="*", help="shell pattern of row names, e.g. 'ridge*'")
    parser.add_argument("--full", action="store_true", help="also the large size")
    parser.add_argument("--list", action="store_true", help="print the names of the rows")
    for hidden in ("--measure", "--who", "--folder", "--device"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure, given.who, given.folder, given.device)))
        return
    chosen = [row for row in rows() if fnmatch.fnmatch(row.name, given.only) and (given.full or not row.full)]
    if given.list:
        print("\n".join(row.name for row in chosen))
        return
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for size in {row.size for row in chosen}:
            target = Path(folder) / "-".join(map(str, size))
            target.mkdir()
            for name, values in (make(*size) if len(size) == 3 else make_trials(*size)).items():
                np.save(target / f"{name}.npy", values)
        for row in chosen:
            for device in devices() if row.gpu else ["cpu"]:
                ours = entry(row, "ours", folder, device, given.threads)
                for peer in row.peers:
                    on_gpu = device == "cuda" and peer.startswith("himalaya")
                    theirs = entry(row, peer, folder, device if on_gpu else "cpu", given.threads)
                    lines.append(compare(row, peer, ours, theirs, device, given.threads))
                    if not given.json:
                        show(lines[-1])
    if given.json:
        print(json.dumps(lines, indent=1))


if __name__ == "__main__":
    main()
