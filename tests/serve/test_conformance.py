"""RFC 6455 on the deployed stack: Autobahn's cases, run by kosoku, through HAProxy, a replica and the seam (W-77).

permessage-deflate is off by decision (a fan-out of one frame to all needs one encoding), so cases 12 and 13, which are
about nothing else, are left out; so is the mass of case 9.* by message size outside `make proof`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import kosoku
import pytest

from tests.conftest import Stack

pytestmark = pytest.mark.serve
NOT_OFFERED = ["12.*", "13.*"]
LONG = ["9.*"]
ALLOWED = {"OK", "NON-STRICT", "INFORMATIONAL"}
LATE_UTF8 = {"6.4.1", "6.4.2", "6.4.3", "6.4.4"}
"""Invalid UTF-8 is refused at the end of the message, not at the first bad fragment: the RFC allows both."""
UNANSWERED = {"3.2", "3.3", "3.4", "4.1.3", "4.1.4", "4.1.5", "4.2.3", "4.2.4", "4.2.5", "5.15"}
"""A sound message directly before a broken one: an application behind a queue has no time to answer it, a room has."""
NOT_STRICT = {"room": LATE_UTF8, "asgi": LATE_UTF8 | UNANSWERED}


async def verdicts(stack: Stack, route: str, exclude: list[str]) -> list[Any]:
    url = f"ws://127.0.0.1:{stack.port}/echo/{route}"
    try:
        return await kosoku.run_fuzzingclient(url, None, exclude, concurrency=2)
    except kosoku.FailureError as failed:
        return list(failed.results)


def judge(results: list[Any], route: str) -> None:
    print(f"{route}: {len(results)} cases: {dict(Counter(each.behavior.value for each in results))}")
    wrong = {
        each.case_id: (each.behavior.value, each.behavior_close.value, each.result[:200])
        for each in results
        if each.behavior.value not in ALLOWED or each.behavior_close.value not in {"OK", "INFORMATIONAL"}
    }
    assert wrong == {}
    assert {each.case_id for each in results if each.behavior.value == "NON-STRICT"} <= NOT_STRICT[route]


@pytest.mark.parametrize("route", ["room", "asgi"])
async def test_w77_autobahn_cases_pass_on_the_deployed_stack(second: Stack, route: str) -> None:
    """W-77."""
    results = await verdicts(second, route, NOT_OFFERED + LONG)
    assert len(results) > 200
    judge(results, route)


@pytest.mark.proof
@pytest.mark.parametrize("route", ["room", "asgi"])
async def test_w77_large_messages_pass_on_the_deployed_stack(second: Stack, route: str) -> None:
    """W-77: up to 16 MiB, whole and in fragments, and thousands of small ones."""
    results = await verdicts(second, route, NOT_OFFERED)
    judge(results, route)
