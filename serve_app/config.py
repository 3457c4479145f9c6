"""Every setting of the server, in one validated object.

Owns names, units, defaults and bounds; those of an area of its own are in `serve_app/settings/`. Invariant: a
`Settings` that exists is valid; nothing downstream checks again. Values come from the arguments of the Serve
application first, then from `STORYFORGE_*` in the environment, then from the defaults. The two secrets come from files
in the data directory when nobody gives them: they never need to travel through a config file that the cluster keeps
and shows.
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from gpu.video.protocol import VideoError
from serve_app.settings.board import BoardSettings
from serve_app.settings.bounded import bounded
from serve_app.settings.cache import CacheSettings
from serve_app.settings.embed import EmbedSettings
from serve_app.settings.llm import LlmSettings, roles_in
from serve_app.settings.objects import ObjectSettings
from serve_app.settings.projects import ProjectSettings
from serve_app.settings.remote import RemoteSettings
from serve_app.settings.vectors import VectorSettings
from serve_app.settings.vendors import VendorSettings
from serve_app.settings.video import VideoSettings

ENV_PREFIX = "STORYFORGE_"
TOKEN_FILE = "owner-token"
CLUSTER_SECRET_FILE = "cluster-secret"
SECRET_CHARS_MIN = 16
OWNER_TOKEN_CHARS_MIN = 1
"""An operator may choose a short owner token; the command line says that it is weak."""
KIB = 1024
MIB = 1024 * KIB

FRAME_ENVELOPE_BYTES = 1 * MIB

URLS = ("database_url", "database_direct_url", "database_read_url", "redis_url")
"""Also read from the environment without our prefix. They may hold passwords: never shown."""

Profile = Literal["embedded", "gpu"]
PROFILES = ("embedded", "gpu")


class SettingsError(ValueError):
    """A setting is wrong; says which, why, and what would do."""

    code = "SETTINGS_INVALID"
    retryable = False

    def __init__(self, setting: str, problem: str, fix: str) -> None:
        super().__init__(setting, problem, fix)
        self.setting, self.problem, self.fix = setting, problem, fix

    def __str__(self) -> str:
        return f"{self.setting}: {self.problem}; {self.fix}"


@dataclass(frozen=True, kw_only=True)
class Settings(
    BoardSettings,
    LlmSettings,
    VideoSettings,
    VendorSettings,
    ObjectSettings,
    RemoteSettings,
    EmbedSettings,
    CacheSettings,
    VectorSettings,
    ProjectSettings,
):
    """What one process of StoryForge runs with. Make it with `Settings.from_args`."""

    data_dir: Path
    owner_token: str = field(repr=False)
    cluster_secret: str = field(repr=False)
    profile: Profile = "embedded"
    release: str = ""
    """What is deployed, in the operator's words. Its one effect: `serve deploy` with another one rolls the replicas."""
    host: str = "127.0.0.1"
    port: int = bounded(8000, 1, 65_535, "a TCP port")
    public_url: str = ""
    """How browsers reach us; default http://{host}:{port}. Decides the Origin check and absolute links."""

    database_url: str = field(default="", repr=False)
    """PostgreSQL for the ledger, postgresql://…; also `DATABASE_URL`. Empty: SQLite in the data directory."""
    database_direct_url: str = field(default="", repr=False)
    """The same database past its pooler, for migrations; also `DATABASE_DIRECT_URL`."""
    database_read_url: str = field(default="", repr=False)
    """A replica of it for projections; also `DATABASE_READ_URL`."""
    redis_url: str = field(default="", repr=False)
    """Redis or Valkey for wake-ups and the exact cache between machines, redis:// or rediss://; also `REDIS_URL`.
    Empty: one machine."""

    webhooks_private: int = bounded(0, 0, 1, "1: webhooks may go to loopback and private addresses, and without TLS")

    # What a socket may cost.
    sockets_max: int = bounded(4000, 10, 50_000, "open sockets of one StoryHost; each costs a file descriptor")
    socket_age_s_max: int = bounded(
        3_600, 60, 86_400, "a socket older than this is told to come again; the ingress must not cut it earlier"
    )
    document_bytes_max: int = bounded(20 * MIB, 64 * KIB, 64 * MIB, "one document's merged updates")
    awareness_bytes_max: int = bounded(64 * KIB, 1 * KIB, 256 * KIB, "one presence message")
    outbox_bytes_max: int = bounded(1 * MIB, 256 * KIB, 64 * MIB, "unsent bytes after which a socket is a slow reader")

    host_memory_bytes_max: int = bounded(
        1024 * MIB, 128 * MIB, 1024 * 1024 * MIB, "resident memory of one StoryHost, above which it lets go of caches"
    )

    # Ownership and actors.
    lease_ttl_ms: int = bounded(6_000, 1_500, 60_000, "how long a dead owner blocks its projects")
    hold_ms: int = bounded(60_000, 100, 3_600_000, "how long a project that people have open stays before it may move")
    majority_ms: int = bounded(5_000, 100, 600_000, "how long another host carries most sockets before it gets it")
    passivate_after_ms: int = bounded(300_000, 1_000, 86_400_000, "idle time before live state is let go")
    archive_after_days: int = bounded(
        0, 0, 36_500, "age at which rows leave for the object store by themselves; 0: only on request"
    )
    mailbox_max: int = bounded(256, 1, 100_000, "commands waiting for one actor")

    # The partner API and files.
    graphql_depth_max: int = bounded(12, 3, 50, "nesting of a query")
    graphql_cost_max: int = bounded(100_000, 100, 10_000_000, "estimated fields of a query")
    graphql_body_bytes_max: int = bounded(16 * MIB, 1 * KIB, 32 * MIB, "one GraphQL request")
    subscriptions_max: int = bounded(1_000, 1, 10_000, "open subscriptions of one Studio")
    screenplay_bytes_max: int = bounded(4 * MIB, 4 * KIB, 16 * MIB, "one imported screenplay")

    def __post_init__(self) -> None:
        for item in fields(self):
            _check_bounds(item, getattr(self, item.name))
        if self.profile not in PROFILES:
            raise SettingsError("profile", f"{self.profile!r} is unknown", f"use one of {', '.join(PROFILES)}")
        for name in ("owner_token", "cluster_secret"):
            _check_secret(name, getattr(self, name))
        try:
            roles_in(self.llm_roles)
        except ValueError as error:
            raise SettingsError("llm_roles", str(error), 'as in "enhance: vllm, openai, grammar"') from None
        try:
            _ = self.fact_readers
        except ValueError as error:
            raise SettingsError("continuity_facts", str(error), "rules, or llm with a model in llm_roles") from None

        try:
            self.check_video()
        except (ValueError, VideoError) as error:
            raise SettingsError("video_models", str(error), "see serve_app/settings/video.py") from None
        try:
            self.check_embed()
        except ValueError as error:
            raise SettingsError("embedder", str(error), "see serve_app/settings/embed.py") from None
        try:
            self.check_cache()
        except ValueError as error:
            raise SettingsError("cache", str(error), "see serve_app/settings/cache.py") from None
        try:
            self.check_vectors(self.database_url)
        except ValueError as error:
            raise SettingsError("vector_store", str(error), "see serve_app/settings/vectors.py") from None

    @property
    def frame_bytes_max(self) -> int:
        """The largest WebSocket message: the largest document must fit in one, with its envelope."""
        return self.document_bytes_max + FRAME_ENVELOPE_BYTES

    @property
    def url(self) -> str:
        """Where browsers find us, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @classmethod
    def from_args(cls, args: Mapping[str, Any], env: Mapping[str, str] | None = None) -> "Settings":
        """Settings from application arguments, then the environment, then defaults.

        Creates the data directory (0700) and, where nobody gave them, the two secrets in it (0600).
        Raises SettingsError naming the setting and the fix.
        """
        env = os.environ if env is None else env
        known = {item.name: item for item in fields(cls)}
        unknown = sorted(set(args) - set(known))
        if unknown:
            raise SettingsError(unknown[0], "no such setting", f"known are {', '.join(sorted(known))}")
        given = {name: args[name] for name in known if args.get(name) is not None}
        values = read_fields(known, given, env)
        data_dir = prepare_data_dir(Path(values.get("data_dir") or default_data_dir()))
        values["data_dir"] = data_dir
        values.setdefault("owner_token", secret_in(data_dir, TOKEN_FILE))
        values.setdefault("cluster_secret", secret_in(data_dir, CLUSTER_SECRET_FILE))
        return cls(**values)


def read_fields(known: "Mapping[str, Field[Any]]", given: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """Values of these fields: as given, else from the environment under our name, else under the names others use.

    Raises SettingsError for what is no value.
    """
    found = dict(given)
    for name, item in known.items():
        aliases = (*((name.upper(),) if name in URLS else ()), *item.metadata.get("env", ()))
        for variable in (ENV_PREFIX + name.upper(), *aliases):
            if name not in found and (text := env.get(variable)):
                found[name] = text
    return {name: _parse(known[name], value) for name, value in found.items()}


def default_data_dir() -> Path:
    return Path.home() / ".storyforge"


def prepare_data_dir(path: Path) -> Path:
    """The data directory, made if missing, absolute and proven writable. Raises SettingsError."""
    path = path.expanduser().absolute()
    probe = path / f".writable-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        raise SettingsError(
            "data_dir", f"cannot write in {path} ({error.strerror})", "choose a directory you may write in"
        ) from error
    return path


def secret_in(data_dir: Path, name: str) -> str:
    """The secret kept in that file, generated at first use. Safe when several processes ask at once."""
    path = data_dir / name
    if not path.exists():
        store_secret(data_dir, name, secrets.token_urlsafe(32), replace=False)
    try:
        return path.read_text().strip()
    except OSError as error:
        raise SettingsError("data_dir", f"cannot read {path} ({error.strerror})", "make it yours again") from error


def store_secret(data_dir: Path, name: str, value: str, *, replace: bool = True) -> None:
    """Write a secret whole or not at all; with `replace=False` the first writer wins. Raises SettingsError."""
    _check_secret(name.replace("-", "_"), value)
    fresh = data_dir / f".{name}-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(value)
        if replace:
            os.replace(fresh, data_dir / name)
            return
        try:
            os.link(fresh, data_dir / name)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    except OSError as error:
        raise SettingsError("data_dir", f"cannot write {name} ({error.strerror})", "free some space") from error


def _check_secret(name: str, value: str) -> None:
    shortest = OWNER_TOKEN_CHARS_MIN if name == "owner_token" else SECRET_CHARS_MIN
    if len(value) < shortest or any(not 33 <= ord(char) <= 126 for char in value):
        raise SettingsError(
            name, "too short or not plain", f"use at least {shortest} printable ASCII characters without spaces"
        )


def _check_bounds(item: "Field[Any]", value: Any) -> None:
    if "low" not in item.metadata:
        return
    low, high, why = item.metadata["low"], item.metadata["high"], item.metadata["why"]
    if not low <= value <= high:
        raise SettingsError(item.name, f"{value} is out of bounds", f"use {low} to {high} ({why})")


def _parse(item: "Field[Any]", value: Any) -> Any:
    if item.name == "data_dir":
        return Path(str(value))
    if item.default is MISSING or not isinstance(item.default, int):
        return json.dumps(value) if isinstance(value, list | dict) else str(value)
    try:
        if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
            raise ValueError
        return int(value)
    except (TypeError, ValueError):
        raise SettingsError(item.name, f"{value!r} is not a whole number", "give digits only") from None
