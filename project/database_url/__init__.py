"""`DATABASE_URL`: the addresses that providers hand out, read alike for asyncpg and for PostgreSQL's own programs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import quote

from project.database_url import parameters
from project.database_url.parameters import PARAMETERS, TRUE, decoded
from project.database_url.tls import system_roots, tls

_SCHEME = re.compile(r"(?:jdbc:)?(?:postgres|postgresql|postgis|pgsql)(?:\+\w+)?://")
_HOST = re.compile(r"(?:\[(?P<ipv6>[^\]]+)\]|(?P<name>[^\s:\[\]/@]+))(?::(?P<port>\d*))?")
_PARTS = re.compile(r"([^/?#]*)(?:/([^?#]*))?(?:\?([^#]*))?(#.*)?", re.DOTALL)
_HOSTS = "valid are db.example.com:5432, [::1]:5432, h1:5432,h2:5432 and ?host=/directory"
_EXPECTED = "expected postgresql://user:password@host:5432/database"
_UNENCODED = (
    "a character of its user, password or database must be percent-encoded: / as %2F, ? %3F, # %23, @ %40, & %26"
)

_WITH_AT = ("user", "password", "host", "sslpassword", "application_name")
"""Parameters in which an @ does not mean that a password was cut."""


@dataclass(frozen=True)
class Address:
    """Where the database is. Only `ignored` is shown: the other fields may hold a password."""

    url: str = field(repr=False)
    """The URL for PostgreSQL's own programs, without the password, which is in `environment`."""
    environment: Mapping[str, str] = field(repr=False)
    settings: Mapping[str, str] = field(repr=False)
    """Settings of the session, such as `search_path`."""
    pooled: bool
    """Whether a pooler gives each transaction another session, so that nothing outlives a transaction."""
    connect: Mapping[str, Any] = field(repr=False)
    ignored: tuple[str, ...]
    """A sentence for each parameter that has no effect."""

    def arguments(self, application_name: str) -> dict[str, Any]:
        """Return the arguments of `asyncpg.connect` and `create_pool`.

        Poolers refuse all other parameters of a start: settings follow as statements (`store.postgres.sessions`).
        """
        return {**self.connect, "server_settings": {"application_name": application_name}}

    def by_host(self) -> Mapping[str, "Address"]:
        """Return an address for each host, by the host's name. What prefers standbys then takes only them."""
        hosts = self.connect["host"]
        if not hosts:
            return {"localhost": self}
        prefers = "target_session_attrs=prefer-standby" in self.connect["dsn"]
        wanted = {"target_session_attrs": "standby"} if prefers else {}
        servers = zip(hosts, self.connect["port"] or [5432] * len(hosts), strict=True)
        return {
            host if host.startswith("/") else _shown(host, str(port)): replace(
                self, connect={**self.connect, **wanted, "host": [host], "port": [port]}
            )
            for host, port in servers
        }


def parse(url: str, *, pooled: bool = False) -> Address:
    """Parse the URL of a database. Raises ValueError, whose message contains nothing that may be secret.

    `pooled` says that it is that of a pooler which gives each transaction another session, as `?pgbouncer=true` does.
    """
    url = url.strip()
    scheme = _SCHEME.match(url)
    if not scheme:
        raise ValueError(_EXPECTED)
    authority, path, query = _split(url[scheme.end() :])
    values = parameters.read(query)
    userinfo, _, servers = authority.rpartition("@")
    user, _, password = map(decoded, userinfo.partition(":"))
    user, password = values.get("user", user), values.get("password", password)
    database = values.get("dbname") or values.get("database") or decoded(path)
    hosts, ports = _servers(servers, values.get("host"), values.get("port"))
    settings, routes = parameters.session(values.get("options", ""))
    settings |= parameters.search_path(values)
    pooled = pooled or values.get("pgbouncer", "false").lower() in TRUE
    if pooled and settings:
        raise ValueError(
            f"its {min(settings)} is a setting of a session, and the pooler gives each transaction another one:"
            f" write it once in the database, ALTER ROLE {user or '…'} SET {min(settings)} = …"
        )
    passed = {name: value for name, value in values.items() if PARAMETERS[name].treatment == "passed"}
    passed |= tls(values) | routes
    connect = {
        "dsn": f"postgresql://{_query(passed)}",
        "user": user or None,
        "password": password or None,
        "database": database or None,
        "host": hosts or None,
        "port": [int(port or 5432) for port in ports] if any(ports) else None,
        # asyncpg takes `system` for the name of a file.
        "ssl": system_roots() if passed.get("sslrootcert") == "system" else None,
        **parameters.statement_cache(values, pooled=pooled),
    }
    passed.pop("sslpassword", None)
    shown = [_shown(*server) for server in zip(hosts or [""] * len(ports), ports, strict=True)]
    options = " ".join(map(_option, settings, settings.values()))
    return Address(
        f"postgresql://{quote(user, safe='')}{'@' if user else ''}{','.join(shown)}/{quote(database, safe='')}"
        + _query(passed),
        {name: value for name, value in (("PGPASSWORD", password), ("PGOPTIONS", options)) if value},
        settings,
        pooled,
        connect,
        tuple(_sentence(name) for name in values if PARAMETERS[name].treatment == "ignored"),
    )


def _sentence(name: str) -> str:
    return f"DATABASE_URL: {name} is ignored: {PARAMETERS[name].text}."


def _split(text: str) -> tuple[str, str, str]:
    """Return authority, path and query. Raises ValueError where a password may have been cut."""
    authority, path, query, fragment = re.fullmatch(_PARTS, text).groups("")  # type: ignore[union-attr]
    for item in query.split("&"):
        name, _, value = item.partition("=")
        if "@" in name or ("@" in value and name.lower() not in _WITH_AT):
            raise ValueError(_UNENCODED)
    if fragment or "@" in path or "/" in path:
        raise ValueError(_UNENCODED)
    return authority, path, query


def _servers(authority: str, host: str | None, port: str | None) -> tuple[list[str], list[str]]:
    """Return the hosts, or the directories of sockets, and the port of each, which may be empty."""
    servers = [_in_authority(name) for name in host.split(",")] if host else authority.split(",") if authority else []
    matches = [_HOST.fullmatch(server) for server in servers]
    defaults = port.split(",") if port else []
    ports = [match["port"] or "" for match in matches if match]
    if defaults:
        ports = [port or default for port, default in zip(ports or [""], defaults * (len(ports) or 1), strict=False)]
    hosts = [decoded(match["ipv6"] or match["name"]) for match in matches if match]
    try:
        for match, name in zip(matches, hosts, strict=True):
            _ = IPv6Address(name) if match and match["ipv6"] else name.startswith("/") or name.encode("idna")
        valid = all(not port or 0 < int(port) < 65_536 for port in ports) and len(defaults) in (0, 1, len(hosts))
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(f"its host or port is invalid: {_HOSTS}, and / ? # : of a password must be percent-encoded")
    return hosts, ports


def _in_authority(host: str) -> str:
    if host.startswith("/"):
        return quote(host, safe="")
    return f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host


def _shown(host: str, port: str) -> str:
    is_ipv6 = ":" in host and not host.startswith("/")
    name = f"[{quote(host, safe=':')}]" if is_ipv6 else quote(host, safe="")
    return f"{name}:{port}" if port else name


def _option(name: str, value: str) -> str:
    escaped = re.sub(r"([ \\])", r"\\\1", value)
    return f"-c {name}={escaped}"


def _query(values: Mapping[str, str]) -> str:
    text = "&".join(f"{name}={quote(value, safe='/')}" for name, value in values.items())
    return f"?{text}" if text else ""
