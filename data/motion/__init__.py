"""Recordings and judgements of visual motion."""

from . import goris2015, huperflow, mt_rdk, second_order, sintel_slow

__all__ = ["goris2015", "huperflow", "mt_rdk", "second_order", "sintel_slow"]
