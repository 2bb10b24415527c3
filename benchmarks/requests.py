"""Requests over one connection, by a client that costs next to nothing: the one of Python takes 0.3 ms."""

import socket
import time

from benchmarks.servers import PORT


class Connection:
    """A connection to the server under measurement, kept open."""

    def __init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", PORT))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, path: str, expected: int = 200, **headers: str) -> tuple[float, dict[str, str]]:
        """Ask, and return the seconds until the whole answer is there, and its headers."""
        lines = [f"GET {path} HTTP/1.1", "host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
        request = "\r\n".join([*lines, "", ""]).encode()
        started = time.perf_counter()
        self._socket.sendall(request)
        answer = self._socket.recv(1 << 20)
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._socket.recv(1 << 20)
        head = answer[:end].decode().lower().split("\r\n")
        found = dict(line.split(": ", 1) for line in head[1:])
        missing = int(found.get("content-length", 0)) - (len(answer) - end - 4)
        while missing > 0:
            missing -= len(self._socket.recv(1 << 20))
        seconds = time.perf_counter() - started
        assert head[0].split()[1] == str(expected), (path, answer[:2000])
        return seconds, found

    def close(self) -> None:
        self._socket.close()
