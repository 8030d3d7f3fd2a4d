"""Which layers stand for which region: stated by the user or the model, never chosen by a score."""

from collections.abc import Mapping, Sequence

from ..activations import UnknownLayerError
from ..protocol import RecordableModel

Layers = str | Mapping[str, str | Sequence[str]] | None


def layer_map(model: RecordableModel, layers: Layers) -> tuple[str | None, dict[str, list[str]]]:
    """The layer for every region, or None, and the layers of regions that are named.

    Parameters
    ----------
    model
        Its committed layer, or its only one, is taken where ``layers`` is None.
    layers
        One layer for every region, or region to layer (or several, side by side).

    Raises
    ------
    ValueError
        If the model lacks a layer, or has several and none is committed.
    """
    if isinstance(layers, Mapping):
        everywhere = None
        named = {str(region): [one] if isinstance(one, str) else list(one) for region, one in layers.items()}
    else:
        only = model.layers[0] if len(model.layers) == 1 else None
        everywhere, named = layers or getattr(model, "committed_layer", None) or only, {}
        if everywhere is None:
            raise ValueError(
                f"model {model.name!r} has {len(model.layers)} layers and none is committed; pass layers=... with one of "
                f"{_some(model)}, or region to layer."
            )
    wanted = [*(one for each in named.values() for one in each), *([everywhere] if everywhere else [])]
    unknown = [one for one in wanted if one not in model.layers]
    if unknown:
        raise UnknownLayerError(f"model {model.name!r} has no layer {unknown[0]!r}; it has {_some(model)}.")
    return everywhere, named


def _some(model: RecordableModel) -> str:
    return ", ".join(map(str, list(model.layers)[:8]))
