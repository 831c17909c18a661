"""What the commands print: results on stdout, all else on stderr, JSON where a program reads."""

from __future__ import annotations

import json
from pathlib import Path

from clusterload import Lab, Limits, assess, read_run
from clusterload.model.workload import ACTIONS, dial_names
from clusterload.model.workload.schedule import SHAPES
from tests.conftest import Tool

DIALS = ("--dial", "producers=2", "--dial", "record_rate=50/s", "--dial", "payload_size=1KiB")


def test_help_names_every_command_and_the_exit_codes(tool: Tool) -> None:
    shown = tool("--help").stdout
    for word in ("case", "changed", "describe", "lab", "limits", "report", "run", "watch", "105 interrupted"):
        assert word in shown


def test_describe_brokers_shows_id_host_port_rack_and_controller(tool: Tool, lab: Lab) -> None:
    done = tool("describe", "brokers", "--bootstrap-server", lab.bootstrap_servers, "--json")
    found = json.loads(done.stdout)
    assert [(one["id"], one["id_string"], one["host"], one["rack"]) for one in found] == [
        (number, str(number), "127.0.0.1", f"rack-{number}") for number in (1, 2, 3)
    ]
    assert {f"{one['host']}:{one['port']}" for one in found} == set(lab.bootstrap_servers.split(","))
    assert sum(one["controller"] for one in found) == 1


def test_describe_topics_shows_partitions_with_leader_replicas_and_isr(tool: Tool, lab: Lab) -> None:
    servers = lab.bootstrap_servers
    tool("run", "--bootstrap-server", servers, *DIALS, "--for", "1s", "--topic", "clusterload-shown", "--no-metrics")
    done = tool("describe", "topics", "clusterload-shown", "--bootstrap-server", servers, "--json")
    (topic,) = json.loads(done.stdout)
    assert len(topic["partitions"]) == 6
    for partition in topic["partitions"]:
        assert sorted(partition["replicas"]) == sorted(partition["isr"]) == [1, 2, 3]
        assert partition["leader"] in (1, 2, 3)
    table = tool("describe", "topics", "clusterload-shown", "--bootstrap-server", servers).stdout
    assert "out of sync" in table
    assert "!" not in table


def test_describe_names_a_topic_that_does_not_exist(tool: Tool, lab: Lab) -> None:
    done = tool("describe", "topics", "nope", "--bootstrap-server", lab.bootstrap_servers)
    assert done.returncode == 1
    assert "topic 'nope' does not exist" in done.stderr


def test_run_prints_json_for_programs_and_leaves_a_run_that_report_reads(tool: Tool, lab: Lab, tmp_path: Path) -> None:
    done = tool(
        "run", "--bootstrap-server", lab.bootstrap_servers, *DIALS, "--for", "3s", "--out", "a.run", "--json",
        "--limits", "course-basic",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["ledger"][0]["acknowledged"] == 150
    # Where no scrape came in time, nobody knows of connections.
    known = assess(read_run(tmp_path / "a.run"), Limits.named("course-basic")).line("connections")
    assert (document["binding"] == "connections") == (known is not None and known.known > 0)
    again = json.loads(tool("report", "a.run", "--json", "--limits", "course-basic").stdout)
    assert again["verdict"] == document["verdict"]
    part = json.loads(tool("report", "a.run", "--json", "--from", "1s", "--to", "2s").stdout)
    assert part["start"] != again["start"]
    drawn = tool("report", "a.run", "--plots", "pictures", "--graph", "load", "--graph", "requests")
    assert drawn.returncode == 0
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {"usage.png", "usage.svg"}


def test_a_load_without_metrics_prints_its_start_and_end(tool: Tool, lab: Lab) -> None:
    done = tool(
        "run", "--bootstrap-server", lab.bootstrap_servers, *DIALS, "--for", "1s", "--no-metrics", "--json"
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert document["start"] <= document["end"]
    assert document["ledger"][0]["acknowledged"] == 50


def test_stats_prints_the_clients_own_statistics_one_json_a_line(tool: Tool, lab: Lab) -> None:
    done = tool(
        "run", "--bootstrap-server", lab.bootstrap_servers, *DIALS, "--for", "3s", "--no-metrics", "--stats"
    )  # fmt: skip
    reports = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert {report["client_id"] for report in reports} == {"clusterload-produce-1", "clusterload-produce-2"}


def test_a_dry_run_says_what_would_be_made_and_asks_no_cluster(tool: Tool) -> None:
    done = tool("run", "--bootstrap-server", "127.0.0.1:9", *DIALS, "--for", "60s", "--dry-run")
    assert done.returncode == 0
    assert "3,000 records" in done.stdout


def test_a_dry_run_with_the_clusters_id_is_held_against_that_cluster(tool: Tool, lab: Lab) -> None:
    dials = ("--dial", "request_rate=1", "--dial", "partitions=99", "--topic", "clusterload-never-dry")
    here = ("--bootstrap-server", lab.bootstrap_servers, "--yes-cluster", lab.cluster_id)
    done = tool("run", *here, *dials, "--for", "5s", "--dry-run")
    assert "touches 99 partitions, and topic 'clusterload-never-dry' has 6" in done.stderr
    assert (done.returncode != 0, done.stdout) == (True, "")


def test_dials_of_a_group_make_members_who_come_and_go(tool: Tool, lab: Lab) -> None:
    dials = ("--dial", "members=2", "--dial", "member_lifetime=3s", "--topic", "clusterload-joined")
    done = tool("run", "--bootstrap-server", lab.bootstrap_servers, *dials, "--for", "8s", "--no-metrics", "--json")
    assert done.stdout, done.stderr
    (ledger,) = json.loads(done.stdout)["ledger"]
    # Two join, and who has been there for 3 s makes room for another; on a busy machine joining itself takes a while.
    assert ledger["unit"] == "members"
    assert 2 < ledger["scheduled"] <= 8


def test_a_dry_run_tells_records_requests_bytes_connections_and_faults(tool: Tool) -> None:
    dials = ("--dial", "record_rate=500/s", "--dial", "records_per_request=5", "--dial", "record_size=4KiB")
    more = ("--dial", "connections=3", "--dial", "fan_out=2", "--warm-up", "5s", "--arrivals", "poisson")
    done = tool("run", *dials, *more, "--fault", "kill broker=1 at=5s for=3s", "--for", "60s", "--dry-run")
    assert done.returncode == 0, done.stderr
    produce, consume, warm_up, fault = done.stdout.splitlines()
    assert "about 30,000 records, 6,000 requests, 123 MB of values (on disk times the topic's" in produce
    assert produce.endswith("3 connections")
    assert "consume: 2 reads of each byte" in consume
    assert "The first 5 s warm up" in warm_up
    assert fault == "fault: kill broker=1 at=5s for=3s"


def test_the_help_of_run_lists_every_dial_shape_and_fault(tool: Tool) -> None:
    shown = tool("run", "--help").stdout
    assert [name for name in dial_names() if f"  {name} " not in shown] == []
    assert [form for form in SHAPES.values() if form not in shown] == []
    assert [do for do in ACTIONS if f"  {do} " not in shown] == []


def test_a_shape_given_as_a_dial_is_the_load_that_is_made(tool: Tool, lab: Lab) -> None:
    dials = ("--dial", "producers=2", "--dial", "record_rate=ramp:0:200:2s", "--dial", "payload_size=64")
    done = tool("run", "--bootstrap-server", lab.bootstrap_servers, *dials, "--for", "3s", "--no-metrics", "--json")
    assert done.returncode == 0, done.stderr
    (ledger,) = json.loads(done.stdout)["ledger"]
    assert (ledger["scheduled"], ledger["unit"]) == (400, "records")


def test_a_plan_file_is_run_as_it_says(tool: Tool, lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(
        'name = "two kinds of sales"\nduration = "1s"\n'
        '[[loads]]\nname = "shops"\ntopic = "clusterload-shops"\n'
        '[loads.dials]\nproducers = 2\nrecord_rate = "40/s"\npayload_size = "1 KiB"\n'
        '[[loads]]\nname = "web"\ntopic = "clusterload-web"\n'
        '[loads.dials]\nproducers = 1\nrecord_rate = "20/s"\npayload_size = "2 KiB"\n'
    )
    done = tool("run", "plan.toml", "--bootstrap-server", lab.bootstrap_servers, "--no-metrics", "--json")
    assert [(one["load"], one["acknowledged"]) for one in json.loads(done.stdout)["ledger"]] == [
        ("shops", 40),
        ("web", 20),
    ]


def test_watch_reads_metrics_without_any_load(tool: Tool, lab: Lab) -> None:
    done = tool("watch", "--bootstrap-server", lab.bootstrap_servers, "--for", "3s", "--json")
    document = json.loads(done.stdout)
    assert document["plan"] is None
    assert document["resources"]["connections"]["typical"] is not None


def test_output_to_a_pipe_has_no_colour_codes(tool: Tool, lab: Lab) -> None:
    done = tool("describe", "brokers", "--bootstrap-server", lab.bootstrap_servers)
    assert "\x1b" not in done.stdout + done.stderr
