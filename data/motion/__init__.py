"""Recordings and judgements of visual motion."""

from . import huperflow, second_order, sintel_slow

__all__ = ["huperflow", "second_order", "sintel_slow"]
