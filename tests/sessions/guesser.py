"""Guessing the arm from all that the desk has: what is gathered, and who guesses.

The guesser learns on one study whose arms it is told, and guesses those of another, fresh one, as
an assistant with experience would. Guesses that don't depend on the arm are right as often as a
coin, so the number of right ones has an exact binomial bound. (Arms of a block hang together, half
of each; that makes the true spread smaller than the binomial, so the bound is on the safe side.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import comb
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
_BINS = 32
_WORD = re.compile(rb'"(\w+)"')
_SPREAD = 5.0  # SDs; what lies further out counts as that


@dataclass
class Person:
    """What the desk has of a participant besides the study's folder.

    Parameters
    ----------
    label, slot : str
    outputs : list of str
        What each command printed, in the same order for everybody.
    seconds : list of float
        How long each took.
    """

    label: str
    slot: str
    outputs: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def chance_bound(n: int, alpha: float) -> int:
    """Return the smallest count of right guesses of `n` that a coin reaches with p <= alpha."""
    tail = 0.0
    for right in range(n, -1, -1):
        tail += comb(n, right) / 2**n
        if tail > alpha:
            return right + 1
    return 0


def evidence(folder: Path, people: Sequence[Person]) -> Numbers:
    """Turn all that the desk has into numbers.

    Returns
    -------
    array of shape (people, features)
        Of each file that is a participant's own, and each line of any other that names them or
        their slot: place, size, times, rights, and how often each pair of bytes occurs.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    listed = {path: n for n, path in enumerate(folder.rglob("*"))}  # as the disk gives them
    texts = {path: path.read_bytes() for path in files}
    by_name = {one.label: one for one in people}
    named = {name: one for one in people for name in (one.label, one.slot)}
    found: dict[str, list[Mapping[str, float]]] = {one.label: [] for one in people}
    kinds: dict[str, list[str]] = {one.label: [] for one in people}

    def add(label: str, kind: str, numbers: Mapping[str, float]) -> None:
        number = kinds[label].count(kind)
        kinds[label].append(kind)
        found[label].append({f"{kind}#{number}:{name}": v for name, v in numbers.items()})

    for path in listed:
        for one in (person for label, person in by_name.items() if label in path.as_posix()):
            kind = path.relative_to(folder).as_posix().replace(one.label, "P")
            status = path.stat()
            add(one.label, f"file {kind}", {
                "place": listed[path], "size": status.st_size, "mode": status.st_mode,
                "changed": status.st_mtime, "made": status.st_ctime, "inode": status.st_ino,
                "part": status.st_mtime % 1, "links": status.st_nlink,
            })  # fmt: skip
            if path in texts:
                add(one.label, f"in {kind}", _of(texts[path]))
    for path in files:
        name = path.relative_to(folder).as_posix()
        lines = texts[path].split(b"\n")
        for number, line in enumerate(lines):
            words = {word.decode() for word in _WORD.findall(line)}
            for label in {named[word].label for word in words & named.keys()}:
                add(label, f"line {name}", {"place": number, **_of(line)})
    for one in people:
        for n, (text, seconds) in enumerate(zip(one.outputs, one.seconds, strict=True)):
            add(one.label, f"output {n}", {"seconds": seconds, **_of(text.encode())})
        add(one.label, "slot", {"number": int(one.slot), "odd": int(one.slot) % 2})
    rows = [{k: v for part in found[one.label] for k, v in part.items()} for one in people]
    names = sorted({name for row in rows for name in row})
    # What only one has is a clue as well: 0 for those who lack it.
    return np.array([[float(row.get(name, 0.0)) for name in names] for row in rows])


def features_of(*studies: Numbers) -> list[Numbers]:
    """Return evidence of several studies in numbers of one scale: ranks within each study."""
    ranked = [np.argsort(np.argsort(one, axis=0, kind="stable"), axis=0) for one in studies]
    return [np.hstack([_scaled(one), _scaled(r)]) for one, r in zip(studies, ranked, strict=True)]


class Ridge:
    """Weighs all clues at once (ridge regression, in its dual form)."""

    def fit(self, x: Numbers, arms: Numbers) -> Ridge:
        gram = x @ x.T
        weights = np.linalg.solve(gram + gram.trace() / len(x) * np.eye(len(x)), arms)
        self._weights = x.T @ weights
        return self

    def guess(self, x: Numbers) -> Numbers:
        return np.where(x @ self._weights >= 0, 1.0, -1.0)


class BestClue:
    """Takes the single clue that told most, and the side of its middle."""

    def fit(self, x: Numbers, arms: Numbers) -> BestClue:
        sides = np.where(x > 0, 1.0, -1.0)
        told = arms @ sides
        self._clue = int(np.argmax(np.abs(told)))
        self._sign = 1.0 if told[self._clue] >= 0 else -1.0
        return self

    def guess(self, x: Numbers) -> Numbers:
        return self._sign * np.where(x[:, self._clue] > 0, 1.0, -1.0)


def right_guesses(
    known: tuple[Path, Sequence[Person], Iterable[int]],
    asked: tuple[Path, Sequence[Person], Iterable[int]],
) -> dict[str, int]:
    """Learn on one study, guess another, and count the right guesses of each guesser.

    Parameters
    ----------
    known, asked : tuple
        Folder, people, and the true arm of each (1 or -1), of the two studies.
    """
    learnt, fresh = _together(evidence(*known[:2]), evidence(*asked[:2]))
    truth, arms = np.array(list(asked[2]), float), np.array(list(known[2]), float)
    return {
        type(one).__name__: int(np.sum(one.fit(learnt, arms).guess(fresh) == truth))
        for one in (Ridge(), BestClue())
    }


def _together(*studies: Numbers) -> list[Numbers]:
    assert len({one.shape[1] for one in studies}) == 1, "the two studies have other files"
    return features_of(*studies)


def _of(raw: bytes) -> dict[str, float]:
    data = np.frombuffer(raw, np.uint8).astype(np.int64)
    pairs = np.bincount((data[:-1] * 31 + data[1:]) % _BINS, minlength=_BINS)
    return {"length": len(raw), "lines": raw.count(b"\n"),
            **{f"pairs{n}": float(count) for n, count in enumerate(pairs)}}  # fmt: skip


def _scaled(x: NDArray[np.generic]) -> Numbers:
    numbers = x.astype(np.float64)
    spread = numbers.std(axis=0)
    scaled: Numbers = (numbers - numbers.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    clipped: Numbers = scaled.clip(-_SPREAD, _SPREAD)
    return clipped
