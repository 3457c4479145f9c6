"""The part of RESULTS.md about hosts: rolls, deaths, scale, and the model past this machine. Dictionaries in, text out.

Invariant: a model states what it is made of, and stands beside what was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.board_report import NOT_RUN, table

Results = Mapping[str, Any]
MODEL_HOSTS = (1, 2, 4, 8, 16)
MODEL_EDITS_A_ROW = (1, 4)
TITLE = "## (e) Hosts: a deploy, a death, and more of them"


def measured(hosts: Results) -> dict[str, float | None]:
    """Values of the predictions' keys; those of parts that did not run are absent."""
    roll, recovery, full = hosts.get("roll", {}), hosts.get("recovery", {}), _full(hosts)
    found = {
        "roll_away_max_s": roll.get("away_max_s"),
        "roll_lost": roll.get("lost"),
        "recovery_first_s": recovery.get("first_back_s"),
        "recovery_last_s": recovery.get("last_back_s"),
        "recovery_lost": recovery.get("lost"),
        "survivors_moved": recovery.get("survivors_moved"),
        **{f"full_{n}_per_s": told["durable_per_s"] for n, told in full.items()},
    }
    return {key: value for key, value in found.items() if value is not None}


def section(hosts: Results, ledger: Results) -> str:
    """Empty when it was never run."""
    if not hosts:
        return ""
    if "not_run" in hosts:
        return f"{TITLE}\n\n{NOT_RUN}: {hosts['not_run']}"
    cores = hosts["machine"]["cores"]
    return "\n\n".join(
        [
            TITLE,
            "Through HAProxy; one person a project types all the time and comes back as stock y-websocket does. Seconds"
            f" away: from the close of a socket to the document on the next. On {cores} cores, which hosts, ingress,"
            " database and load share.",
            _away(hosts),
            *_scale(hosts, ledger),
        ]
    )


def _away(hosts: Results) -> str:
    rows = []
    for name, says in (("roll", "`serve deploy` of a release"), ("recovery", "SIGKILL of one of two hosts")):
        told = hosts.get(name, {})
        if "returns" not in told:
            rows.append([says, f"{NOT_RUN}: {told.get('not_run', '')}", *[""] * 6])
            continue
        rows.append(
            [
                says,
                f"{told['people']}",
                f"{told['returns']}",
                _s(told.get("first_back_s")),
                _s(told["away_p50_s"]),
                f"**{_s(told.get('last_back_s', told['away_max_s']))}**",
                f"{told['edits']:,}",
                f"{told['lost']}",
            ]
        )
    head = ["", "projects", "returns", "first s", "p50 s", "slowest s", "edits", "lost"]
    told = [table(head, rows)]
    if "rolled_s" in (roll := hosts.get("roll", {})):
        told.append(
            f"The roll took {roll['rolled_s']:g} s; afterwards {roll['haproxies']} HAProxy processes,"
            f" {roll['haproxy_pss_mb']:g} MB PSS (old ones live as long as their oldest socket)."
        )
    if "survivors_moved" in (recovery := hosts.get("recovery", {})):
        told.append(
            f"Of the survivor's {recovery['survivors_projects']} projects {recovery['survivors_moved']} moved when the"
            f" dead host ({recovery['victims_projects']} projects) was replaced and everybody came again."
        )
    return "\n\n".join(told)


def _full(hosts: Results) -> dict[int, Results]:
    return {int(n): told for n, told in hosts.get("full", {}).items() if "durable_per_s" in told}


def _scale(hosts: Results, ledger: Results) -> list[str]:
    full = _full(hosts)
    if not full:
        return []
    rows = []
    for n, told in full.items():
        per = {name: spent * 1e6 / _edits(told) for name, spent in told["server_cpu_by"].items()}
        load = told["load_cpu_s"] * 1e6 / _edits(told)
        rows.append(
            [
                f"{n}",
                f"**{told['durable_per_s']:,}**",
                f"{told['delivered_per_s']:,}",
                f"{per.get('hosts', 0):.0f}",
                f"{per.get('haproxy', 0):.0f}",
                f"{load:.0f}",
                f"{(told['server_cpu_s'] + told['load_cpu_s']) / told['wall_s']:.2f}",
                ", ".join(map(str, told["projects_on_hosts"])),
            ]
        )
    head = [
        "hosts",
        "durable edits/s",
        "deliveries/s",
        "host CPU µs an edit",
        "HAProxy",
        "load",
        "busy cores",
        "projects on each",
    ]
    return [
        "Four sockets a project, all type; each sends the next edit when one of its sixteen comes back (and a socket is"
        " read at most 400 times a second): as much as the machine takes.",
        table(head, rows),
        _model(full, hosts["machine"]["cores"], ledger),
    ]


def _edits(told: Results) -> float:
    return max(1.0, float(told["durable_per_s"] * told["wall_s"]))


def _model(full: Mapping[int, Results], cores: int, ledger: Results) -> str:
    """What is per host, and what all share."""
    told = full[min(full)]
    host_us = told["server_cpu_by"]["hosts"] * 1e6 / _edits(told)
    all_us = (told["server_cpu_s"] + told["load_cpu_s"]) * 1e6 / _edits(told)
    words = (
        f"Model: edits/s = min(hosts × A, cores × B, W). A, per host: an edit takes {host_us:.0f} µs of its one core"
        f" (fan-out to three others and its part of a commit included), so {1e6 / host_us:,.0f}. B, per core of a"
        f" shared machine: {all_us:.0f} µs with ingress and load, so {cores * 1e6 / all_us:,.0f} on these {cores},"
        " however many hosts. W, the one writer of the database: commits of different hosts take turns at SQLite's"
        " lock, so on one machine a host more makes commits smaller and waits longer, and adds nothing."
    )
    shared = ledger.get("scenarios", {}).get("grouped_200_homes_1_event", {}).get("events_per_s")
    if not shared:
        return f"{words} W was not measured here (part b)."
    ceilings = "; ".join(
        f"{each} a row: " + ", ".join(f"{n}: {min(n * 1e6 / host_us, shared * each):,.0f}" for n in MODEL_HOSTS)
        for each in MODEL_EDITS_A_ROW
    )
    return (
        f"{words} By part b, W is {shared:,} rows/s for SQLite. A row carries all edits of a room since its last"
        f" commit: one in a quiet room, several in a busy one. With a core for each host, edits/s by hosts: {ceilings}."
        " Past that it is the database that must grow."
    )


def _s(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
