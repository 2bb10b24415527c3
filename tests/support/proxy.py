"""A proxy before a service at a path, as small as one can be: one request a connection."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def proxy_at(prefix: str, port: int, *, keeps_prefix: bool) -> Iterator[str]:
    """Serve what a port of this machine answers below a prefix, which is kept or removed; yield the site."""

    def carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(1 << 16):
                target.sendall(chunk)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            request = self.request.recv(1 << 16)
            method, path, rest = request.split(b" ", 2)
            assert path.startswith(f"{prefix}/".encode()) or keeps_prefix, path
            path = path if keeps_prefix else path.removeprefix(prefix.encode())
            with socket.create_connection(("127.0.0.1", port)) as upstream:
                upstream.sendall(b" ".join([method, path, rest]))
                threading.Thread(target=carry, args=(self.request, upstream), daemon=True).start()
                carry(upstream, self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
