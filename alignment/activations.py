"""From a model and stimuli to labelled activations, recorded once per content."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from data.stimuli import StimulusSet

from .cache import ActivationCache
from .keys import Unkeyable, digest
from .protocol import RecordableModel

# Raise when the meaning of a recording changes: old cache entries are then never read again.
RECORDING_VERSION = 1


class UnknownLayerError(ValueError):
    """A layer that the model does not have; ``exit_code`` is what the command line returns for it."""

    exit_code = 2


def record_activations(
    model: RecordableModel,
    stimuli: StimulusSet,
    layers: Sequence[str] | None = None,
    *,
    batch_size: int = 64,
    cache: ActivationCache | bool = True,
) -> dict[str, xr.DataArray]:
    """Activations of a model for a stimulus set, one labelled array per layer.

    Parameters
    ----------
    model
        See `RecordableModel`.
    stimuli
        Checked against ``model.input_spec``: every entry that both state must be equal.
    layers
        Subset of ``model.layers``; all by default.
    batch_size
        Stimuli per forward pass.
    cache
        True for the default folder, False for none, or an `ActivationCache`. A model with an empty
        ``revision`` is never cached.

    Returns
    -------
    dict
        Layer to ``DataArray (presentation, neuroid)``, float32 or the model's dtype, features flattened; coordinate
        ``stimulus_id`` along presentation, ``layer`` and ``unit`` along neuroid.

    Raises
    ------
    ValueError
        For a layer the model lacks, an empty stimulus, an input that does not fit, or activations that are not finite.
    """
    wanted = _check_layers(model, layers)
    check_stimuli(model, stimuli)
    store = ActivationCache() if cache is True else (cache or None)
    # One hash of the weights per recording: it reads every byte of a large model.
    revision = model.revision
    store = store if revision else None
    facts = {"model": model.name, "revision": revision, "stimuli": stimuli.name}
    content = stimuli.content_hash()
    spec = {key: _plain(value) for key, value in model.input_spec.items()}
    keys: dict[str, str] = {}
    try:
        # The batch size too: a network that pads or normalises over its batch depends on it.
        keys = {
            layer: digest(RECORDING_VERSION, model.name, revision, layer, spec, content, batch_size)
            for layer in wanted
            if store
        }
    except Unkeyable:
        store = None
    found: dict[str, np.ndarray] = {}
    for layer in wanted:
        cached = store.get(keys[layer]) if store else None
        if cached is not None and len(cached) == len(stimuli):
            found[layer] = cached
    missing = [layer for layer in wanted if layer not in found]
    if missing:
        recorded = _record(model, stimuli, missing, batch_size)
        for layer, values in recorded.items():
            found[layer] = values
            if store:
                store.put(keys[layer], values, {**facts, "layer": layer})
    return {layer: _label(found[layer], layer, stimuli, facts) for layer in wanted}


def _check_layers(model: RecordableModel, layers: Sequence[str] | None) -> list[str]:
    import difflib

    for layer in layers or ():
        if layer not in model.layers:
            close = difflib.get_close_matches(layer, list(model.layers), n=3, cutoff=0.4) or list(model.layers)[:5]
            raise UnknownLayerError(f"model {model.name!r} has no layer {layer!r}; closest: {', '.join(close)}.")
    return list(dict.fromkeys(layers or model.layers))


def check_stimuli(model: RecordableModel, stimuli: StimulusSet) -> None:
    """Raise ValueError if the stimuli are not what the model takes, or one of them is empty."""
    offered, wanted = stimuli.spec, model.input_spec
    for key in ("kind", "dims", "shape", "rate_hz", "unit"):
        if key in offered and key in wanted and _plain(offered[key]) != _plain(wanted[key]):
            raise ValueError(
                f"model {model.name!r} takes {key} {wanted[key]!r}, stimuli {stimuli.name!r} have {offered[key]!r}; "
                "convert the stimuli first: nothing is resampled or padded silently."
            )
    if offered["kind"] == "text":
        for name, text in zip(stimuli.ids, stimuli.items(), strict=True):
            if not text.strip():
                raise ValueError(f"stimulus {name!r} of {stimuli.name!r} is an empty text; remove it or fill it in.")
    elif not np.isfinite(stimuli.items()).all():
        raise ValueError(f"stimuli {stimuli.name!r} hold NaN or infinite values; mend them before recording.")


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def constant_note(model: RecordableModel, layer: str, values: np.ndarray) -> str:
    """Sentence on a layer without any variation, or an empty text."""
    if (np.ptp(values, axis=0) > 0).any():
        return ""
    return f"layer {layer!r} of {model.name!r} is the same for every stimulus."


def _record(model: RecordableModel, stimuli: StimulusSet, layers: list[str], batch_size: int) -> dict[str, np.ndarray]:
    import inspect

    accepts = inspect.signature(model.record).parameters
    options: dict[str, Any] = {"batch_size": batch_size} if "batch_size" in accepts else {}
    # A model that knows stimuli by their ids, such as another recording, takes the whole set.
    if hasattr(model, "record_set"):
        recorded: Mapping[str, Any] = model.record_set(stimuli, layers)
    else:
        recorded = model.record(stimuli.items(), layers, **options)
    arrays = {}
    for layer in layers:
        if layer not in recorded:
            raise ValueError(f"record of {model.name!r} did not return layer {layer!r}; it gave {list(recorded)}.")
        values = _to_numpy(recorded[layer])
        if values.ndim == 0 or len(values) != len(stimuli):
            raise ValueError(
                f"layer {layer!r} of {model.name!r} has shape {values.shape} for {len(stimuli)} stimuli; the first axis "
                "must count the stimuli."
            )
        values = values.reshape(len(stimuli), -1)
        if not np.isfinite(values).all():
            bad = stimuli.ids[int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])]
            raise ValueError(f"layer {layer!r} of {model.name!r} is not finite for stimulus {bad!r}; check the model.")
        if note := constant_note(model, layer, values):
            warnings.warn(note, stacklevel=4)
        arrays[layer] = values
    return arrays


def _to_numpy(values: Any) -> np.ndarray:
    """Array from a tensor or array; bfloat16, which numpy lacks, becomes float32."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = values.float() if str(values.dtype) == "torch.bfloat16" else values
    return np.asarray(values)


def _label(values: np.ndarray, layer: str, stimuli: StimulusSet, facts: dict[str, str]) -> xr.DataArray:
    n_units = values.shape[1]
    return xr.DataArray(
        values,
        dims=("presentation", "neuroid"),
        coords={
            "stimulus_id": ("presentation", np.asarray(stimuli.ids)),
            "layer": ("neuroid", np.full(n_units, layer)),
            "unit": ("neuroid", np.arange(n_units)),
        },
        name="activations",
        attrs=facts,
    )
