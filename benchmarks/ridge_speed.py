"""Ridge with one penalty per neuroid: ours, himalaya and scikit-learn, same folds, same grid, one run.

python benchmarks/ridge_speed.py [--json] [--threads 1] [--n 1000 --p 4096 --m 200]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

N_TEST_SHARE, N_ALPHAS, REPEATS = 0.1, 10, 3


def make(n: int, p: int, m: int):
    """Features and responses with 256 shared dimensions and unit noise."""
    import numpy as np

    rng = np.random.default_rng(0)
    k = min(256, p)
    x = rng.standard_normal((n, k)) @ rng.standard_normal((k, p)) / 16 + 0.5 * rng.standard_normal((n, p))
    y = x[:, :k] @ rng.standard_normal((k, m)) / 16
    return x, y / y.std(axis=0) + rng.standard_normal((n, m))


def run(method: str, n: int, p: int, m: int) -> dict:
    """Seconds (median), extra memory and median test r of one method, in a process of its own."""
    import numpy as np
    import psutil
    from sklearn.model_selection import KFold
    from sklearn.preprocessing import StandardScaler

    x, y = make(n, p, m)
    cut = int(n * (1 - N_TEST_SHARE))
    train, test = slice(0, cut), slice(cut, n)
    alphas, folds = np.logspace(-2, 7, N_ALPHAS), KFold(5)

    def ours():
        from alignment.folds import Fold
        from alignment.mappings.ridge import NeuroidRidge

        inner = [Fold(a, b) for a, b in folds.split(x[train])]
        return NeuroidRidge(alphas).fit(x[train], y[train], folds=inner).predict(x[test])

    def himalaya():
        from himalaya.kernel_ridge import KernelRidgeCV

        scaler = StandardScaler().fit(x[train])
        mean = y[train].mean(axis=0)
        model = KernelRidgeCV(alphas=alphas, cv=folds).fit(scaler.transform(x[train]), y[train] - mean)
        return model.predict(scaler.transform(x[test])) + mean

    def sklearn():
        from sklearn.linear_model import RidgeCV

        scaler = StandardScaler().fit(x[train])
        model = RidgeCV(alphas, alpha_per_target=True).fit(scaler.transform(x[train]), y[train])
        return model.predict(scaler.transform(x[test]))

    predict = {"ours": ours, "himalaya": himalaya, "scikit-learn (leave-one-out)": sklearn}[method]
    process = psutil.Process()
    before = process.memory_info().rss
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        made = predict()
        seconds.append(time.perf_counter() - start)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    r = [np.corrcoef(made[:, u], y[test][:, u])[0, 1] for u in range(m)]
    return {
        "method": method,
        "seconds": statistics.median(seconds),
        "extra_mb": max(0, peak - before) / 1e6,
        "median_r": float(np.median(r)),
    }


def main() -> None:
    """Compare the three and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--p", type=int, default=4096)
    parser.add_argument("--m", type=int, default=200)
    parser.add_argument("--method", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.method:
        print(json.dumps(run(arguments.method, arguments.n, arguments.p, arguments.m)))
        return
    threads = {f"{name}_NUM_THREADS": str(arguments.threads) for name in ("OMP", "OPENBLAS", "MKL")}
    results = []
    for method in ("ours", "himalaya", "scikit-learn (leave-one-out)"):
        size = [f"--{key}={getattr(arguments, key)}" for key in "npm"]
        done = subprocess.run(
            [sys.executable, __file__, f"--method={method}", *size],
            env={**os.environ, **threads},
            capture_output=True,
            text=True,
            check=True,
        )
        results.append(json.loads(done.stdout.splitlines()[-1]))
    ours = results[0]
    for row in results:
        row |= {
            "name": f"ridge n={arguments.n} p={arguments.p} m={arguments.m}",
            "device": "cpu",
            "threads": arguments.threads,
            "ratio": row["seconds"] / ours["seconds"],
        }
    if arguments.json:
        print(json.dumps(results, indent=1))
        return
    for row in results:
        print(
            f"{row['method']:<30} {row['seconds']:7.2f} s   {row['ratio']:5.2f} x ours   {row['extra_mb']:6.0f} MB   "
            f"r {row['median_r']:.4f}"
        )


if __name__ == "__main__":
    main()
