"""A real nginx of our own on loopback: its configuration as text, its process, and how it takes a new one."""

import asyncio
import contextlib
import hashlib
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

from trimtab.demo.sites import Location, Site
from trimtab.errors import Stalled
from trimtab.kube.credentials import ClientCertificate

PLACES = "/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"
"""Where servers are that are not on the PATH of a user without privileges."""
HTTP_PORT, HTTPS_PORT = 8880, 8443
"""Asked for first; any free ones where somebody has these."""
LOOKS, LOOK_EVERY = 1000, 0.01
FORWARDED = (
    ("Host", "$http_host"),
    ("X-Real-IP", "$remote_addr"),
    ("X-Forwarded-For", "$remote_addr"),
    ("X-Forwarded-Host", "$http_host"),
    ("X-Forwarded-Port", "$server_port"),
    ("X-Forwarded-Proto", "$scheme"),
    ("Connection", '""'),
)


class Nginx:
    """`http_port` and `https_port` listen on 127.0.0.1; `load` changes what they answer."""

    def __init__(self, program: str, folder: Path, fallback: ClientCertificate) -> None:
        self._program = program
        self._folder = folder
        self._fallback = fallback
        self._process: asyncio.subprocess.Process | None = None
        self._running = ""
        self._loads = 0
        self.http_port = self.https_port = 0

    async def start(self) -> None:
        """Listen, and answer 404 to all. The sockets are handed over, so that nobody takes their ports in between."""
        sockets = [_bound(HTTP_PORT), _bound(HTTPS_PORT)]
        self.http_port, self.https_port = (one.getsockname()[1] for one in sockets)
        self._running = self._text(())
        self._configuration.write_text(self._running)
        self._log.touch()
        numbers = [one.fileno() for one in sockets]
        self._process = await asyncio.create_subprocess_exec(
            *self._command(self._configuration),
            env={"PATH": os.environ.get("PATH", ""), "NGINX": "".join(f"{number};" for number in numbers)},
            pass_fds=numbers,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        for one in sockets:
            one.close()
        # Earlier, a signal to load would end it.
        await self._told("start worker process ", 1)

    async def load(self, sites: Iterable[Site]) -> str:
        """Serve `sites` from now on, and nothing else; what nginx says against it, "" for nothing."""
        text = self._text(sites)
        if text == self._running:
            return ""
        trial = self._folder / "trial.conf"
        trial.write_text(text)
        if said := await self._tried(trial):
            return said
        trial.replace(self._configuration)
        self._running = text
        self._loads += 1
        self._signal(signal.SIGHUP)
        await self._told("gracefully shutting down", self._loads)
        return ""

    async def stop(self) -> None:
        """At once: streams end, too."""
        if self._process:
            self._signal(signal.SIGTERM)
            await self._process.wait()

    @property
    def _configuration(self) -> Path:
        return self._folder / "nginx.conf"

    @property
    def _log(self) -> Path:
        return self._folder / "error.log"

    def _command(self, configuration: Path) -> list[str]:
        return [self._program, "-p", str(self._folder), "-e", str(self._log), "-c", str(configuration)]

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _told(self, text: str, times: int) -> None:
        """Return when its log says so: a worker that knew another configuration answers nobody new. Raises Stalled."""
        for _ in range(LOOKS):
            if (said := self._log.read_text(errors="replace")).count(text) >= times:
                return
            await asyncio.sleep(LOOK_EVERY)
        raise Stalled(f"nginx does not do as it is told; the end of {self._log} is: {said[-300:]}")

    async def _tried(self, configuration: Path) -> str:
        test = await asyncio.create_subprocess_exec(
            *self._command(configuration),
            "-t",
            "-q",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await test.communicate()
        return (said.decode(errors="replace").strip() or "nginx refuses it") if test.returncode else ""

    def _text(self, sites: Iterable[Site]) -> str:
        lines = [
            "daemon off;",
            "worker_processes 1;",
            f"pid {self._folder}/nginx.pid;",
            f"error_log {self._log} notice;",
            "events { worker_connections 1024; }",
            "http {",
            *_indented(self._http(sites)),
            "}",
        ]
        return "\n".join(lines) + "\n"

    def _http(self, sites: Iterable[Site]) -> Iterator[str]:
        yield f"access_log {self._folder}/access.log;"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
            yield f"{kind}_temp_path {self._folder}/{kind};"
        yield "default_type text/plain;"
        yield "server_tokens off;"
        yield "server_names_hash_bucket_size 128;"
        yield "large_client_header_buffers 4 32k;"
        yield from _server([f"listen 127.0.0.1:{self.http_port} default_server;", *_answer(404, "no such host")])
        secure = f"listen 127.0.0.1:{self.https_port} ssl http2"
        yield from _server([f"{secure} default_server;", *self._certificate(None), *_answer(404, "no such host")])
        for site in sites:
            yield from self._site(site, f"{secure};")

    def _site(self, site: Site, secure: str) -> Iterator[str]:
        name = f"server_name {site.host};"
        served = list(_locations(site))
        plain = [f"return 308 https://$host:{self.https_port}$request_uri;"] if site.redirect else served
        yield from _server([f"listen 127.0.0.1:{self.http_port};", name, *plain])
        if site.tls:
            yield from _server([secure, name, *self._certificate(site.certificate), *served])

    def _certificate(self, pair: ClientCertificate | None) -> list[str]:
        """The files are named by their content: another pair is another configuration."""
        text = "\n".join([(pair or self._fallback).certificate.strip(), (pair or self._fallback).key.strip(), ""])
        path = self._folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.pem"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(text)
        return [f"ssl_certificate {path};", f"ssl_certificate_key {path};"]


@contextlib.asynccontextmanager
async def nginx(folder: Path, *, fallback: ClientCertificate) -> AsyncIterator[Nginx]:
    """An nginx until the context ends; all its files are in `folder`, which it makes. Raises Stalled without nginx."""
    if not (program := find_program("nginx")):
        raise Stalled("nginx is missing; install it (Debian: apt-get install nginx-light)", reason="MissingTool")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Nginx(program, folder, fallback)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


def find_program(name: str) -> str | None:
    """The path of a server's program."""
    return shutil.which(name) or shutil.which(name, path=PLACES)


def _bound(port: int) -> socket.socket:
    try:
        bound = socket.create_server(("127.0.0.1", port), backlog=512)
    except OSError:
        bound = socket.create_server(("127.0.0.1", 0), backlog=512)
    # nginx takes it as it is, and its worker would sleep in accept().
    bound.setblocking(False)
    return bound


def _locations(site: Site) -> Iterator[str]:
    """An exact path goes before a prefix, which ends between two elements: /a is in front of /a/b, not of /ab."""
    blocks: dict[str, list[str]] = {}
    for location in sorted(site.locations, key=lambda one: not one.exact):
        whole = location.path.rstrip("/")
        heads = [f"= {location.path}"] if location.exact else [f"= {whole}", f"{whole}/"] if whole else ["/"]
        for head in heads:
            blocks.setdefault(head, _answered(location))
    for head, lines in blocks.items():
        yield from _block(f"location {head}", lines)


def _answered(location: Location) -> list[str]:
    return list(_proxied(location)) if location.address else _answer(503, "the Service behind this is not there")


def _proxied(location: Location) -> Iterator[str]:
    """As it comes: nothing is kept back, so that streams pass through."""
    yield f"proxy_pass {location.options.scheme}://{location.address};"
    yield "proxy_http_version 1.1;"
    yield from (f"proxy_set_header {name} {value};" for name, value in FORWARDED)
    yield f"client_max_body_size {location.options.body_size};"
    yield "proxy_buffering off;"
    yield "proxy_request_buffering off;"
    yield "proxy_buffer_size 16k;"
    yield "proxy_buffers 8 16k;"
    yield "proxy_connect_timeout 5s;"
    yield "proxy_read_timeout 3600s;"
    yield "proxy_send_timeout 3600s;"


def _answer(status: int, text: str) -> list[str]:
    return [f'return {status} "{status}: {text}\\n";']


def _server(lines: Iterable[str]) -> Iterator[str]:
    return _block("server", lines)


def _block(head: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"{head} {{"
    yield from _indented(lines)
    yield "}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
