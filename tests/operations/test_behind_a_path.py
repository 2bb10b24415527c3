"""A service behind a path (`--root-path /adm`): every address of every answer has the prefix, and leads somewhere."""

import html
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import asyncpg
import httpx
import pytest

from project.store import api_keys
from tests.conftest import ROOT
from tests.support.hosting import hosted
from tests.support.processes import eventually, free_port, started
from tests.support.proxy import proxy_at

pytestmark = pytest.mark.slow

PREFIX = "/adm"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
PROXIES = ["removes the prefix", "keeps the prefix", *(["nginx, as operations.md has it"] if NGINX else [])]
"""nginx where the machine has it."""

OURS = re.compile(r"""(?<![\w/.])/(?:v1|problems|docs|openapi|static|health|metrics|key|ad-metrics)\b[^\s"'<>]*""")
"""An address of ours without the prefix."""


@dataclass
class Site:
    """A service behind a proxy, and all that it has answered."""

    url: str
    key: str
    removes_prefix: bool
    client: httpx.Client
    answers: list[httpx.Response] = field(default_factory=list)

    def ask(self, path: str, method: str = "GET", key: bool = True, **options: object) -> httpx.Response:
        headers = {"Connection": "close", **({"Authorization": f"Bearer {self.key}"} if key else {})}
        headers |= options.pop("headers", {})
        answer = self.client.request(method, urljoin(self.url, path), headers=headers, **options)
        self.client.cookies.clear()
        self.answers.append(answer)
        return answer


@contextmanager
def nginx_at(port: int, directory: Path) -> Iterator[str]:
    [location] = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs" / "operations.md").read_text(), re.DOTALL)
    own = free_port()
    folders = [f"{kind}_temp_path {directory}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    server = f"server {{ listen 127.0.0.1:{own};\n{location.replace(':8000', f':{port}')} }}"
    config = directory / "nginx.conf"
    config.write_text(
        f"daemon off; pid {directory}/pid; events {{}} http {{ access_log off; {' '.join(folders)}\n{server} }}"
    )
    with started([NGINX, "-c", str(config), "-e", "stderr"], directory / "nginx.out"):
        eventually(lambda: httpx.get(f"http://127.0.0.1:{own}/"), 10, "nginx")
        yield f"http://127.0.0.1:{own}"


@pytest.fixture(params=PROXIES)
async def site(request: pytest.FixtureRequest, facts_database: str, tmp_path: Path) -> Site:
    connection = await asyncpg.connect(facts_database)
    key = await api_keys.create(connection, f"behind {request.param}", "ingest")
    await connection.close()
    settings = {"API_AUTH": "required", "INGEST_HTTP": "true"}
    with ExitStack() as stack:
        service = stack.enter_context(hosted(facts_database, tmp_path, "--root-path", PREFIX, workers=1, **settings))
        port = urlsplit(service.site).port
        if request.param.startswith("nginx"):
            url = stack.enter_context(nginx_at(port, tmp_path))
        else:
            url = stack.enter_context(proxy_at(PREFIX, port, keeps_prefix="keeps" in request.param))
        client = stack.enter_context(httpx.Client(timeout=20))
        yield Site(url, key, request.param == "removes the prefix", client)


def addresses(answer: httpx.Response) -> set[str]:
    """Return what an answer links: in attributes of HTML, and as values of JSON that are paths."""
    found = {answer.headers[name] for name in ("location", "content-location", "link") if name in answer.headers}
    media_type = answer.headers.get("content-type", "")
    if "html" in media_type:
        attributes = r"""(?:href|src|action|data-url|data-facets)=["']([^"'#]+)["']"""
        return found | {html.unescape(link) for link in re.findall(attributes, answer.text)}
    if "json" in media_type:
        return found | set(re.findall(r'"(?:href|type|instance|url)":"(/[^"]*)"', answer.text))
    return found


async def test_every_address_has_the_prefix_and_answers(site: Site) -> None:
    document = site.ask(f"{PREFIX}/openapi.json").json()
    assert PREFIX in {server["url"] for server in document["servers"]}
    for path in document["paths"]:
        own = PREFIX + path.format(id=1, name="region", ingest_id=1, format="csv")
        for query in ("", "?colour=red"):
            site.ask(own + query)
        for method in ("DELETE", "HEAD"):
            site.ask(own, method)
        site.ask(own, key=False)
    for path in ("/", "/?platform=facebok", "/changes?since=0", "/docs", "/static/page.css", "/v1/ad-metrcs", "/v1/dimensions/platfrom",
                 "/problems/no-key", "/problems/no-kee", "/v1/ad-metrics?format=csv", "/v1/reports?group_by=month&format=svg",
                 f"/v1/ad-metrics?region={'x' * 40_000}"):  # fmt: skip
        site.ask(PREFIX + path)
    for path in ("/", "/problems/server-full"):
        site.ask(PREFIX + path, key=False)
    form = {"content": "key=adm_1_wrong", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    assert site.ask(f"{PREFIX}/key", "POST", key=False, **form).status_code == 401
    accepted = site.ask(f"{PREFIX}/key", "POST", key=False, **{**form, "content": f"key={site.key}"})
    assert (accepted.status_code, urljoin(f"{PREFIX}/key", accepted.headers["location"])) == (303, f"{PREFIX}/")
    assert f"Path={PREFIX};" in accepted.headers["set-cookie"]
    deleted = site.ask(f"{PREFIX}/key", "POST", key=False, **{**form, "content": "key="})
    assert f"Path={PREFIX};" in deleted.headers["set-cookie"]
    load = site.ask(f"{PREFIX}/v1/ingests?dry_run=true", "POST", content=b"date,cost\n")
    assert load.headers["location"] == load.json()["data"]["href"]
    assert load.headers["location"].startswith(f"{PREFIX}/v1/ingests/")
    assert site.ask(load.headers["location"]).json()["data"]["href"] == load.headers["location"]
    if not site.removes_prefix:  # nginx redirects itself, and the smallest of proxies knows nothing else
        assert urlsplit(site.ask(PREFIX).headers["location"]).path == f"{PREFIX}/"
    assert {answer.status_code for answer in site.answers} >= {200, 202, 303, 401, 404, 405, 414, 422}

    linked: dict[str, str] = {}
    for answer in site.answers:
        if answer.url.path in (f"{PREFIX}/openapi.json", f"{PREFIX}/metrics"):
            continue  # The paths of a document are below its server, and those of metrics are the names of routes.
        seen = f"{answer.request.method} {answer.url} {answer.status_code}"
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        assert not OURS.findall(f"{headers}\n{answer.text}"), seen
        for address in addresses(answer):
            target = urlsplit(urljoin(str(answer.url), address))
            assert (target.hostname, target.path.split("/")[1]) == ("127.0.0.1", PREFIX[1:]), (seen, address)
            # One of each path: what the queries of the page do has tests of its own.
            if not answer.url.query or answer.status_code == 200:
                linked.setdefault(target.path, f"{target.path}?{target.query}")
    assert len(linked) > 20
    for path, link in linked.items():
        expected = {405} if path == f"{PREFIX}/key" else {200, 401, 404, 422} if "instance" in link else None
        answer = site.ask(link)
        if expected or answer.status_code != 200:
            # An `instance` is the address of what failed.
            failed = {other.url.path for other in site.answers if other.status_code >= 400}
            assert path in failed, link


def test_what_uvicorn_itself_refuses_has_the_prefix(facts_database: str, tmp_path: Path) -> None:
    with hosted(facts_database, tmp_path, "--root-path", PREFIX, workers=1) as service:
        refused = httpx.get(service.site + "/health/live", headers={"X-Long": "x" * 100_000})
        assert (refused.status_code, refused.json()["type"]) == (431, f"{PREFIX}/problems/head-too-large")
        assert refused.headers["cache-control"] == "no-store"
        assert httpx.get(f"{service.site}/problems/head-too-large").status_code == 200
