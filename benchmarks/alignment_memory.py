"""Peak memory and wall time of ridge regression with features on disk, beside what `ridge_memory` says beforehand.

python benchmarks/alignment_memory.py [--json] [--presentations 10000 --features 50000 --neuroids 5000] [--folds 2]
    [--alphas 4] [--selection loo] [--dtype float32] [--standardise] [--threads 1] [--folder /tmp]

Features are written to an HDF5 file first, by a process of its own; the process that is measured reads them block by
block, chooses a penalty per neuroid, predicts the test rows of every fold (each a tenth of the rows) and correlates.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

TEST_SHARE = 0.1
SHARED_DIMENSIONS = 256
COLUMNS = 500


def write(path: Path, n: int, p: int, m: int) -> None:
    """Features with shared dimensions and noise, and responses to them with unit noise, in single precision."""
    import h5py

    rng = np.random.default_rng(0)
    k = min(SHARED_DIMENSIONS, p)
    shared = rng.standard_normal((n, k), dtype=np.float32)
    with h5py.File(path, "w") as file:
        features = file.create_dataset("features", (n, p), np.float32, chunks=(min(n, 1000), min(p, COLUMNS)))
        for start in range(0, p, COLUMNS):
            width = min(COLUMNS, p - start)
            mixed = shared @ rng.standard_normal((k, width), dtype=np.float32) / 16
            features[:, start : start + width] = mixed + 0.5 * rng.standard_normal((n, width), dtype=np.float32)
        signal = shared @ rng.standard_normal((k, m), dtype=np.float32)
        signal /= signal.std(axis=0)
        file.create_dataset("responses", data=signal + rng.standard_normal((n, m), dtype=np.float32))


def run(path: Path, folds: int, alphas: int, selection: str, dtype: str, standardise: bool) -> dict:
    """Score and tell the peak; in a process that does nothing else."""
    import h5py
    from sklearn.model_selection import ShuffleSplit

    from alignment.correlation import pearson
    from alignment.folds import Fold
    from alignment.mappings import NeuroidRidge

    with h5py.File(path) as file:
        features, responses = file["features"], file["responses"][:]
        drawn = ShuffleSplit(folds, test_size=TEST_SHARE, random_state=0).split(responses)
        cut = [Fold(train, test) for train, test in drawn]
        mapping = NeuroidRidge(
            np.logspace(3, 6, alphas) if alphas > 1 else (1e3,),
            standardise=standardise,
            selection=selection,
            dtype=dtype,
        )
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        start, busy = time.perf_counter(), time.process_time()
        crossed = mapping.cross_predict(features, responses, cut, inner=alphas > 1)
        blocks = [slice(first, first + 500) for first in range(0, responses.shape[1], 500)]
        r = np.concatenate(
            [
                np.mean(
                    [pearson(p[:, b], responses[f.test, b]) for p, f in zip(crossed.predictions, cut, strict=True)], 0
                )
                for b in blocks
            ]
        )
    return {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - busy,
        "inputs_gb": before / 1e9,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
        "median_r": float(np.median(r)),
        "alphas_chosen": sorted(set(np.round(np.log10(crossed.chosen["alpha"]).ravel(), 3).tolist())),
    }


def main() -> None:
    """Say what is needed, then measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--presentations", type=int, default=10_000)
    parser.add_argument("--features", type=int, default=50_000)
    parser.add_argument("--neuroids", type=int, default=5_000)
    parser.add_argument("--folds", type=int, default=2)
    parser.add_argument("--alphas", type=int, default=4, help="penalties between 1e3 and 1e6, or 1 for 1e3 alone")
    parser.add_argument("--selection", choices=("loo", "kfold"), default="loo")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--standardise", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", help="where the features are written")
    parser.add_argument("--step", choices=("write", "run"), help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    n, p, m = given.presentations, given.features, given.neuroids
    if given.step == "write":
        write(given.path, n, p, m)
        return
    if given.step == "run":
        print(json.dumps(run(given.path, given.folds, given.alphas, given.selection, given.dtype, given.standardise)))
        return

    from alignment.mappings import ridge_memory

    need = ridge_memory(
        n,
        p,
        m,
        n_folds=given.folds,
        test_share=TEST_SHARE,
        n_alphas=given.alphas,
        standardise=given.standardise,
        selection=given.selection,
        inner=given.alphas > 1,
        dtype=given.dtype,
        feature_dtype="float32",
        response_dtype="float32",
    )
    if not given.json:
        print(
            f"{n} presentations x {p} features ({4 * n * p / 1e9:.2f} GB on disk) x {m} neuroids, {given.folds} folds, "
            f"{given.alphas} penalties ({given.selection}), {given.dtype}\n"
            f"needed beside the responses: {need / 1e9:.2f} GB",
            flush=True,
        )
    limits = {f"{name}_NUM_THREADS": str(given.threads) for name in ("OMP", "OPENBLAS", "MKL")}
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        command = [sys.executable, __file__, *sys.argv[1:], "--path", str(Path(folder) / "features.h5"), "--step"]
        for step in ("write", "run"):
            done = subprocess.run(
                [*command, step], env={**os.environ, **limits}, stdout=subprocess.PIPE, text=True, check=True
            )
    line = {
        "name": f"ridge from disk, n {n}, p {p}, m {m}, folds {given.folds}, penalties {given.alphas} ({given.selection})",
        "device": "cpu",
        "threads": given.threads,
        "dtype": given.dtype,
        "said_gb": need / 1e9,
        **json.loads(done.stdout.splitlines()[-1]),
    }
    if given.json:
        print(json.dumps([line], indent=1))
        return
    print(
        f"peak {line['peak_gb']:.2f} GB, of which {line['inputs_gb']:.2f} GB interpreter and responses; "
        f"{line['seconds']:.0f} s wall, {line['cpu_seconds']:.0f} s cpu; median r {line['median_r']:.4f}, "
        f"log10 of the penalties chosen {line['alphas_chosen']}"
    )


if __name__ == "__main__":
    main()
