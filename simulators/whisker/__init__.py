"""Whisker arrays that touch things."""
