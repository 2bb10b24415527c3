"""Settings, from the environment or `.env`; `.env.example` explains each."""

import re
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_Level = Literal["TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL"]


class SettingsError(ValueError):
    """Invalid settings, each with what is expected."""


def _capitals(text: object) -> object:
    return text.upper() if isinstance(text, str) else text


def _three_letters(text: str) -> str:
    if len(text) != 3 or not text.isascii() or not text.isalpha():
        raise ValueError("expected an ISO 4217 code such as EUR")
    return text


def _postgresql(url: str | None) -> str | None:
    if url and not re.match(r"postgres(ql)?(\+\w+)?://", url):
        raise ValueError("expected postgresql://user:password@host:5432/database")
    before, _, after = re.sub(r"[/?#]", "\n", (url or "").partition("://")[2], count=1).partition("\n")
    if ":" in before and "@" not in before and "@" in after and "=" not in after.partition("@")[0]:
        raise ValueError("its password has a character that must be percent-encoded: / as %2F, ? as %3F, # as %23")
    return url or None


def _not_below_pool_min(number: int, info: ValidationInfo) -> int:
    if number < info.data.get("database_pool_min", 0):
        raise ValueError(f"less than DATABASE_POOL_MIN, {info.data['database_pool_min']}")
    return number


def _origins(text: str) -> str:
    for origin in text.split():
        if origin != "*" and not re.fullmatch(r"https?://[^/\s]+", origin):
            raise ValueError(f"{origin!r} is not an origin such as https://dashboards.example.com, without a path")
    return text


def _networks(text: str) -> str:
    for network in text.split():
        ip_network(network)
    return text


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone; expected an IANA name such as Europe/Berlin") from error
    return name


class Settings(BaseSettings):
    """Each field is a setting; its environment variable has the same name in capitals."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    database_url: Annotated[str | None, AfterValidator(_postgresql)] = None
    embedded_postgres_dir: Path = Path(".postgres")
    database_pool_min: int = Field(default=1, ge=0)
    database_pool_max: Annotated[int, AfterValidator(_not_below_pool_min)] = Field(default=10, ge=2)
    database_pool_timeout: float = Field(default=5, gt=0, le=3600)
    database_exports: int = Field(default=10, ge=1, le=1000)
    database_queue: int = Field(default=50, ge=0, le=100_000)
    database_statement_timeout: float = Field(default=30, gt=0, le=86_400)

    timezone: Annotated[str, AfterValidator(_known_time_zone)] = "UTC"
    currency: Annotated[str, BeforeValidator(_capitals), AfterValidator(_three_letters)] = "USD"

    api_auth: Literal["off", "required"] = "off"
    api_allow_anonymous: bool = False
    api_rate_limit: int = Field(default=600, ge=0, le=10_000_000)
    cors_origins: Annotated[str, AfterValidator(_origins)] = ""
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = ""

    ingest_http: bool = False
    ingest_dir: Path = Path(".ingests")
    ingest_max_mb: int = Field(default=2048, ge=1)
    retention_months: int = Field(default=0, ge=0, le=1200)

    heartbeat_cron: str = "0 */6 * * *"
    heartbeat_log: Path = Path("logs/heartbeat.log")
    heartbeat_rotation: str = "30 days"
    heartbeat_retention: str = "1 year"
    heartbeat_compression: str = "gz"
    check_cron: str = "30 4 * * *"
    scheduler_lock: Literal["file", "postgres"] = "file"

    log_level: Annotated[_Level, BeforeValidator(_capitals)] = "INFO"
    log_format: Literal["text", "json"] = "text"
    metrics_dir: Path = Path(".metrics")

    @model_validator(mode="after")
    def _anonymous_clients_do_not_load(self) -> Self:
        if self.api_allow_anonymous and self.api_auth == "required":
            raise ValueError("API_ALLOW_ANONYMOUS=true contradicts API_AUTH=required: choose one")
        if self.api_allow_anonymous and self.ingest_http:
            raise ValueError(
                "INGEST_HTTP=true with API_ALLOW_ANONYMOUS=true would let anonymous clients load: use API_AUTH=required"
            )
        return self


@lru_cache
def get_settings() -> Settings:
    """Return the settings, which are read once in a process. Raises SettingsError."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(map(_message, error.errors()))) from error


def _message(error: Any) -> str:
    name = "_".join(str(part) for part in error["loc"]).upper()
    reason = error["msg"].removeprefix("Value error, ")
    if not name:
        return f"The combination of settings is invalid: {reason}."
    # A URL may contain a password.
    value = "" if name == "DATABASE_URL" else f" {error['input']!r}"
    return f"The setting {name}{value} is invalid: {reason}."
