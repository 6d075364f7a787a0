"""The Models and the Limits tab: what was measured."""
