"""Rating scales."""

from __future__ import annotations

from pydantic import Field, model_validator

from experiment.protocol.values import Strict


class Rating(Strict):
    """One rating scale."""

    question: str
    points: int = Field(ge=2, le=101)
    anchors: dict[int, str] = Field(min_length=2)

    @model_validator(mode="after")
    def _anchors_on_scale(self) -> Rating:
        off = [p for p in self.anchors if not 1 <= p <= self.points]
        if off:
            raise ValueError(f"anchor at point {off[0]} of a scale from 1 to {self.points}")
        return self
