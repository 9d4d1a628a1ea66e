"""Recordings on disk and their replay. Nothing here yet."""
