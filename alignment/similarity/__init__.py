"""Similarity of representations: RDMs and their comparison, CKA, shape metrics."""
