"""Recordings of barrel cortex during active touch: registers every dataset of the family when it is imported."""

from . import rodgers2022 as rodgers2022
from .animals import load_animals, pool_animals, stack_sessions
from .sessions import CANONICAL_ORDER, read_session

__all__ = ["CANONICAL_ORDER", "load_animals", "pool_animals", "read_session", "stack_sessions"]
