"""The parameters of a URL: what each means here, in one table."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote


class Parameter(NamedTuple):
    """How a parameter is treated: `passed` to the driver, `read` here, `ignored` or `refused`; `text` says why.

    `values` are the valid ones; none: any.
    """

    treatment: Literal["passed", "read", "ignored", "refused"]
    text: str
    values: tuple[str, ...]


def _each(treatment: Any, names: str, text: str = "", values: str = "") -> dict[str, Parameter]:
    return dict.fromkeys(names.split(), Parameter(treatment, text, tuple(values.split())))


# fmt: off
PARAMETERS: Mapping[str, Parameter] = {
    **_each("passed", "sslmode", values="disable allow prefer require verify-ca verify-full"),
    **_each("passed", "target_session_attrs", values="any primary standby prefer-standby read-write read-only"),
    **_each("passed", "sslnegotiation", values="postgres direct"),
    **_each("passed", "ssl_min_protocol_version ssl_max_protocol_version", values="TLSv1.2 TLSv1.3"),
    **_each("passed", "sslcert sslkey sslrootcert sslcrl sslpassword passfile service krbsrvname"),
    **_each("read", "host port user password dbname database ssl options search_path currentschema schema"),
    **_each("read", "statement_cache_size prepared_statement_cache_size pgbouncer"),
    **_each("ignored", "channel_binding", "sslmode=verify-full&sslrootcert=system verifies the server instead"),
    **_each("ignored", "gssencmode", "TLS encrypts connections, as sslmode says", "disable prefer"),
    **_each("ignored", "connect_timeout pool_timeout", "DATABASE_POOL_TIMEOUT limits the wait for a connection"),
    **_each("ignored", "connection_limit pool_size max_overflow pool pool_max_conns pool_min_conns",
            "DATABASE_POOL_MIN and DATABASE_POOL_MAX limit connections"),
    **_each("ignored", "statement_timeout socket_timeout", "DATABASE_STATEMENT_TIMEOUT limits queries"),
    **_each("ignored", "keepalives keepalives_idle keepalives_interval keepalives_count tcp_user_timeout",
            "the settings of the operating system apply"),
    **_each("ignored", "application_name fallback_application_name", "connections are named ad-metrics"),
    **_each("ignored", "sslcompression sslsni sslcertmode sslaccept uselibpqcompat", "sslmode and sslrootcert decide"),
    **_each("ignored", "client_encoding charset encoding timezone", "the service reads UTF-8 and UTC"),
    **_each("ignored", "load_balance_hosts", "hosts are tried in their order"),
    **_each("ignored", "conn_max_age conn_health_checks reconnect single_use_connections preparethreshold serverversion"
            " default_query_exec_mode supa", "it is for other drivers"),
    **_each("refused", "hostaddr", "write the address as the host"),
    **_each("refused", "require_auth", "remove it; sslmode=verify-full keeps passwords from other servers"),
    **_each("refused", "replication", "remove it; the service reads tables"),
}
# fmt: on
"""What each parameter of a URL means here. One without an entry is refused: it may be `sslmode`, misspelt."""

_ROUTES = ("endpoint", "project", "cluster")
"""Options with which hosted databases choose a server; others are settings of the session."""

TRUE, FALSE = ("", "1", "on", "true", "yes", "require", "no-verify"), ("0", "off", "false", "no", "disable")


def read(query: str) -> dict[str, str]:
    """Return the parameters of a query that are known, with valid values. Raises ValueError."""
    values: dict[str, str] = {}
    for item in filter(None, query.split("&")):
        raw, equals, text = item.partition("=")
        name, value = decoded(raw).lower(), decoded(text)
        parameter = PARAMETERS.get(name)
        if parameter is None:
            raise ValueError(_unknown(raw if equals and "password" not in values else ""))
        if parameter.treatment == "refused":
            raise ValueError(f"its parameter {name} has no effect here: {parameter.text}")
        if name == "host" and (name in values or not all(value.split(","))):
            raise ValueError("its parameter host is written once and not empty, as ?host=h1,h2 or ?host=/directory")
        if name == "sslmode":
            value = {"no-verify": "require"}.get(value.lower(), value.lower())
        if parameter.values and value not in ("", *parameter.values):
            raise ValueError(f"its {name} must be one of: {', '.join(parameter.values)}")
        if value or name == "ssl" or parameter.treatment == "ignored":
            values[name] = value
    return values


def _unknown(name: str) -> str:
    if not re.fullmatch(r"[\w.-]{1,40}", name):
        return "its parameters must be name=value, separated by &; in values, & is written as %26"
    similar = get_close_matches(name.lower(), PARAMETERS, 1)
    advice = (
        f"did you mean {similar[0]}" if similar else "a setting of the session is written options=-c%20name%3Dvalue"
    )
    return f"its parameter {name} is unknown; {advice}"


def decoded(text: str) -> str:
    """Return a percent-encoded text as it is meant. Raises ValueError."""
    try:
        text = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("its percent-encoded characters must be UTF-8") from None
    if "\0" in text:
        raise ValueError("it has a character that PostgreSQL does not take, %00")
    return text


def session(options: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the settings that `options` sets, and as `options` what chooses a server."""
    settings, routes = {}, []
    # Some write a space as +.
    for option in re.findall(r"(?:-c\s*|--)?(?:\\.|[^\s\\])+", options.replace("+", " ")):
        name, equals, value = re.sub(r"\\(.)", r"\1", re.sub(r"^-c\s*|^--", "", option)).partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_][\w.-]*", name):
            raise ValueError("its options must be -c name=value, percent-encoded as -c%20name%3Dvalue")
        if name in _ROUTES:
            routes.append(option)
        else:
            settings[name.replace("-", "_")] = value
    return settings, {"options": " ".join(routes)} if routes else {}


def search_path(values: Mapping[str, str]) -> dict[str, str]:
    """Return the setting that the parameters for a schema stand for."""
    schema = values.get("schema", "").replace('"', '""')
    path = values.get("search_path") or values.get("currentschema") or (f'"{schema}"' if schema else "")
    return {"search_path": path} if path else {}


def statement_cache(values: Mapping[str, str], *, pooled: bool) -> dict[str, int]:
    """Return the size of the cache of prepared statements, as asyncpg takes it. Raises ValueError.

    Statements that are prepared in one session are unknown in the next, except where a pooler prepares them again
    (PgBouncer 1.21 with `max_prepared_statements`): there, a size in the URL is better than 0.
    """
    for name in ("statement_cache_size", "prepared_statement_cache_size"):
        if size := values.get(name):
            if not re.fullmatch(r"[0-9]{1,6}", size):
                raise ValueError(f"its {name} must be a whole number such as 0")
            return {"statement_cache_size": int(size)}
    return {"statement_cache_size": 0} if pooled else {}
