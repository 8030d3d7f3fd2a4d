"""Recordings of barrel cortex during active touch: registers every dataset of the family when it is imported."""

from . import planted as planted
from . import rodgers2022 as rodgers2022
from .animals import load_animals, pool_animals, stack_sessions
from .planted import write_planted
from .sessions import CANONICAL_ORDER, read_session
from .six_stimuli import six_stimuli

__all__ = [
    "CANONICAL_ORDER",
    "load_animals",
    "pool_animals",
    "read_session",
    "six_stimuli",
    "stack_sessions",
    "write_planted",
]
