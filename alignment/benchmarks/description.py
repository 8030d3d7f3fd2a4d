"""Benchmarks as data: from arrays in a few lines, or from a TOML description beside a recording."""

import difflib
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.arrays import dataset_from_arrays, dataset_from_files
from data.errors import DataNotAvailableError
from data.registry import GRAMMAR
from data.splits import SplitSpec
from data.stimuli import StimulusSet

from ..benchmark import Benchmark, Normalisation, PublishedNumber
from ..ceilings import Ceiling, NcsnrCeiling, PublishedCeiling, SignalPowerCeiling, SplitHalfCeiling
from ..metrics import make_metric
from ..relation_ceiling import BetweenSubjects, RelationCeiling

BY_VARIANCE: dict[str, type[Ceiling]] = {"signal-power": SignalPowerCeiling, "ncsnr": NcsnrCeiling}
KINDS = ("split-half", *BY_VARIANCE, "published", "subjects", "none")
# What a description may hold; anything else is a mistake that must not pass unseen.
FIELDS = {
    "": {"name", "citation", "licence", "version", "protocol", "context", "missing", "direction", "neuroids"},
    "data": {"dataset", "responses", "stimuli", "group"},
    "split": {"name", "scheme", "n_splits", "seed", "group", "train_fraction", "stratify", "embargo", "source"},
    "ceiling": {"kind", "values", "source", "max_halvings", "seed"},
    "published": {"model", "value", "what", "source"},
}


def benchmark_from_arrays(
    name: str,
    stimuli: "StimulusSet | list[str] | np.ndarray",
    responses: np.ndarray,
    *,
    group: npt.ArrayLike | None = None,
    neuroid: dict[str, npt.ArrayLike] | None = None,
    time_bin: dict[str, npt.ArrayLike] | None = None,
    unit: str = "1",
    citation: str = "none given",
    licence: str = "none stated",
    split: SplitSpec | str | None = None,
    **options: Any,
) -> Benchmark:
    """Benchmark of your own arrays.

    Parameters
    ----------
    name
        ``family/name`` in lower case.
    stimuli, responses, group, neuroid, time_bin, unit, citation, licence, split
        See `data.dataset_from_arrays`; ``split`` may also be a name out of `list_named_splits`.
    **options
        Further fields of `Benchmark`: ``metric``, ``ceiling``, ``version``, ``missing``, ... With two or more repetitions the
        ceiling is split-half unless given; pass ``ceiling=None`` for none.

    Examples
    --------
    >>> import numpy as np
    >>> from alignment import benchmark_from_arrays
    >>> trials = np.random.default_rng(0).standard_normal((4, 30, 5))
    >>> benchmark_from_arrays("vision/mine", np.zeros((30, 8, 8)), trials).normalisation
    'r/c'
    """
    dataset = dataset_from_arrays(
        name,
        stimuli,
        responses,
        group=group,
        neuroid=neuroid,
        time_bin=time_bin,
        unit=unit,
        citation=citation,
        licence=licence,
        split=split if isinstance(split, SplitSpec) else None,
    )
    if isinstance(split, str):
        options["split"] = split
    repeated = dataset.responses is not None and len(np.unique(dataset.responses["repetition"].values)) > 1
    mapped = options.get("direction", "model to brain") == "model to brain" and not _is_similarity(
        options.get("metric")
    )
    ceiling = options.pop("ceiling", SplitHalfCeiling() if repeated and mapped else None)
    options.setdefault("normalisation", _normalisation(ceiling))
    return Benchmark(name, dataset, citation, ceiling=ceiling, **options)


def benchmark_from_toml(path: str | Path) -> Benchmark:
    """Benchmark of a TOML description.

    Parameters
    ----------
    path
        Top level: ``name``, ``citation``, ``licence``, ``version``, ``protocol`` (sentences), ``context``, ``missing``,
        ``direction``, ``neuroids``. ``[data]``: ``responses`` (netCDF), ``stimuli`` (netCDF or CSV) and ``group``, or
        ``dataset`` (a registered name). ``[split]``: the fields of `data.SplitSpec`. ``[metric]``: ``name`` and its options.
        ``[ceiling]``: ``kind`` ``split-half``, ``signal-power``, ``ncsnr``, ``published`` (with ``values``, ``source``),
        ``subjects`` (for similarities) or ``none``. ``[[published]]``: numbers of others. Only ``name`` and ``[data]`` are
        required; paths are relative to the file.

    Raises
    ------
    DataNotAvailableError
        If the description or a file that it names is missing.
    ValueError
        For an unknown or missing field; the message names it.
    """
    path = Path(path)
    if not path.is_file():
        raise DataNotAvailableError(f"benchmark description {path} does not exist; mend the path.")
    try:
        text = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no TOML file: {error}.") from None
    source = {key: text.pop(key, {}) for key in ("data", "split", "metric", "ceiling")}
    published = text.pop("published", [])
    if not isinstance(source["metric"], dict):
        raise ValueError(f"{path}: [metric] must be a table with 'name' and options, received {source['metric']!r}.")
    if not isinstance(published, list):
        raise ValueError(
            f"{path}: numbers of others stand in [[published]], with two brackets, received {published!r}."
        )
    _check(path, "", text)
    _check_types(path, text)
    for key in ("data", "split", "ceiling"):
        _check(path, key, source[key])
    if "name" not in text:
        raise ValueError(f"{path} has no field 'name'; give the benchmark one, as family/name.")
    citation, licence = text.pop("citation", "none given"), text.pop("licence", "none stated")
    split = _split(path, source["split"])
    dataset: Any = source["data"].get("dataset")
    if dataset is not None and len(source["data"]) > 1:
        other = next(key for key in source["data"] if key != "dataset")
        raise ValueError(f"{path} names a registered dataset and {other!r} in [data]; give one or the other.")
    if dataset is None:
        absent = [key for key in ("responses", "stimuli") if key not in source["data"]]
        if absent:
            raise ValueError(f"{path} has no field {absent[0]!r} in [data]; name a file, or a registered dataset.")
        files = {key: path.parent / source["data"][key] for key in ("responses", "stimuli")}
        dataset = dataset_from_files(
            text["name"],
            **files,
            group=source["data"].get("group"),
            citation=citation,
            licence=licence,
            split=split if isinstance(split, SplitSpec) else None,
        )
    for number in published:
        _check(path, "published", number)
        absent = sorted(FIELDS["published"] - set(number))
        if absent or not isinstance(number["value"], (int, float)):
            raise ValueError(
                f"{path}: every [[published]] number needs model, value (a number), what and source, received {number}."
            )
    ceiling = _ceiling(path, source["ceiling"])
    metric = dict(source["metric"])
    return Benchmark(
        name=text.pop("name"),
        dataset=dataset,
        citation=citation,
        split=split or "",
        ceiling=ceiling,
        normalisation=_normalisation(ceiling),
        metric=make_metric(metric.pop("name", "ridge"), **metric),
        neuroids=tuple(text.pop("neuroids")) if "neuroids" in text else None,
        protocol_notes=tuple(text.pop("protocol", ())),
        published=tuple(PublishedNumber(**number) for number in published),
        **text,
    )


def _normalisation(ceiling: "Ceiling | RelationCeiling | None") -> Normalisation:
    """Bounds between subjects divide nothing: a subject is part of its own upper bound."""
    return "none" if ceiling is None or isinstance(ceiling, RelationCeiling) else "r/c"


def _is_similarity(metric: Any) -> bool:
    from ..mappings import Mapping

    return metric is not None and not isinstance(make_metric(metric) if isinstance(metric, str) else metric, Mapping)


def _check(path: Path, table: str, content: Any) -> None:
    where = f"[{table}]" if table else "the top level"
    if not isinstance(content, dict):
        raise ValueError(f"{path}: {where} must be a table, received {content!r}.")
    for key in content:
        if key not in FIELDS[table]:
            close = difflib.get_close_matches(key, FIELDS[table], n=1, cutoff=0.6)
            hint = f"did you mean {close[0]!r}?" if close else f"it takes {', '.join(sorted(FIELDS[table]))}."
            raise ValueError(f"{path} has an unknown field {key!r} in {where}; {hint}")


def _check_types(path: Path, text: dict[str, Any]) -> None:
    """A text where a list is meant would be taken apart into letters."""
    wanted: dict[str, tuple[type, str]] = {
        "name": (str, "a text"),
        "citation": (str, "a text"),
        "licence": (str, "a text"),
        "version": (int, "a whole number"),
        "context": (bool, "true or false"),
        "protocol": (list, "a list of sentences"),
        "neuroids": (list, "a list of neuroid ids"),
    }
    for key, (kind, words) in wanted.items():
        if key in text and (not isinstance(text[key], kind) or (kind is int and isinstance(text[key], bool))):
            raise ValueError(f"{path}: {key!r} must be {words}, received {text[key]!r}.")
    if "name" in text and not GRAMMAR.fullmatch(text["name"]):
        raise ValueError(f"{path}: 'name' must be family/name in lower case, received {text['name']!r}.")


def _split(path: Path, fields: dict[str, Any]) -> SplitSpec | str | None:
    if set(fields) == {"name"}:
        return str(fields["name"])  # one of the dataset's or of the papers' own
    if not fields:
        return None
    try:
        return SplitSpec(**{"name": "own", "seed": 0, **fields})
    except TypeError as error:
        raise ValueError(
            f"{path}: [split] must be a name that is known, or a scheme with what it needs (see data.SplitSpec): {error}."
        ) from error


def _ceiling(path: Path, fields: dict[str, Any]) -> "Ceiling | RelationCeiling | None":
    kind = fields.get("kind", "none")
    takes = {"split-half": ("max_halvings", "seed"), "published": ("values", "source")}
    for key in fields:
        if key not in ("kind", *takes.get(kind, ())) and kind in KINDS:
            raise ValueError(f"{path}: a ceiling of kind {kind!r} takes no {key!r}; give the kind that it belongs to.")
    if kind == "none":
        return None
    if kind == "subjects":
        return BetweenSubjects()
    if kind == "published":
        if not {"values", "source"} <= set(fields):
            raise ValueError(f"{path}: a published ceiling needs 'values' (neuroid_id to number) and 'source'.")
        return PublishedCeiling(fields["values"], fields["source"])
    if kind in BY_VARIANCE:
        return BY_VARIANCE[kind]()
    if kind != "split-half":
        raise ValueError(f"{path}: ceiling kind must be one of {', '.join(KINDS)}, received {kind!r}.")
    for key in ("max_halvings", "seed"):
        if not isinstance(fields.get(key, 0), int):
            raise ValueError(f"{path}: {key!r} in [ceiling] must be a whole number, received {fields[key]!r}.")
    return SplitHalfCeiling(**{key: fields[key] for key in ("max_halvings", "seed") if key in fields})
