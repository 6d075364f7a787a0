"""Why an archive cannot be answered about: each message is one sentence that says what to do."""


class ArchiveError(RuntimeError):
    """The command cannot be carried out."""


class PlaceError(ArchiveError):
    """A place that cannot be searched."""


class RunnerError(ArchiveError):
    """A cluster that is not there, or was lost."""


__all__ = ["ArchiveError", "PlaceError", "RunnerError"]
