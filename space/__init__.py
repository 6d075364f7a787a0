"""The Space's page: one module per tab, assembled by app.py."""
