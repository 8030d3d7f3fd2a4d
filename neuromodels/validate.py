"""Checks of the recording contract that a user can run on an own model."""

import math
from collections.abc import Sequence

from .errors import ContractError
from .recording import Recordable


def validate_model(model: Recordable, stimuli: Sequence) -> None:
    """Try a model on a few stimuli and name the first rule of the recording contract that it breaks.

    Rules: it has a name, a revision, an ``input_spec`` with a kind, and unique layer names; ``record``
    returns exactly the layers asked for, one finite row per stimulus, on the CPU, without gradient; a row does
    not depend on the other stimuli of the batch; a second call gives the same bits; neither modes nor the
    global random state change.

    Parameters
    ----------
    model
        The model; recorded with at most four stimuli.
    stimuli
        At least two stimuli of the kind in ``model.input_spec``.

    Raises
    ------
    ContractError
        With the broken rule, what was received, and what to do.
    """
    import torch

    if len(stimuli) < 2:
        raise ValueError(f"validate_model needs at least 2 stimuli, received {len(stimuli)}.")
    stimuli = stimuli[:4]
    _check_identity(model)
    modes = {name: module.training for name, module in model.named_modules()}
    random_state = torch.get_rng_state()
    first = model.record(stimuli)
    if not torch.equal(random_state, torch.get_rng_state()):
        raise ContractError("record changed torch's global random state; draw from a torch.Generator of your own.")
    changed = [name for name, module in model.named_modules() if module.training != modes[name]]
    if changed:
        raise ContractError(f"record left {changed[0] or 'the model'!r} in another train/eval mode; restore it.")
    if list(first) != list(model.layers):
        raise ContractError(f"record returned layers {list(first)}, expected {list(model.layers)}.")
    for layer, values in first.items():
        _check_values(layer, values, len(stimuli))
    second = model.record(stimuli)
    rows = []
    for position in range(len(stimuli)):
        try:
            rows.append(model.record(stimuli[position : position + 1]))
        except Exception as error:
            raise ContractError(
                f"record fails for stimulus {position} alone ({error}): it depends on the other stimuli in its batch; "
                "use eval-mode statistics."
            ) from error
    for layer, values in first.items():
        if not torch.equal(values, second[layer]):
            raise ContractError(f"layer {layer!r} differs between two calls; seed or switch off what is random.")
        alone = torch.cat([row[layer] for row in rows])
        scale = float(values.abs().max()) or 1.0
        tolerance = max(1e-4, 4 * torch.finfo(values.dtype).eps) if values.is_floating_point() else 1e-4
        if not math.isclose(float((values - alone).abs().max()) / scale, 0.0, abs_tol=tolerance):
            raise ContractError(
                f"layer {layer!r} of a stimulus depends on the other stimuli in its batch; use eval-mode statistics."
            )


def _check_identity(model: Recordable) -> None:
    for field in ("name", "revision"):
        if not isinstance(getattr(model, field, None), str) or not getattr(model, field):
            raise ContractError(f"model.{field} must be a non-empty text; it is part of every score's provenance.")
    if "kind" not in model.input_spec:
        raise ContractError(f"model.input_spec needs a 'kind' (text or array), received {model.input_spec!r}.")
    if not model.layers or len(set(model.layers)) != len(model.layers):
        raise ContractError(f"model.layers must be unique names, at least one; received {model.layers!r}.")
    if model.committed_layer is not None and model.committed_layer not in model.layers:
        raise ContractError(f"committed_layer {model.committed_layer!r} is not one of {model.layers!r}.")


def _check_values(layer: str, values: object, n_stimuli: int) -> None:
    import torch

    if not isinstance(values, torch.Tensor):
        raise ContractError(f"layer {layer!r} is a {type(values).__name__}; record must return tensors.")
    if values.requires_grad:
        raise ContractError(f"layer {layer!r} carries a gradient; record under torch.no_grad().")
    if values.device.type != "cpu":
        raise ContractError(f"layer {layer!r} lies on {values.device}; record must return CPU tensors.")
    if values.ndim < 2 or len(values) != n_stimuli:
        raise ContractError(
            f"layer {layer!r} has shape {tuple(values.shape)}; expected (stimulus, *feature) with {n_stimuli} stimuli."
        )
    if not torch.isfinite(values).all():
        raise ContractError(f"layer {layer!r} holds NaN or infinite values; check the weights and the input range.")
