"""Recordings for networks with time constants: registers every dataset of the family when it is imported."""

from . import gao2020 as gao2020
from . import park2025 as park2025
from . import zeisler2024 as zeisler2024
from .grasshopper import spike_times_ms
from .iurilli2017 import trial_spikes
from .zeraati2022 import accepted_samples

__all__ = ["accepted_samples", "spike_times_ms", "trial_spikes"]
