"""Who does the work: this process, others of this machine, or those of a Dask scheduler.

All three take the same function and hand back its results as they come, with a bounded number of
visits under way.
"""

from __future__ import annotations

from asyncio import TimeoutError as TimedOut  # no kind of the built-in one before Python 3.11
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from experiment.errors import BadInput, KindredError

if TYPE_CHECKING:
    from distributed import Client

Thing = TypeVar("Thing")
Result = TypeVar("Result")
Scheduler = Callable[
    [Callable[[Sequence[Thing]], list[Result]], Iterable[Thing]], Iterator[list[Result]]
]
_BATCH = 16  # visits handed over at once: a message costs some ms, a visit about ten
_AHEAD = 3  # batches for each thread of a worker, so that none waits for the next
PATIENCE = 10.0
"""s to find a scheduler, or a first worker of it."""


def here(
    work: Callable[[Sequence[Thing]], list[Result]], things: Iterable[Thing]
) -> Iterator[list[Result]]:
    """Do the work in this process, one batch after the other."""
    return map(work, _batches(things))


@contextmanager
def scheduler(
    address: str = "local", workers: int = 1, patience: float = PATIENCE
) -> Iterator[Scheduler[Any, Any]]:
    """Give a scheduler, and close what it started.

    Parameters
    ----------
    address : str
        ``local``: this process, or `workers` processes of this machine. Else the address of a Dask
        scheduler (``tcp://HOST:8786``), whose workers must see the same folders by the same paths.
    workers : int
    patience : float
        How long to look for the scheduler, and for a first worker of it (s).

    Raises
    ------
    BadInput
        If an argument is wrong.
    KindredError
        If no scheduler or no worker answers.
    """
    if workers < 1:
        raise BadInput(f"--workers {workers}: at least 1 is needed")
    if address == "local" and workers == 1:
        yield here
        return
    if address != "local" and "://" not in address:
        raise BadInput(f"--scheduler {address!r}: local, or an address like tcp://HOST:8786")
    if address != "local" and workers > 1:
        raise BadInput("--workers: the scheduler's own workers are used; leave it out")
    import dask
    from distributed import Client, LocalCluster

    quiet = {"distributed.logging": {"distributed": "error", "bokeh": "error"}}
    with dask.config.set(quiet):
        if address != "local":
            with _connected(address, patience) as client:
                yield on_dask(client)
            return
        with (
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address=None,
                memory_limit=0,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield on_dask(client)


@contextmanager
def _connected(address: str, patience: float) -> Iterator[Client]:
    from distributed import Client

    try:
        client = Client(address, timeout=patience)
    except (OSError, ValueError, TimedOut) as error:
        raise KindredError(
            f"--scheduler {address}: no scheduler answers there ({error}); start one with: "
            "dask scheduler"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=patience)
        except TimedOut:
            raise KindredError(
                f"--scheduler {address}: it has no worker; start one with: dask worker {address}"
            ) from None
        yield client


def on_dask(client: Client) -> Scheduler[Any, Any]:
    """Return a scheduler that hands batches to the workers of a Dask client."""

    def run(
        work: Callable[[Sequence[Thing]], list[Result]], things: Iterable[Thing]
    ) -> Iterator[list[Result]]:
        from distributed import as_completed
        from distributed.scheduler import KilledWorker

        batches = _batches(things)
        threads = sum(client.nthreads().values())
        running = as_completed(
            [
                client.submit(work, batch, pure=False)
                for batch in islice(batches, max(threads, 1) * _AHEAD)
            ]
        )
        for future in running:
            try:
                yield future.result()
            except KilledWorker as error:
                raise KindredError(
                    f"workers died at this work ({error}); what was done is kept, run it again"
                ) from None
            for batch in islice(batches, 1):
                running.add(client.submit(work, batch, pure=False))

    return run


def _batches(things: Iterable[Thing]) -> Iterator[tuple[Thing, ...]]:
    """Yield what is handed over at once: small batches first, that all workers have some soon."""
    source, size = iter(things), 1
    while batch := tuple(islice(source, size)):
        yield batch
        size = min(2 * size, _BATCH)
