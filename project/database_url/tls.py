"""TLS: which certificates a connection trusts."""

import os
import ssl
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from project.database_url.parameters import FALSE, PARAMETERS, TRUE

_FILES = ("sslcert", "sslkey", "sslrootcert", "sslcrl")


def tls(values: Mapping[str, str]) -> dict[str, str]:
    """Return `sslmode` and `sslrootcert`. Raises ValueError for combinations and files that do not work."""
    wanted = values.get("ssl", "disable").lower()
    mode = values.get("sslmode") or {**dict.fromkeys(TRUE, "require"), **dict.fromkeys(FALSE, "")}.get(wanted, wanted)
    root = values.get("sslrootcert", "")
    if mode not in ("", *PARAMETERS["sslmode"].values):
        raise ValueError("its ssl must be true or false; sslmode says more")
    if root == "system":
        mode = mode or "verify-full"
    elif not root and mode == "verify-full" and not _has_own_roots():
        root = "system"
    if root == "system" and (mode != "verify-full" or "sslcert" in values):
        raise ValueError(
            "its sslrootcert=system takes sslmode=verify-full and no sslcert; or name a file of certificates"
        )
    if mode == "verify-ca" and not root and not _has_own_roots():
        raise ValueError("its sslmode=verify-ca takes sslrootcert=/path/to/ca.pem; or use sslmode=verify-full")
    if values.get("sslnegotiation") == "direct" and mode not in PARAMETERS["sslmode"].values[3:]:
        raise ValueError("its sslnegotiation=direct takes sslmode=require or verify-full")
    for name in _FILES:
        if (path := values.get(name)) and path != "system" and not _is_readable(Path(path)):
            raise ValueError(f"its {name} {path!r} is not a file that this account can read")
    return {name: value for name, value in (("sslmode", mode), ("sslrootcert", root)) if value}


@cache
def system_roots() -> ssl.SSLContext:
    """Return the context that trusts what the machine trusts; to load it takes 45 ms, too long for each connection."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["postgresql"])
    return context


def _has_own_roots() -> bool:
    return "PGSSLROOTCERT" in os.environ or _is_readable(Path("~/.postgresql/root.crt"))


def _is_readable(path: Path) -> bool:
    try:
        with path.expanduser().open("rb") as file:
            return bool(file.read(1))
    except (OSError, RuntimeError):
        return False
