"""Errors that a user can mend, each told in one line without a traceback."""

from __future__ import annotations


class KindredError(Exception):
    """Base of all errors that are told to the user in one line.

    Attributes
    ----------
    exit_code : int
        What the command exits with: 2 for wrong arguments or unusable files, 1 for the rest.
    """

    exit_code = 1


class BadInput(KindredError):
    """An argument or a file that can't be used; nothing was changed."""

    exit_code = 2


class HardwareError(KindredError):
    """A device that is missing, busy or silent."""


class SessionAborted(KindredError):
    """The session was ended before its time, by the operator or a fault."""


class ParticipantStopped(SessionAborted):
    """The participant asked to stop, with a key of their own."""


class TooFewLiked(KindredError):
    """Choosing went well, but too few people were liked for the scans; says what to do."""
