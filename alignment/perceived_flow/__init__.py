"""Perceived motion: does a model see what people see, where they do not see what is there?"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .at_places import FlowModel, flow_at_places
    from .ceilings import ObserverAgreement, observer_agreement
    from .formulas import agreement, consistency_index, endpoint_error, partial_correlation
    from .lucas_kanade import LucasKanade
    from .metric import PerceivedFlow
    from .scoring import score_flow_vectors

_HOME = {
    "FlowModel": "at_places",
    "LucasKanade": "lucas_kanade",
    "ObserverAgreement": "ceilings",
    "PerceivedFlow": "metric",
    "agreement": "formulas",
    "consistency_index": "formulas",
    "endpoint_error": "formulas",
    "flow_at_places": "at_places",
    "observer_agreement": "ceilings",
    "partial_correlation": "formulas",
    "score_flow_vectors": "scoring",
}

__all__ = [
    "FlowModel",
    "LucasKanade",
    "ObserverAgreement",
    "PerceivedFlow",
    "agreement",
    "consistency_index",
    "endpoint_error",
    "flow_at_places",
    "observer_agreement",
    "partial_correlation",
    "score_flow_vectors",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
