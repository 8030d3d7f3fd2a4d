"""Perceived motion: does a model see what people see, where they do not see what is there?"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .at_places import FlowModel, flow_at_places
    from .ceilings import ObserverAgreement, observer_agreement
    from .formulas import agreement, consistency_index, endpoint_error, partial_correlation
    from .generated import score_generated
    from .lucas_kanade import LucasKanade
    from .metric import PerceivedFlow
    from .pixel_errors import flow_errors, plot_flow_errors
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
    "flow_errors": "pixel_errors",
    "observer_agreement": "ceilings",
    "partial_correlation": "formulas",
    "plot_flow_errors": "pixel_errors",
    "score_flow_vectors": "scoring",
    "score_generated": "generated",
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
    "flow_errors",
    "observer_agreement",
    "partial_correlation",
    "plot_flow_errors",
    "score_flow_vectors",
    "score_generated",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
