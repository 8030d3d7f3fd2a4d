"""Errors a caller may want to catch; ``exit_code`` is what the command line returns for them."""


class UnknownNameError(LookupError):
    """A name that a registry does not hold."""

    exit_code = 2


class DataNotAvailableError(Exception):
    """Data that are not on this machine; the message says where they come from and what to run."""

    exit_code = 3


class ChecksumError(Exception):
    """A file whose SHA-256 is not the recorded one; the message names both and where the file lies."""

    exit_code = 3
