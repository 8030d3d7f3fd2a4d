"""Brain-Score both ways: our models and benchmarks there, their assemblies here."""
