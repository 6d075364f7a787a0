"""Faces over time: clips, streams, who is who, and what was answered when."""
