"""Settings, from the environment or `.env`. `docs/settings.md` and `.env.example` are made from this file."""

import re
from email.errors import MessageError
from email.headerregistry import Address
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from project import database_url
from project.errors import SettingsError

_Level = Literal["TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL"]

_WEB_ADDRESS = re.compile(
    r"https?://(([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.|(?=[:/]|$)))+|\[[0-9a-f:.]+\])(:(?P<port>\d{1,5}))?"
    r"(/[\w.~!$&'()*+,;=:@%/-]*)?",
    re.ASCII | re.IGNORECASE,
)


def _capitals(text: object) -> object:
    return text.upper() if isinstance(text, str) else text


def _number(text: object) -> object:
    return int(text) if isinstance(text, str) and text.isdecimal() else text


def _three_letters(text: str) -> str:
    if len(text) != 3 or not text.isascii() or not text.isalpha():
        raise ValueError("expected an ISO 4217 code such as EUR")
    return text


def _postgresql(url: str | None) -> str | None:
    if url:
        database_url.parse(url)
    return url or None


def _standbys(url: str | None) -> str | None:
    if url and not database_url.parse(url).connect["host"]:
        raise ValueError("it names no host; expected postgresql://user:password@standby.example.com:5432/database")
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


def _mail_server(url: str) -> str:
    if url:
        # Without what is wrong: it may be a part of the password.
        expected = ValueError("expected smtp://user:password@host:587 or smtps://user:password@host:465")
        try:
            parts = urlsplit(url)
            valid = parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0
        except ValueError:
            raise expected from None
        if not valid or parts.path.strip("/") or parts.query or parts.fragment:
            raise expected
    return url


def _mailbox(text: str) -> str:
    if text:
        mail_address(text)
    return text


def mail_address(text: str) -> Address:
    """Return a mailbox such as `Ad Metrics <reports@example.com>`. Raises ValueError with what is expected."""
    name, _, spec = text.rpartition("<") if text.endswith(">") else ("", "", text + ">")
    try:
        address = Address(name.strip().strip('"'), addr_spec=spec[:-1].strip())
    except (ValueError, IndexError, MessageError) as error:
        raise ValueError(f"{text!r} is not an address such as boss@example.com") from error
    has_domain = "." in address.domain.strip(".") or address.domain == "localhost"
    # Few servers take other characters, also in domains.
    if not (address.username and has_domain and address.addr_spec.isascii() and text.isprintable()):
        raise ValueError(f"{text!r} is not an address such as boss@example.com")
    return address


def _web_address(url: str) -> str:
    match = _WEB_ADDRESS.fullmatch(url)
    if url and not (match and 0 < int(match["port"] or 443) < 65_536):
        shown = "an address with a user" if "@" in url else repr(url)
        raise ValueError(f"{shown} is not an address such as https://ads.example.com or https://example.com/ads")
    return url.rstrip("/")


class Settings(BaseSettings):
    """Each field is a setting; its environment variable has the same name in capitals."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )

    database_url: Annotated[str | None, AfterValidator(_postgresql)] = Field(None, repr=False)
    """The database: the URL that its provider hands out, such as
    `postgresql://user:password@host:5432/database?sslmode=require`, or a socket directory as
    `postgresql://user@/database?host=/var/run/postgresql`. To verify the server: `sslmode=verify-full`, with
    `sslrootcert=system` or a file. In the password, `/ ? #` must be percent-encoded: `%2F %3F %23`. Unset: the embedded
    server, which starts when it is down."""
    database_pooler: Literal["session", "transaction"] = "session"
    """How long a session lasts: `transaction` where DATABASE_URL is that of a pooler which gives each transaction
    another one, as PgBouncer's pool mode `transaction` does. The server itself, and other poolers, need no setting."""
    database_direct_url: Annotated[str | None, AfterValidator(_postgresql)] = Field(None, repr=False)
    """The database without the pooler of DATABASE_URL, for the lock of `SCHEDULER_LOCK`, migrations, `ad-metrics
    distribute` and `ad-metrics db psql`. Unset: that of DATABASE_URL."""
    database_read_url: Annotated[str | None, AfterValidator(_standbys)] = Field(None, repr=False)
    """A standby of this database, or several hosts as `h1:5432,h2:5432`: rows, reports, files and the page are read
    there, in this order, and from DATABASE_URL while none of them answers or has the newest data."""
    embedded_postgres_dir: Path = Path(".postgres")
    """The data directory of the embedded server."""
    database_pool_min: int = Field(default=1, ge=0)
    """How many connections one process holds at least."""
    database_pool_max: Annotated[int, AfterValidator(_not_below_pool_min)] = Field(default=10, ge=2)
    """How many connections one process holds at most, not less than DATABASE_POOL_MIN."""
    database_pool_timeout: float = Field(default=5, gt=0, le=3600)
    """Seconds that a request waits for a free connection; then 503."""
    database_exports: int = Field(default=10, ge=1, le=1000)
    """How many files one process exports at once (`format=csv` and others), each with a connection beyond those of
    DATABASE_POOL_MAX."""
    database_queue: int = Field(default=50, ge=0, le=100_000)
    """How many requests of one process may wait for a connection; the next gets 503 at once."""
    database_statement_timeout: float = Field(default=30, gt=0, le=86_400)
    """Seconds that a query may take; then 504."""
    answer_cache_mb: int = Field(default=32, ge=0, le=100_000)
    """How many MB of answers one process keeps in memory. Asked again while the data is the same, they cost one look at
    the data version. 0: none."""

    timezone: Annotated[str, AfterValidator(_known_time_zone)] = "UTC"
    """The IANA time zone of `date_preset=today`, and of the times of subscriptions."""
    currency: Annotated[str, BeforeValidator(_capitals), AfterValidator(_three_letters)] = "USD"
    """The currency of `cost`, an ISO 4217 code. One database has one currency."""

    api_auth: Literal["off", "required"] = "off"
    """Whether every request needs a key (`ad-metrics keys create`). While it is off, access is limited to localhost,
    unless API_ALLOW_ANONYMOUS opens the service."""
    api_allow_anonymous: bool = False
    """Whether everybody who reaches the service is answered, without a key."""
    api_rate_limit: int = Field(default=600, ge=0, le=10_000_000)
    """How many requests a minute one key (or, with API_ALLOW_ANONYMOUS, one address) may send to one process; 0: no
    limit."""
    cors_origins: Annotated[str, AfterValidator(_origins)] = ""
    """The sites whose pages may read the API: origins such as `https://dashboards.example.com`, separated by spaces."""
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = ""
    """The proxies whose X-Forwarded-For is trusted: addresses or networks, separated by spaces."""

    ingest_http: bool = False
    """Whether files can be loaded over HTTP (`POST /v1/ingests`), which needs keys where others reach the service."""
    ingest_dir: Path = Path(".ingests")
    """The directory in which files that are loaded over HTTP wait."""
    ingest_max_mb: int = Field(default=2048, ge=1)
    """The largest file that is loaded over HTTP, in MB."""
    retention_months: int = Field(default=0, ge=0, le=1200)
    """How many months of facts to retain before the current month; a daily job drops older ones. 0: all."""
    partition_months: Annotated[Literal[1, 3, 12], BeforeValidator(_number)] = 1
    """How many months a new partition of facts and rollups has: 1, 3 or 12. Partitions that exist stay as they are.
    Wider ones are for years of history on Citus (`docs/scaling.md`)."""

    heartbeat_cron: str = "0 */6 * * *"
    """When the heartbeat is written, as in crontab(5): minute hour day month weekday, in UTC; 0 and 7 are Sunday, names
    and `@daily` are valid. Where day and weekday are both restricted, either of them is enough."""
    heartbeat_log: Path = Path("logs/heartbeat.log")
    """Where the heartbeat is written: a file, or `/dev/stdout` or another pipe or device. The lines are then also in a
    file in `METRICS_DIR`."""
    heartbeat_rotation: str = "30 days"
    """When the log of the heartbeat is rotated: `10 MB`, `1 week`, `00:00`; empty: never, as where logrotate does
    it."""
    heartbeat_retention: str = "1 year"
    """How long rotated logs are retained: `1 year`, or a number of files. Other files are never deleted."""
    heartbeat_compression: str = "gz"
    """How rotated logs are compressed: `gz`, `zip`, or empty for none."""
    check_cron: str = "30 4 * * *"
    """When the daily check runs (`ad-metrics check`, of the last 35 days with facts), as in crontab(5), in UTC. Its
    line is in the log of the heartbeat."""
    scheduler_lock: Literal["file", "postgres"] = "file"
    """The lock that makes one process the leader, which runs the jobs: that of a file, for one host, or of the
    database, for several hosts. With the latter, no process leads while the database is away."""

    smtp_url: Annotated[str, AfterValidator(_mail_server)] = Field("", repr=False)
    """The server that takes mail. `smtp://user:password@host:587` is encrypted where the server offers STARTTLS, and
    always before a password is sent; `smtps://user:password@host:465` from the start. In user and password, `/ ? # @ %`
    must be percent-encoded. Unset: no mail is sent."""
    mail_from: Annotated[str, AfterValidator(_mailbox)] = ""
    """The sender of mail: `reports@example.com` or `Ad Metrics <reports@example.com>`."""
    public_url: Annotated[str, AfterValidator(_web_address)] = ""
    """The address at which people reach the page, such as `https://ads.example.com` or `https://example.com/ads`, which
    mail and webhooks link. Unset: they have no links."""

    log_level: Annotated[_Level, BeforeValidator(_capitals)] = "INFO"
    """The lowest level in the service's log on standard error."""
    log_format: Literal["text", "json"] = "text"
    """The format of the service's log."""
    metrics_dir: Path = Path(".metrics")
    """The directory of the counters that `/metrics` sums over the workers of a host."""

    @model_validator(mode="after")
    def _sessions_last_where_they_must(self) -> Self:
        if self.database_url and self.database_pooler == "transaction":
            try:
                database_url.parse(self.database_url, pooled=True)
            except ValueError as error:
                raise ValueError(f"DATABASE_URL with DATABASE_POOLER=transaction: {error}") from None
            if self.scheduler_lock == "postgres" and not self.database_direct_url:
                raise ValueError(
                    "SCHEDULER_LOCK=postgres holds its lock in a session, and DATABASE_POOLER=transaction has none:"
                    " set DATABASE_DIRECT_URL to the server without the pooler"
                )
        return self

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> Self:
        if self.smtp_url and not self.mail_from:
            raise ValueError("SMTP_URL needs MAIL_FROM, the sender of mail: set both, or none")
        return self

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
        # Without the cause: a traceback would show the password.
        raise SettingsError("\n".join(map(_message, error.errors()))) from None


def _message(error: Any) -> str:
    name = "_".join(str(part) for part in error["loc"]).upper()
    reason = error["msg"].removeprefix("Value error, ")
    if not name:
        return f"The combination of settings is invalid: {reason}."
    # A URL may contain a password.
    value = "" if name.endswith("_URL") else f" {error['input']!r}"
    return f"The setting {name}{value} is invalid: {reason}."
