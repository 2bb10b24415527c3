"""The process that renders charts. It reads each as a line of JSON, and writes the picture after its length.

It imports nothing of the service but the theme, and ends with the service, whose pipe it reads.
"""

import json
import re
import struct
import sys
import zlib
from xml.sax.saxutils import escape, quoteattr

import vl_convert

from project.charts.theme import DARK


def main() -> None:
    """Render the charts of the service, until that ends."""
    for line in sys.stdin.buffer:
        request = json.loads(line)
        picture = _RENDERED[request["format"]](request["spec"], request["alt"])
        sys.stdout.buffer.write(b"%d\n" % len(picture) + picture)
        sys.stdout.buffer.flush()


def png(spec: dict[str, object], alt: str) -> bytes:
    """Return a chart as PNG, twice as dense as usual, for print and fine screens.

    Its alt text is in a chunk iTXt under the keyword Description (PNG specification, 11.3.3).
    """
    picture: bytes = vl_convert.vegalite_to_png(spec, ppi=144, allowed_base_urls=[])
    content = b"iTXtDescription\0\0\0\0\0" + alt.encode()
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    # The signature and the chunk IHDR, which comes first, have 33 bytes.
    return picture[:33] + chunk + picture[33:]


def svg(spec: dict[str, object], alt: str) -> bytes:
    """Return a chart as SVG for light and dark screens, with its alt text and a tip on each mark."""
    picture: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    start, remaining = picture.split(">", 1)
    described = f' role="img" aria-label={quoteattr(alt)}><desc>{escape(alt)}</desc>{_STYLE}'
    return (start + described + _MARK.sub(r"<\1\2><title>\3</title></\1>", remaining)).encode()


_RENDERED = {"png": png, "svg": svg}

_MARK = re.compile(r'<(path|line|rect)( aria-label="([^"]*)"[^>]*)/>')

_RULES = "".join(f'[fill="{light}"]{{fill:{dark}}}[stroke="{light}"]{{stroke:{dark}}}' for light, dark in DARK.items())
_STYLE = f"<style>@media (prefers-color-scheme:dark){{{_RULES}}}</style>"


if __name__ == "__main__":
    main()
