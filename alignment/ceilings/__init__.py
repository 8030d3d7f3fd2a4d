"""Ceilings: how well any model could do, because the recording is noisy."""

from .estimates import Ceiling, CeilingEstimate, PublishedCeiling, SplitHalfCeiling

__all__ = ["Ceiling", "CeilingEstimate", "PublishedCeiling", "SplitHalfCeiling"]
