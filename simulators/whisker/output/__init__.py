"""Recordings and data sets: labelled arrays, views of the networks, files, shards, workers."""
