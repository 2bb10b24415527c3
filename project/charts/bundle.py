"""The JavaScript that draws a definition in browsers: Vega, Vega-Lite and Vega-Embed, as vl-convert has them."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from importlib.metadata import version

from project.errors import RenderFailed

FILE_NAME = f"vega-{version('vl-convert-python')}.js"
"""The name of the script: another content has another name."""


class _Bundle:
    """The script, made when it is first asked for, in a process of its own: that takes two seconds and 190 MB."""

    def __init__(self) -> None:
        self._making: asyncio.Task[bytes] | None = None

    async def content(self) -> bytes:
        """Return the script: 0.9 MB. Raises RenderFailed."""
        if self._making is None or (self._making.done() and self._making.exception()):
            self._making = asyncio.create_task(_made())
        # Whoever asked first may go; the others wait on.
        return await asyncio.shield(self._making)


BUNDLE = _Bundle()


async def _made() -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "project.charts.bundle", stdout=PIPE, start_new_session=True
    )
    content, _ = await process.communicate()
    if process.returncode:
        raise RenderFailed("The script of the charts could not be made; the same charts are available as SVG.")
    return content


if __name__ == "__main__":
    import vl_convert

    sys.stdout.write(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
