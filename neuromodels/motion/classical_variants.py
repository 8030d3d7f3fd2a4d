"""Registered classical models of motion energy."""
