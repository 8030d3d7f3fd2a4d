"""Registered trainable motion networks."""
