"""Inference: resampling, intervals, permutation tests, comparisons of models."""

from .resampling import bootstrap_weights, fold_factor, interval

__all__ = ["bootstrap_weights", "fold_factor", "interval"]
