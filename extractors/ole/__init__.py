"""Compound files: old Office documents, embedded objects, encrypted packages."""
