"""Behaviour: consistency between choices of models and people."""
