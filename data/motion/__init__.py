"""Recordings and judgements of visual motion: registers every dataset of the family when it is imported."""

from . import huperflow, second_order, sintel_slow
from . import mt_rdk as mt_rdk
from .goris2015 import grating_components

__all__ = ["grating_components", "huperflow", "second_order", "sintel_slow"]
