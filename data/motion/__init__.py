"""Recordings and judgements of visual motion: registers every dataset of the family when it is imported."""

from . import crcns_mt1 as crcns_mt1
from . import fly_h1 as fly_h1
from . import huperflow as huperflow
from . import middlebury as middlebury
from . import mt_rdk as mt_rdk
from . import nsa2004 as nsa2004
from . import sintel_slow as sintel_slow
from .flow_sequences import read_flow, read_flow_folder, read_flow_sequence
from .goris2015 import grating_components
from .judged_flow import observers_of, trials_of, truth_of
from .middlebury import flow_sequence
from .second_order import published_model_flows
from .text_trials import TextTrials, read_text_trials

__all__ = [
    "TextTrials",
    "flow_sequence",
    "grating_components",
    "observers_of",
    "published_model_flows",
    "read_flow",
    "read_flow_folder",
    "read_flow_sequence",
    "read_text_trials",
    "trials_of",
    "truth_of",
]
