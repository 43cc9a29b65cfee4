from __future__ import annotations

import threading

from experiment.telling import Teller


def test_a_terminal_that_is_held_up_holds_up_nobody_and_loses_no_line() -> None:
    let_go = threading.Event()
    told: list[str] = []

    def tell(line: str) -> None:
        let_go.wait()
        told.append(line)

    teller = Teller(tell)
    teller.tell("a")
    teller.tell("b")
    assert told == []
    let_go.set()
    teller.close()
    assert told == ["a", "b"]


def test_a_terminal_that_is_gone_is_no_fault_of_the_session() -> None:
    told: list[str] = []

    def tell(line: str) -> None:
        if line == "a":
            raise BrokenPipeError
        told.append(line)

    teller = Teller(tell)
    teller.tell("a")
    teller.tell("b")
    teller.close()
    assert told == ["b"]
