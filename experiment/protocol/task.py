"""What every task of a protocol tells about itself, whatever its kind."""

from __future__ import annotations

from abc import ABC, abstractmethod

from experiment.protocol.values import Name, Strict


class TaskSpec(Strict, ABC):
    """A task, as a protocol describes it; each kind adds its own settings.

    Attributes
    ----------
    kind : str
        Which task it is; `experiment.catalogue` knows what belongs to each kind.
    ratings : tuple of str
        Names of the ratings that it asks.
    instructions : tuple of str
        Keys of the pages shown first.
    """

    kind: str
    ratings: tuple[Name, ...]
    instructions: tuple[str, ...]

    @abstractmethod
    def required_markers(self) -> tuple[str, ...]:
        """Return the names of all markers that the task can send."""

    @abstractmethod
    def required_texts(self) -> tuple[str, ...]:
        """Return the keys of all texts that the task can show, besides its instructions."""
