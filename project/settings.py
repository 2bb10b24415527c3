"""Settings from the environment or from `.env`; `.env.example` says what each means."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"no time zone is called {name!r}; expected an IANA name such as Europe/Berlin") from error
    return name


class Settings(BaseSettings):
    """One field a setting; the environment variable has the field's name in capitals."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    database_url: Annotated[str | None, AfterValidator(lambda url: url or None)] = None
    embedded_postgres_dir: Path = Path(".postgres")
    database_pool_min: int = Field(default=1, ge=0)
    database_pool_max: int = Field(default=10, ge=1)
    database_pool_timeout: float = Field(default=5, gt=0)
    database_statement_timeout: float = Field(default=30, gt=0)

    timezone: Annotated[str, AfterValidator(_known_time_zone)] = "UTC"
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")

    heartbeat_cron: str = "0 */6 * * *"
    heartbeat_log: Path = Path("logs/heartbeat.log")
    heartbeat_rotation: str = "30 days"
    heartbeat_retention: str = "1 year"
    heartbeat_compression: str = "gz"

    log_level: Literal["TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["text", "json"] = "text"


@lru_cache
def get_settings() -> Settings:
    """Read the settings once for the life of the process."""
    return Settings()
