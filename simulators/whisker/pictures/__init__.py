"""Pictures and movies of arrays, objects and force traces, without a display."""
