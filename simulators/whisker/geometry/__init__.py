"""Whiskers and arrays: names, base points, shapes, angles, diameters; tables and regressions."""
