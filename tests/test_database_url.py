"""`DATABASE_URL`: what providers hand out works or is refused in one sentence, and no password is ever shown."""

import inspect
import logging
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest
from asyncpg.connect_utils import _parse_connect_arguments
from hypothesis import example, given
from hypothesis import strategies as st
from loguru import logger
from pydantic import ValidationError

from project.database_url import PARAMETERS, Address, parse
from project.doctor import examine
from project.errors import SettingsError
from project.settings import Settings, get_settings
from tests.conftest import Client

DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(asyncpg.connect).parameters.items()
    if parameter.default is not inspect.Parameter.empty
}


def as_asyncpg_reads(url: str) -> tuple[list[Any], Any, Any]:
    """Return addresses, parameters and configuration, as asyncpg understands what the service gives it."""
    return read_by_asyncpg(parse(url))


def read_by_asyncpg(address: Address) -> tuple[list[Any], Any, Any]:
    arguments = {**DEFAULTS, **address.arguments("x")}
    names = inspect.signature(_parse_connect_arguments).parameters
    return _parse_connect_arguments(**{name: arguments[name] for name in names})


@pytest.mark.parametrize(
    ("url", "addresses", "user", "password", "database"),
    [
        # Heroku, Render, Railway, Fly, DigitalOcean, Aiven
        ("postgres://u:p4@ec2-1.compute-1.amazonaws.com:5432/d1", [("ec2-1.compute-1.amazonaws.com", 5432)], "u", "p4", "d1"),
        ("postgres://doadmin:AVNS_x@db-1.b.db.ondigitalocean.com:25060/defaultdb?sslmode=require",
         [("db-1.b.db.ondigitalocean.com", 25060)], "doadmin", "AVNS_x", "defaultdb"),
        ("postgres://u:p@app.flycast:5432/app?sslmode=disable", [("app.flycast", 5432)], "u", "p", "app"),
        # Neon, Supabase, CockroachDB
        ("postgresql://alex:AbC@ep-cool-1-pooler.eu.aws.neon.tech/db?sslmode=require&channel_binding=require",
         [("ep-cool-1-pooler.eu.aws.neon.tech", 5432)], "alex", "AbC", "db"),
        ("postgresql://postgres.ref:p@aws-0.pooler.supabase.com:6543/postgres?pgbouncer=true&connection_limit=1",
         [("aws-0.pooler.supabase.com", 6543)], "postgres.ref", "p", "postgres"),
        ("postgresql://m:p@free.cockroachlabs.cloud:26257/d?sslmode=verify-full&options=--cluster%3Dx-1",
         [("free.cockroachlabs.cloud", 26257)], "m", "p", "d"),
        # Azure, RDS, Google Cloud SQL
        ("postgres://me@server:p@server.postgres.database.azure.com/postgres?sslmode=require",
         [("server.postgres.database.azure.com", 5432)], "me@server", "p", "postgres"),
        ("postgresql://u:p@/d?host=/cloudsql/project:region:name", ["/cloudsql/project:region:name/.s.PGSQL.5432"], "u", "p", "d"),
        ("postgresql://u:p@localhost/d?host=/cloudsql/project:region:name&schema=public",
         ["/cloudsql/project:region:name/.s.PGSQL.5432"], "u", "p", "d"),
        # Prisma, Django, SQLAlchemy, JDBC
        ("postgresql://u:p@h:5433/d?schema=ads&connect_timeout=10&pool_timeout=3&socket_timeout=5", [("h", 5433)], "u", "p", "d"),
        ("postgis://u:p@h/d?conn_max_age=600", [("h", 5432)], "u", "p", "d"),
        ("postgresql+asyncpg://u:p@h/d?ssl=require&prepared_statement_cache_size=0", [("h", 5432)], "u", "p", "d"),
        ("jdbc:postgresql://h:5432/d?user=u&password=p&ssl=true", [("h", 5432)], "u", "p", "d"),
        # Passwords as people paste them
        ("postgresql://u:p@ss@h/d", [("h", 5432)], "u", "p@ss", "d"),
        ("postgresql://u:p%40s%2Fs%3F%23@h/d", [("h", 5432)], "u", "p@s/s?#", "d"),
        ("postgresql://u:p%ss:x+y@h/d", [("h", 5432)], "u", "p%ss:x+y", "d"),
        ("postgresql://u@h/d?password=a%26b+c", [("h", 5432)], "u", "a&b+c", "d"),
        # Hosts of all kinds
        ("postgresql://u@[::1]:5433/d", [("::1", 5433)], "u", None, "d"),
        ("postgresql://u@h1:1,[fe80::1%25eth0]:2,h3/d?target_session_attrs=read-write",
         [("h1", 1), ("fe80::1%eth0", 2), ("h3", 5432)], "u", None, "d"),
        ("postgresql://u@%2Fvar%2Frun%2Fpg/d?port=5433", ["/var/run/pg/.s.PGSQL.5433"], "u", None, "d"),
        ("postgresql:///d?host=h1,::1&port=1,2&user=u", [("h1", 1), ("::1", 2)], "u", None, "d"),
        ("  postgresql://u@h/d\n", [("h", 5432)], "u", None, "d"),
    ],
)  # fmt: skip
def test_what_providers_hand_out_is_what_asyncpg_connects_to(
    url: str, addresses: list[Any], user: str, password: str | None, database: str
) -> None:
    found, parameters, _ = as_asyncpg_reads(url)
    assert found == addresses
    assert (parameters.user, parameters.password, parameters.database) == (user, password, database)
    # Poolers refuse other parameters. With `options`, hosted databases choose a server.
    assert set(parameters.server_settings) <= {"application_name", "options"}
    assert f":{quote(str(password))}@" not in parse(url).url
    assert parse(url).environment.get("PGPASSWORD") == password


def test_each_host_has_an_address_of_its_own() -> None:
    url = "postgresql://u@h1,h2:6432,[::1]/db?sslmode=require&target_session_attrs={}"
    for attribute, treated_as in (("standby", "standby"), ("any", "any"), ("prefer-standby", "standby")):
        by_host = parse(url.format(attribute)).by_host()
        assert list(by_host) == ["h1:5432", "h2:6432", "[::1]:5432"]
        for (host, port), address in zip((("h1", 5432), ("h2", 6432), ("::1", 5432)), by_host.values(), strict=True):
            addresses, parameters, _ = read_by_asyncpg(address)
            assert addresses == [(host, port)]
            assert (parameters.user, parameters.database, parameters.target_session_attrs) == ("u", "db", treated_as)
    assert list(parse("postgresql:///db?host=/tmp/a,/tmp/b").by_host()) == ["/tmp/a", "/tmp/b"]
    assert list(parse("postgresql:///db").by_host()) == ["localhost"]


def test_parameters_have_the_meaning_that_they_have_elsewhere() -> None:
    def settings(query: str) -> dict[str, str]:
        return dict(parse(f"postgresql://h/d?{query}").settings)

    assert settings("options=-csearch_path%3Dads") == {"search_path": "ads"}
    assert settings("options=-c+search_path=ads,public+--work-mem=8MB") == {
        "search_path": "ads,public",
        "work_mem": "8MB",
    }
    assert settings(r"options=-c%20search_path%3Dmy%5C%20ads") == {"search_path": "my ads"}
    assert settings('schema=My"Ads') == {"search_path": '"My""Ads"'}
    assert settings("currentSchema=ads") == settings("search_path=ads") == {"search_path": "ads"}
    assert parse(r"postgresql://h/d?options=-c%20search_path%3Dmy%5C%20ads").environment == {
        "PGOPTIONS": r"-c search_path=my\ ads"
    }
    neon = parse("postgresql://h/d?options=endpoint%3Dep-1")
    assert neon.arguments("x")["dsn"] == "postgresql://?options=endpoint%3Dep-1"
    for query, size in (("pgbouncer=true", 0), ("statement_cache_size=0", 0), ("statement_cache_size=7", 7)):
        assert parse(f"postgresql://h/d?{query}").connect["statement_cache_size"] == size
        assert parse(f"postgresql://h/d?{query}").pooled == (query == "pgbouncer=true")
    assert parse("postgresql://h/d", pooled=True).connect["statement_cache_size"] == 0
    with pytest.raises(ValueError, match="ALTER ROLE u SET search_path"):
        parse("postgresql://u@h/d?schema=ads", pooled=True)
    assert "statement_cache_size" not in parse("postgresql://h/d?pgbouncer=false").connect


@pytest.mark.parametrize(
    ("query", "mode", "verifies"),
    [
        ("", "prefer", False),
        ("ssl=true", "require", False),
        ("ssl", "require", False),
        ("ssl=no-verify", "require", False),
        ("ssl=false", "prefer", False),
        ("sslmode=Require", "require", False),
        ("ssl=verify-full", "verify_full", True),
        ("sslmode=verify-full", "verify_full", True),
        ("sslrootcert=system", "verify_full", True),
        ("sslmode=verify-full&sslrootcert=system", "verify_full", True),
    ],
)
def test_tls_is_never_weaker_than_asked_for(query: str, mode: str, verifies: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:  # fmt: skip
    monkeypatch.setenv("HOME", str(tmp_path))
    _, parameters, _ = as_asyncpg_reads(f"postgresql://h/d?{query}")
    assert parameters.ssl.check_hostname is verifies
    assert verifies or parameters.sslmode.name == mode


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://u:p@h/d", "expected postgresql://user:password@host:5432/database"),
        ("host=h user=u", "expected postgresql://"),
        ("postgresql://u:swordfish/@h/d", "must be percent-encoded: / as %2F"),
        ("postgresql://u:sword?fish@h/d", "must be percent-encoded"),
        ("postgresql://u:sword#fish@h/d", "must be percent-encoded"),
        ("postgresql://u:12?swordfish=1@h/d", "must be percent-encoded"),
        ("postgresql://u@h:port/d", "its host or port is invalid"),
        ("postgresql://u@h:99999/d", "its host or port is invalid"),
        ("postgresql://u@::1/d", "valid are db.example.com:5432, [::1]:5432"),
        ("postgresql://u@h..example/d", "its host or port is invalid"),
        ("postgresql://h1,,h2/d", "its host or port is invalid"),
        ("postgresql://h1,h2/d?port=1,2,3", "its host or port is invalid"),
        ("postgresql://h/d?sslmode=on", "its sslmode must be one of: disable, allow, prefer, require, verify-ca, verify-full"),
        ("postgresql://h/d?sslmod=require", "its parameter sslmod is unknown; did you mean sslmode"),
        ("postgresql://h/d?work_mem=1MB", "its parameter work_mem is unknown; a setting of the session is written options="),
        ("postgresql://h/d?gssencmode=require", "its gssencmode must be one of: disable, prefer"),
        ("postgresql://h/d?sslrootcert=/nowhere.pem", "its sslrootcert '/nowhere.pem' is not a file that this account can read"),
        ("postgresql://h/d?sslmode=require&sslrootcert=system", "its sslrootcert=system takes sslmode=verify-full"),
        ("postgresql://h/d?sslnegotiation=direct", "its sslnegotiation=direct takes sslmode=require"),
        ("postgresql://h/d?target_session_attrs=master", "must be one of: any, primary"),
        ("postgresql://h/d?statement_cache_size=many", "must be a whole number such as 0"),
        ("postgresql://h/d?options=-x", "its options must be -c name=value"),
        ("postgresql://h/d?hostaddr=10.0.0.1", "write the address as the host"),
        ("postgresql://h/d?require_auth=scram-sha-256", "remove it; sslmode=verify-full"),
        ("postgresql://h/d%00", "%00"),
        ("postgresql://u@/d?host=", "its parameter host is written once and not empty, as ?host=h1,h2 or ?host=/directory"),
        ("postgresql://u@/d?host=h1,,h2", "its parameter host is written once and not empty"),
        ("postgresql://u@/d?host=h1&host=h2", "its parameter host is written once and not empty"),
        ("postgresql://h/d%ff", "must be UTF-8"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_in_one_sentence(url: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    get_settings.cache_clear()
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SettingsError) as refused:
        get_settings()
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("The setting DATABASE_URL is invalid: ")
    assert "\n" not in str(refused.value)
    assert "fish" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_standby_has_a_host() -> None:
    for url in ("postgresql:///d", "postgresql://u@/d?host=", "postgresql://u@/d?target_session_attrs=standby"):
        with pytest.raises(ValidationError, match="host"):
            Settings(database_read_url=url)
    assert Settings(database_read_url="postgresql://u@/d?host=/var/run/postgresql").database_read_url


def test_each_parameter_is_treated_as_the_table_says() -> None:
    for name, parameter in PARAMETERS.items():
        if parameter.treatment == "refused":
            with pytest.raises(ValueError, match=name):
                parse(f"postgresql://h/d?{name}=1")
        if parameter.treatment == "ignored":
            value = parameter.values[0] if parameter.values else "1"
            address = parse(f"postgresql://h/d?{name}={value}&{name}={value}")
            assert address.ignored == (f"DATABASE_URL: {name} is ignored: {parameter.text}.",)
            assert (address.url, dict(address.settings)) == ("postgresql://h/d", {})


CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
WORDS = st.sampled_from(
    [*PARAMETERS, "x", "sslmod", "", "%", "%zz", "p@", "[", "]", ":", "@", "/", "?", "#", "&", "=", ",", "::1"]
)


@st.composite
def urls(draw: st.DrawFn, secret: str) -> str:
    """A URL with the secret as its password, written in one of many ways, among valid and invalid parts."""
    password = draw(st.sampled_from([secret, quote(secret, safe=""), quote(secret)]))
    host = draw(st.sampled_from(["h", "127.0.0.1:9", "[::1]:9", "/run", "%2Frun", "h:x", "h,h", "", "h..h"]))
    noise = "".join(draw(st.lists(WORDS | st.text(CHARACTERS, max_size=3), max_size=4)))
    query = "&".join(f"{draw(WORDS)}={draw(WORDS)}" for _ in range(draw(st.integers(0, 3))))
    scheme = draw(st.sampled_from(["postgresql", "postgres", "postgresql+asyncpg", "mysql", "x"]))
    encoded = quote(secret, safe="")
    return draw(st.sampled_from([
        f"{scheme}://u:{password}@{host}/d?{query}",
        f"{scheme}://u:{password}@{host}{noise}",
        f"{scheme}://u{noise}:{password}@{host}/d",
        f"{scheme}://u@{host}/d?{query}&password={encoded}",
        f"{scheme}://u@{host}/d?password={encoded}&{query}",
        f"{noise}{password}",
    ]))  # fmt: skip


@given(st.data(), st.text(CHARACTERS, min_size=3, max_size=12))
@example(None, "p@ss/wo?rd#1")
def test_a_password_is_never_shown_and_only_settings_errors_are_raised(data: Any, secret: str) -> None:
    # A marker that no message contains by itself.
    secret = f"Zq9{secret}9qZ"
    url = data.draw(urls(secret)) if data else f"postgresql://u:{secret}@h/d"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        get_settings.cache_clear()
        shown = []
        try:
            settings = get_settings()
        except SettingsError as error:
            shown = [repr(error), str(error), repr(error.__context__)]
        else:
            address = parse(url)
            shown = [repr(settings), str(settings), repr(address), address.url, *address.ignored]
        finally:
            get_settings.cache_clear()
    for text in shown:
        assert secret not in text
        assert quote(secret, safe="") not in text
        assert "Zq9" not in text


async def test_doctor_and_service_show_no_password(
    serving: Client, caplog: pytest.LogCaptureFixture, tmp_path: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    for host in ("127.0.0.1:9", "no-such-host.invalid", "%2Fnowhere"):
        url = f"postgresql://u:swordfish@{host}/d?channel_binding=require"
        settings = Settings(_env_file=None, database_url=url, heartbeat_log=tmp_path / "heartbeat.log")
        findings = await examine(settings)
        assert "fish" not in str(findings)
        assert [finding.state for finding in findings if finding.name == "database"] == ["warn", "fail"]
        assert "channel_binding is ignored" in str(findings)
        async with serving(url) as client:
            lines: list[str] = []
            # The service has set up the log anew.
            sink = logger.add(lines.append, level="TRACE", diagnose=False)
            for path in ("/v1/catalog", "/health/ready", "/"):
                answer = await client.get(path)
                assert answer.status_code == 503
                assert "fish" not in answer.text
            logger.remove(sink)
            assert "cause=" in "".join(lines)
            assert "fish" not in "".join(lines)
            assert "fish" not in repr(client.app.state.ad_metrics)
    assert "fish" not in caplog.text


@pytest.fixture(autouse=True)
def _settings_are_read_anew() -> Any:
    yield
    get_settings.cache_clear()
