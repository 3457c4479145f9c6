"""Which backend renders a film: what it can do first, then quality, cost, speed and health.

Owns the policy and the breakers. Invariant: a route is a pure function of the request, the descriptors, the policy and
what the breakers say at that moment; a backend that cannot do the work is in no route, and why not is said in words.
Descriptors come from backends and settings (`gpu.video.capabilities`); routes go into a job's events. Light to import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gpu.video.capabilities import ANIMATIC, Capabilities

FAULTS_MAX = 3
"""Faults within the window after which a backend is left alone. Lower: one bad minute costs a backend."""
WINDOW_MS = 120_000
COOL_MS = 60_000
"""How long it is left alone, then one film tries it. Shorter: films pay for finding out; longer: it is missed."""
PROBE_MS = 900_000
"""A probe that says nothing for so long was lost with its host: another one may try."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one film asks of a backend. `image`: it must start from the picked frame; `likes_image`: it had better.
    `exact_size`: nothing may be fitted. Seconds are of the whole film."""

    seconds: float
    width: int
    height: int
    image: bool = False
    likes_image: bool = False
    exact_size: bool = False
    references: int = 0
    seed: bool = False
    negative: bool = False
    audio: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """How the capable are ranked, in points of quality (0..100): what a unit of money, a minute of waiting and starting
    from the picked frame are worth. `cost_max`: of one film, 0: any. Only money counts: what is priced in another unit
    is compared with nothing."""

    points_per_cost: float = 2.0
    points_per_minute: float = 1.0
    points_for_image: float = 15.0
    cost_max: float = 0.0
    cost_unit: str = "usd"
    moderated_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """`order`: names, the best first, the wanted one before all. `refused`: who cannot do it, and why."""

    order: tuple[str, ...]
    refused: Mapping[str, str]


class BackendUnfit(Exception):
    """Nobody, or not the one that was asked for, can render this. `code`: BACKEND_UNKNOWN or BACKEND_UNFIT."""

    retryable = False

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


@dataclass(slots=True)
class _Breaker:
    faults: list[int] = field(default_factory=list)
    opened_ms: int | None = None
    probed_ms: int | None = None


class Breakers:
    """What became of the last films, a backend. In memory and per process: weather, not history."""

    def __init__(self) -> None:
        self._of: dict[str, _Breaker] = {}

    def fault(self, name: str, now_ms: int) -> None:
        breaker = self._of.setdefault(name, _Breaker())
        recent = [at for at in breaker.faults if at > now_ms - WINDOW_MS]
        breaker.faults = [*recent[-FAULTS_MAX:], now_ms]
        if breaker.probed_ms is not None or len(breaker.faults) >= FAULTS_MAX:
            breaker.opened_ms, breaker.probed_ms = now_ms, None

    def success(self, name: str) -> None:
        self._of.pop(name, None)

    def admits(self, name: str, now_ms: int) -> bool:
        """Whether a film may go there: it is closed, or it has cooled and nobody tries it already."""
        breaker = self._of.get(name)
        if breaker is None or breaker.opened_ms is None:
            return True
        if now_ms < breaker.opened_ms + COOL_MS:
            return False
        return breaker.probed_ms is None or now_ms > breaker.probed_ms + PROBE_MS

    def sent(self, name: str, now_ms: int) -> None:
        """A film goes there: if it was left alone, this one tries it."""
        breaker = self._of.get(name)
        if breaker is not None and breaker.opened_ms is not None:
            breaker.probed_ms = now_ms


class Router:
    """The backends of one installation, as one host sees them."""

    def __init__(self, offers: Sequence[Capabilities] = (ANIMATIC,), policy: Policy | None = None) -> None:
        self.offers = {offer.name: offer for offer in offers}
        self.policy, self.breakers = policy or Policy(), Breakers()

    def kind_of(self, name: str) -> str:
        """What a worker must offer; of a backend that is configured no more, its name: nobody claims it."""
        offer = self.offers.get(name)
        return offer.kind if offer is not None else name

    def check(self, wanted: str | None) -> None:
        """Raises `BackendUnfit` BACKEND_UNKNOWN."""
        if wanted is not None and wanted not in self.offers:
            known = ", ".join(sorted(self.offers))
            raise BackendUnfit("BACKEND_UNKNOWN", f"there is no backend {wanted!r}; known are {known}")

    def route(self, wanted: str | None, need: Need, now_ms: int) -> Route:
        """Raises `BackendUnfit`: the wanted one cannot do it, or nobody can, and which capability is missing."""
        self.check(wanted)
        lacking = {name: lacks(offer, need, self.policy) for name, offer in self.offers.items()}
        refused = {name: "; ".join(words) for name, words in sorted(lacking.items()) if words}
        if wanted is not None and wanted in refused:
            raise BackendUnfit("BACKEND_UNFIT", f"{wanted} cannot render this: {refused[wanted]}")
        able = [name for name in self.offers if name not in refused]
        if not able:
            said = ". ".join(f"{name}: {why}" for name, why in refused.items())
            raise BackendUnfit("BACKEND_UNFIT", f"no backend can render this. {said}")

        def rank(name: str) -> tuple[bool, bool, float, str]:
            shut = not self.breakers.admits(name, now_ms)
            return name != wanted, shut, -score(self.offers[name], need, self.policy), name

        return Route(tuple(sorted(able, key=rank)), refused)


def lacks(offer: Capabilities, need: Need, policy: Policy) -> list[str]:
    """Which capabilities are missing, in words."""
    said: list[str] = []
    if not offer.duration_s_min - 1e-6 <= need.seconds <= offer.duration_s_max + 1e-6:
        span = f"{offer.duration_s_min:g} to {offer.duration_s_max:g} s"
        said.append(f"it makes {span}, the film lasts {need.seconds:g} s")
    if need.exact_size and offer.sizes and (need.width, need.height) not in offer.sizes:
        said.append(f"it does not make {need.width}x{need.height}")
    if need.image and not offer.image_to_video:
        said.append("it cannot start from a picture")
    if not offer.text_to_video and not (offer.image_to_video and (need.image or need.likes_image)):
        said.append("it needs a picture to start from")
    if need.references > offer.references_max:
        said.append(f"it takes {offer.references_max} reference pictures, not {need.references}")
    for wanted, has, what in (
        (need.seed, offer.seed, "it takes no seed"),
        (need.negative, offer.negative, "it takes no negative prompt"),
        (need.audio, offer.audio, "it makes no sound"),
    ):
        if wanted and not has:
            said.append(what)
    cost = cost_of(offer, need, policy)
    if policy.cost_max and cost > policy.cost_max:
        said.append(f"it would cost {cost:.2f} {offer.cost_unit}, more than {policy.cost_max:.2f}")
    return said


def cost_of(offer: Capabilities, need: Need, policy: Policy) -> float:
    return offer.cost_per_s * need.seconds if offer.cost_unit == policy.cost_unit else 0.0


def score(offer: Capabilities, need: Need, policy: Policy) -> float:
    cost = cost_of(offer, need, policy)
    minutes = offer.speed_s_per_s * need.seconds / 60
    image = policy.points_for_image if need.likes_image and offer.image_to_video else 0.0
    return offer.quality + image - policy.points_per_cost * cost - policy.points_per_minute * minutes
