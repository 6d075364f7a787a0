"""Pictures and videos together, here or elsewhere, by this process or by many: `python -m fer_models archive/ …`."""
