"""Recordings and judgements of visual motion: registers every dataset of the family when it is imported."""

from . import huperflow as huperflow
from . import mt_rdk as mt_rdk
from . import second_order as second_order
from . import sintel_slow as sintel_slow
from .goris2015 import grating_components

__all__ = ["grating_components"]
