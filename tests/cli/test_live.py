"""A running load is drawn within 80 columns, or said in plain lines where there is no terminal."""

from __future__ import annotations

import io

from rich.console import Console

from clusterload.cli.live import line, loads_view
from clusterload.engines.progress import Progress, Standing
from clusterload.ledger import Ledger
from clusterload.plan import Dials, Load
from tests.wire_runs import connect, plan, produce

WIRE = produce("a-load-with-a-long-name", connections="10000", byte_rate="100 MB/s", record_rate="100000/s")
STANDING = Standing(
    ledger=Ledger(load=WIRE.name, scheduled=123_456_789, acknowledged=123_456_700, failed=9),
    figures={"connections": 10_000.0, "request_rate": 99_990.0, "record_rate": 99_990.0, "byte_rate": 99.9e6},
    p50=1234.0,
    p99=98_765.0,
)


def test_the_picture_of_a_running_load_fits_80_columns() -> None:
    other = connect(connection_rate="20/s")
    state = Progress(
        elapsed=5.0,
        duration=10.0,
        ledger=Ledger(load="total"),
        loads=(
            STANDING,
            Standing(ledger=Ledger(load="connect", unit="connections"), figures={"connection_rate": 19.0}),
        ),
    )
    console = Console(width=80, file=io.StringIO(), no_color=True)
    with console.capture() as captured:
        console.print(loads_view(plan(WIRE, other), state))
    text = captured.get()
    assert max(map(len, text.splitlines())) <= 80
    for word in ("request_rate", "100,000/s", "99,990/s", "1.23", "98.8", "123,456,700", "20/s", "19/s"):
        assert word in text


def test_a_line_says_what_was_asked_and_what_came_of_it() -> None:
    load = produce(request_rate="ramp:0/s:100/s:10s")
    standing = Standing(ledger=Ledger(load="produce", acknowledged=200), figures={"request_rate": 44.0})
    assert line(load, standing, 5.0).startswith("produce: request_rate 44/s of 45/s, ")
    assert line(load, standing, 5.0).endswith("200 records, 0 lost")


def test_a_load_of_librdkafka_is_said_by_its_records() -> None:
    dials = Dials(producers=2, record_rate=50, payload_size=1024)
    load = Load(name="sales", topic="t", dials=dials)
    standing = Standing(ledger=Ledger(load="sales", acknowledged=100, failed=1), figures={"record_rate": 50.0})
    assert line(load, standing, 2.0) == "sales: record_rate 50/s of 50/s, 100 records, 1 lost"
