"""The same scenes in MuJoCo: an independent engine to check against."""
