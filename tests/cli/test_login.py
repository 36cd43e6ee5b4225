"""Logging in to a server: by password, token and browser; where that is kept, and what goes wrong."""

import stat
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.cli.conftest import Trimtab
from tests.cli.stage import Stage
from trimtab.cli.contexts import Context, Contexts, load_contexts, path_of_contexts, save_contexts, server_url
from trimtab.errors import Stalled


@pytest.fixture
def server(stage: Stage) -> str:
    """The URL of a server without Applications."""
    stage.install()
    return stage.serve()


def test_by_password(stage: Stage, server: str, trimtab: Trimtab) -> None:
    name = server.removeprefix("http://")
    ended = trimtab("login", server, "--username", "admin", "--password", stage.admin_password())
    assert (ended.code, ended.out) == (0, f"logged in to {name} as admin\n")
    kept = path_of_contexts()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert stage.admin_password() not in kept.read_text()
    assert trimtab("app", "list").err == "no Applications in namespace argocd\n"
    assert f"*        {name}  admin" in trimtab("context").out
    token = load_contexts().contexts[name].token
    assert trimtab("logout").out == f"logged out of {name}\n"
    assert trimtab("context").out == "logged in to no server\n"
    ended = trimtab("login", server, "--token", token)
    assert ended.code == 2, "a token of a session that was ended is no longer one"


def test_a_wrong_password(server: str, trimtab: Trimtab) -> None:
    ended = trimtab("login", server, "--username", "admin", "--password", "wrong-horse")
    assert ended.code == 2
    assert "Invalid username or password" in ended.err
    assert "wrong-horse" not in ended.err
    assert not path_of_contexts().exists()


def test_without_a_terminal_nothing_is_asked(server: str, trimtab: Trimtab) -> None:
    ended = trimtab("login", server)
    assert (ended.code, "--username" in ended.err) == (2, True)


def test_a_session_that_has_ended(stage: Stage, server: str, trimtab: Trimtab) -> None:
    save_contexts(Contexts().with_login(Context(server=server, token="a.b.c")))
    ended = trimtab("app", "list")
    assert ended.code == 2
    assert f"`trimtab login {server.removeprefix('http://')}` logs in again" in ended.err


def test_another_server_or_the_cluster_itself(stage: Stage, server: str, trimtab: Trimtab) -> None:
    save_contexts(Contexts().with_login(Context(server="http://127.0.0.1:1", token="a.b.c")))
    assert "cannot be reached" in trimtab("app", "list").err
    assert trimtab("app", "list", kubeconfig=stage.kubeconfig).code == 0
    assert "logs in" in trimtab("app", "list", "--server", server).err


def test_a_server_that_is_none(trimtab: Trimtab) -> None:
    with _answering(b"<html>") as url:
        ended = trimtab("login", url, "--token", "x")
    assert (ended.code, "does not speak Argo CD's API" in ended.err) == (2, True)


def test_contexts_that_cannot_be_read(trimtab: Trimtab) -> None:
    path = path_of_contexts()
    path.parent.mkdir(parents=True)
    path.write_text("{")
    assert "delete it and log in again" in trimtab("context").err
    assert trimtab("context", "nowhere.example").code == 2


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("argocd.acme.example", "https://argocd.acme.example"),
        ("argocd.acme.example:8443/", "https://argocd.acme.example:8443"),
        ("http://127.0.0.1:8080/applications", "http://127.0.0.1:8080"),
    ],
)
def test_names_of_servers(text: str, url: str) -> None:
    assert server_url(text) == url


@pytest.mark.parametrize("text", ["", "ftp://x", "https://", "https://me:secret@x", "https://x:99999"])
def test_what_names_no_server(text: str) -> None:
    with pytest.raises(Stalled):
        server_url(text)


def test_in_the_browser(trimtab: Trimtab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The server is acted: its side of this is held by the tests of the server."""
    seen: list[str] = []

    def browse(url: str) -> None:
        seen.append(url)
        port = url.split("cli_port=")[1].split("&")[0]

        def come_back() -> None:
            for target in ("/favicon.ico", "/?code=one-time"):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}{target}", timeout=5).read()
                except urllib.error.HTTPError as error:
                    assert error.code == 404

        threading.Thread(target=come_back).start()

    monkeypatch.setattr("trimtab.cli.browser_login.show", browse)
    with _answering(b'{"token": "a.b.c", "loggedIn": true, "username": "ada"}') as url:
        ended = trimtab("login", url, "--sso")
    assert (ended.code, "as ada" in ended.out) == (0, True)
    assert "cli_challenge=" in seen[0]


@contextmanager
def _answering(body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    listener = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.server_port}"
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


def test_nothing_is_left_of_a_write_that_fails(tmp_path: Path) -> None:
    path = tmp_path / "sealed" / "contexts.json"
    path.parent.mkdir()
    path.mkdir()
    with pytest.raises(Stalled):
        save_contexts(Contexts(), path)
    assert [one.name for one in path.parent.iterdir()] == ["contexts.json"]
