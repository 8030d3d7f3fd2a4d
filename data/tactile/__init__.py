"""Recordings of touch, from afferents to cortex: registers every dataset of the family when it is imported."""

from . import moore2015 as moore2015
from . import planted as planted
from . import rodgers2022 as rodgers2022
from .animals import load_animals, pool_animals, stack_sessions
from .medlock2024 import ReleasedGlm, released_glm
from .planted import write_planted
from .sessions import CANONICAL_ORDER, read_session
from .six_stimuli import six_stimuli

__all__ = [
    "CANONICAL_ORDER",
    "ReleasedGlm",
    "load_animals",
    "pool_animals",
    "read_session",
    "released_glm",
    "six_stimuli",
    "stack_sessions",
    "write_planted",
]
