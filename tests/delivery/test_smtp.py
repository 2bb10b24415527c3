"""Mail servers: encryption, passwords, addresses."""

import ssl
from pathlib import Path

import pytest
import trustme
from aiosmtpd.smtp import AuthResult, LoginPassword
from pydantic import ValidationError

from project.delivery.smtp import mail_server, send
from project.errors import NotDelivered
from project.settings import Settings, SettingsError, get_settings, mail_address
from tests.support.mail import Mailbox, mailbox


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's certificate, which this machine trusts."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def accepts(logins: list[LoginPassword]) -> object:
    def authenticate(
        _server: object, _session: object, _envelope: object, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        logins.append(data)
        return AuthResult(success=data.password == b"sword/fish @1", handled=False)

    return authenticate


async def sent(box: Mailbox) -> None:
    async def begin() -> None:
        pass

    message = b"To: boss@example.com\r\nSubject: x\r\n\r\n.x\r\n"
    await send(box.url, "reports@example.com", "boss@example.com", message, begin)


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_mail_is_encrypted_where_the_server_can(context: ssl.SSLContext, scheme: str) -> None:
    logins: list[LoginPassword] = []
    tls = {"ssl_context": context} if scheme == "smtps" else {"tls_context": context, "require_starttls": True}
    options = {"authenticator": accepts(logins), "auth_required": True, "auth_require_tls": False, **tls}
    with mailbox(scheme, "ad%40metrics:sword%2Ffish%20%401@", **options) as box:
        await sent(box)
        assert [mail.get_content() for mail in box.mails] == [".x\r\n"]
        assert {(login.login, login.password) for login in logins} == {(b"ad@metrics", b"sword/fish @1")}
        wrong = box.url.replace("sword", "other")
        with pytest.raises(NotDelivered, match=r"^The mail server localhost cannot be used: 535 [^:]*$") as error:
            async with mail_server(wrong):
                pass
        assert error.value.state == "pending"


async def test_a_certificate_that_nobody_trusts_is_refused(
    context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with mailbox("smtps", ssl_context=context) as box:
        with pytest.raises(NotDelivered, match="certificate"):
            await sent(box)
        assert box.mails == []


async def test_a_password_is_never_sent_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("project.delivery.smtp._is_local", lambda _host: False)
    with mailbox(login="user:swordfish@", auth_require_tls=False, authenticator=accepts([])) as box:
        with pytest.raises(NotDelivered, match="STARTTLS"):
            await sent(box)
        assert box.mails == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("boss@example.com", "boss@example.com"),
        ("Ad Metrics <reports@example.com>", "Ad Metrics <reports@example.com>"),
        ('"Doe, Eve" <eve@example.com>', '"Doe, Eve" <eve@example.com>'),
        ("root@localhost", "root@localhost"),
        ("Größe <a@xn--gre-6ka8i.example>", "Größe <a@xn--gre-6ka8i.example>"),
    ],
)
def test_addresses(text: str, shown: str) -> None:
    assert str(mail_address(text)) == shown


@pytest.mark.parametrize(
    "text",
    ["boss", "boss@", "@example.com", "boss@example", "a b@example.com", "a@b.de,c@d.de", "a@b.de\nBcc: c@d.de",
     "<>", "größe@example.com", "a@größe.example", "a@..", "X\r <a@b.de>"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an address such as boss@example\.com"):
        mail_address(text)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"smtp_url": "smtp://mail"}, "SMTP_URL needs MAIL_FROM"),
        ({"smtp_url": "http://mail", "mail_from": "a@b.de"}, "expected smtp://user:password@host:587 or smtps://"),
        ({"smtp_url": "smtp://u:swordfish@", "mail_from": "a@b.de"}, "expected smtp://user:password@host:587"),
        ({"smtp_url": "smtp://u:sword/fish@host", "mail_from": "a@b.de"}, "expected "),
        ({"smtp_url": "smtp://u:swordfish", "mail_from": "a@b.de"}, "expected "),
        ({"smtp_url": "smtp://u:swordfish@host:99999", "mail_from": "a@b.de"}, "expected "),
        ({"mail_from": "reports"}, "'reports' is not an address such as boss@example.com"),
        *(
            (
                {"public_url": url},
                f"{url!r} is not an address such as https://ads.example.com or https://".replace("?", r"\?"),
            )
            for url in (
                "ads.example.com",
                "ftp://x.de",
                "https://",
                "https:///a",
                "https://x?y=1",
                "https://x.de#f",
                "https://-x.de",
                "https://x..de",
                "https://x.de:0",
                "https://x.de:65536",
                "https://x.de/a b",
                "https://x.de/<b>",
            )
        ),
        ({"public_url": "https://u:swordfish@x.de"}, "an address with a user is not an address such as https://"),
    ],
)
def test_settings_that_are_refused_are_named_without_the_password(
    settings: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name.upper(), value)
    get_settings.cache_clear()
    with pytest.raises(SettingsError, match=said) as refused:
        get_settings()
    get_settings.cache_clear()
    assert "fish" not in str(refused.value)
    with pytest.raises(ValidationError):
        Settings(**settings)


@pytest.mark.parametrize("host", ["ads.example.com", "localhost:8000", "10.0.0.1", "[::1]:8000", "x.example.com."])
@pytest.mark.parametrize("path", ["", "/", "/ads", "/a/b-%20c/"])
def test_a_public_address_may_have_a_port_and_a_path(host: str, path: str) -> None:
    assert Settings(public_url=f"https://{host}{path}").public_url == f"https://{host}{path.rstrip('/')}"
