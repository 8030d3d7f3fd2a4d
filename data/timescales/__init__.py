"""Recordings for networks with time constants: registers every dataset of the family when it is imported."""

from . import grasshopper as grasshopper
from . import park2025 as park2025
