"""Recordings of the visual system."""

from . import henaff2021, kriegeskorte2008

__all__ = ["henaff2021", "kriegeskorte2008"]
