"""R-78, R-79: readings of memory, and that it comes back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from serve_app.memory import CGROUP_HIGH, cgroup_part, own_cgroup, pressure_of, rss_bytes

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[3]
MIB = 1024 * 1024


def test_readings(tmp_path: Path) -> None:
    """R-78: of the process and of its container; what cannot be read is no pressure."""
    assert 10 * MIB < rss_bytes() < 100_000 * MIB
    assert rss_bytes(tmp_path / "none") == 0
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.stat").write_text("anon 450\nfile 9000\n")
    assert cgroup_part(tmp_path) == 0.45
    (tmp_path / "memory.max").write_text("max\n")
    assert cgroup_part(tmp_path) == cgroup_part(tmp_path / "none") == 0.0
    (tmp_path / "cgroup").write_text("1:name=x:/old\n0::/a/b\n")
    assert own_cgroup(tmp_path / "cgroup", tmp_path) == tmp_path / "a/b"
    assert pressure_of(1)() > 1.0 > CGROUP_HIGH
    assert pressure_of(1 << 50)() < 1.0


def rooms_come_and_go(count: int) -> dict[str, float]:
    """In a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(Path(__file__).with_name("memory_story.py")), str(count)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, float] = json.loads(ran.stdout)
    return found


def test_memory_returns_after_rooms_have_come_and_gone() -> None:
    """R-79: 150 rooms; resident memory is within 10 % of what it was before."""
    found = rooms_come_and_go(150)
    assert found["full_mb"] > found["before_mb"] * 1.3
    assert found["after_mb"] <= found["before_mb"] * 1.1


@pytest.mark.proof
def test_memory_returns_after_a_thousand_rooms() -> None:
    """R-79."""
    found = rooms_come_and_go(1_000)
    assert found["after_mb"] <= found["before_mb"] * 1.1


def test_presence_alone_grows_nothing() -> None:
    """R-79: 50,000 presence messages of one room."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(Path(__file__).with_name("memory_story.py")), "presence"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert (found["rows"], found["tail"]) == (0, 0)
    assert found["after_mb"] <= found["before_mb"] * 1.1
