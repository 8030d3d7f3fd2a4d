"""Recordings and judgements of visual motion: registers every dataset of the family when it is imported."""

from . import huperflow as huperflow
from . import mt_rdk as mt_rdk
from . import sintel_slow as sintel_slow
from .goris2015 import grating_components
from .judged_flow import observers_of, trials_of, truth_of
from .second_order import published_model_flows

__all__ = ["grating_components", "observers_of", "published_model_flows", "trials_of", "truth_of"]
