"""Registered motion models."""

from . import classical_variants, network_variants  # noqa: F401
