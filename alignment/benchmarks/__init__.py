"""The benchmarks by name. Other packages add some through the entry-point group ``neuromodels.benchmarks``."""

from data.registry import Registry

from ..benchmark import Benchmark
from .description import benchmark_from_arrays, benchmark_from_toml

__all__ = ["benchmark_from_arrays", "benchmark_from_toml", "list_benchmarks", "load_benchmark", "register_benchmark"]

_registry: Registry[Benchmark] = Registry(
    "benchmark",
    {
        "language": "alignment.benchmarks.language",
        "motion": "alignment.benchmarks.motion",
        "tactile": "alignment.benchmarks.tactile",
        "timescale": "alignment.benchmarks.timescale",
        "vision": "alignment.benchmarks.vision",
    },
    entry_point_group="neuromodels.benchmarks",
)


def register_benchmark(benchmark: Benchmark) -> None:
    """Enter a benchmark under its name."""
    _registry.add(benchmark.name, benchmark)


def list_benchmarks(pattern: str = "*") -> list[str]:
    """Registered names that match a shell pattern, sorted."""
    return _registry.names(pattern)


def load_benchmark(name: str) -> Benchmark:
    """Benchmark of that name; an unknown one is an error with the closest names."""
    return _registry.get(name)


def listing() -> list[dict[str, object]]:
    """Rows for ``neuromodels list benchmarks``."""
    from data.access import is_available

    rows: list[dict[str, object]] = []
    for name in list_benchmarks():
        benchmark = load_benchmark(name)
        info = benchmark.info
        here = is_available(info)
        rows.append(
            {
                "name": name,
                "summary": info.summary + ("" if here else "  [data not on this machine]"),
                "version": benchmark.version,
                "dataset": benchmark.dataset_name,
                "available": here,
                "ceiling": benchmark.ceiling_words,
                "normalisation": benchmark.normalisation,
                "licence": info.licence,
                "citation": benchmark.citation,
            }
        )
    return rows
