"""Data sets on disk -> pictures with labels."""
