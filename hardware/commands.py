"""The commands `ports` and `scanner`: what is plugged in, and a simulation of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.errors import BadInput, KindredError


def ports(
    test: Annotated[
        str | None, typer.Option(metavar="URL", help="Send a pattern to this port.")
    ] = None,
    echo: Annotated[
        str | None, typer.Option(metavar="URL", help="Port where the codes come back.")
    ] = None,
    times: Annotated[int, typer.Option(help="How often the pattern is sent.")] = 10,
) -> None:
    """List the serial ports that are plugged in, or try one out."""
    from hardware.echo import describe_test, try_port
    from hardware.port_list import describe_ports, list_ports

    if test is None:
        if echo is not None:
            raise BadInput("--echo: needs --test URL")
        print(describe_ports(list_ports()))
        return
    result = try_port(test, echo=echo, times=times)
    print(describe_test(result))
    if result.lost or result.strange:
        raise KindredError(f"{test}: not every code came back as it was sent")


def scanner(
    device: Annotated[str, typer.Option(help="plain, nnl or forp.")] = "plain",
    tr: Annotated[float, typer.Option(help="Seconds from volume to volume.")] = 2.0,
    volumes: Annotated[int, typer.Option(help="How many volumes.")] = 150,
    symbol: Annotated[str, typer.Option(help="Character sent for each volume.")] = "5",
    start_on: Annotated[
        int | None, typer.Option(help="Marker code at which the scan begins; else at once.")
    ] = None,
    start_after: Annotated[float, typer.Option(help="Seconds from then to volume 1.")] = 2.0,
    jitter: Annotated[float, typer.Option(help="SD of each pulse's time (ms).")] = 0.0,
    drop: Annotated[float, typer.Option(help="Share of pulses that are lost.")] = 0.0,
    double: Annotated[float, typer.Option(help="Share of pulses that bounce.")] = 0.0,
    extra: Annotated[float, typer.Option(help="Share of volumes with a stray pulse.")] = 0.0,
    late_first: Annotated[int, typer.Option(help="So many first pulses are not sent.")] = 0,
    toggle: Annotated[bool, typer.Option("--toggle", help="Only every second pulse.")] = False,
    stop_after: Annotated[int | None, typer.Option(help="Stop after so many volumes.")] = None,
    disconnect_at: Annotated[
        float | None, typer.Option(help="The terminal goes away (s after volume 1).")
    ] = None,
    ratio: Annotated[float, typer.Option(help="Clock drift: 1.00005 is 50 ppm.")] = 1.0,
    loop_back: Annotated[
        bool, typer.Option("--loop-back", help="The trigger box sends codes back.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the chances above.")] = 0,
    record: Annotated[
        Path | None, typer.Option(help="File for all that is sent and received, with times.")
    ] = None,
) -> None:
    """Simulate a scanner and a trigger box on two pseudo-terminals, until stopped."""
    from hardware.scan import simulated_scan
    from hardware.simulator import serve

    scan = simulated_scan(
        device=device,
        tr=tr,
        volumes=volumes,
        symbol=symbol,
        start_on=start_on,
        start_after=start_after,
        jitter_ms=jitter,
        drop=drop,
        double=double,
        extra=extra,
        late_first=late_first,
        toggle=toggle,
        stop_after=stop_after,
        disconnect_at=disconnect_at,
        ratio=ratio,
        loop_back=loop_back,
        seed=seed,
    )
    serve(scan, record)
