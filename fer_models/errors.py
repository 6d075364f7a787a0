"""What is told to people about a checkpoint; here, so that no engine needs another's packages for it."""


class CheckpointError(RuntimeError):
    """A checkpoint cannot be used; the message names it and says what to do."""


class ExportError(RuntimeError):
    """An export failed, or answers something else than the checkpoint; the message says what."""


__all__ = ["CheckpointError", "ExportError"]
