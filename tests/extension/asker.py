"""A process that asks the application it finds on its path, and writes down what it answers.

`python asker.py DIRECTORY` reads `urls.json` there, and writes `answers.json` and each body.
"""

import asyncio
import json
import sys
from pathlib import Path

import httpx
from asgi_lifespan import LifespanManager

from project.main import create_app
from project.settings import Settings


async def main(directory: Path) -> None:
    urls = json.loads((directory / "urls.json").read_text())
    settings = Settings(heartbeat_log=directory / "heartbeat.log", metrics_dir=directory / "metrics")
    app = create_app(settings)
    answers = []
    async with LifespanManager(app, startup_timeout=60) as manager:
        transport = httpx.ASGITransport(manager.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client:
            for index, url in enumerate(urls):
                response = await client.get(url)
                answers.append({"status": response.status_code, "type": response.headers.get("content-type")})
                (directory / str(index)).write_bytes(response.content)
    (directory / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
