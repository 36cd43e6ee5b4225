"""Git over HTTP: real `git http-backend`, and a push event for what changed."""

import asyncio
import os
from pathlib import Path

from aiohttp import web

from trimtab.fakegithub import git_store
from trimtab.fakegithub.doors import Refused, by_http
from trimtab.fakegithub.world import World


class GitHttp:
    """`/{owner}/{repo}.git/…`, and without `.git`, too."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        where = "/{owner}/{repo}/{rest:info/refs|git-upload-pack|git-receive-pack}"
        return [web.get(where, self.answer), web.post(where, self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        """Raises nothing; Git shows the text of a refusal after `remote:`."""
        rest = request.match_info["rest"]
        push = "git-receive-pack" in (rest, request.query.get("service"))
        path = f"{request.match_info['owner']}/{request.match_info['repo']}"
        door = by_http(self._world, path, request.headers.get("Authorization", ""), push=push)
        if isinstance(door, Refused):
            headers = {"WWW-Authenticate": 'Basic realm="GitHub"'} if door.status == 401 else {}
            return web.Response(status=door.status, text=f"{door.text}\n", headers=headers)
        before = git_store.refs(door.repository.git)
        status, headers, body = await http_backend(request, door.repository.git, f"/{rest}")
        if rest == "git-receive-pack":
            moves = git_store.moved(before, git_store.refs(door.repository.git))
            self._world.pushed(door.repository, moves, door.actor)
        return web.Response(status=status, headers=headers, body=body)


async def http_backend(request: web.Request, root: Path, path: str) -> tuple[int, dict[str, str], bytes]:
    """What `git http-backend` answers: status, headers, body. `path` begins with a slash and is below `root`."""
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "REQUEST_METHOD": request.method,
        "PATH_INFO": path,
        "QUERY_STRING": request.query_string,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "REMOTE_ADDR": "127.0.0.1",
    }
    content = await request.read()
    process = await asyncio.create_subprocess_exec(
        "git",
        "http-backend",
        # Without a body it ends without reading, and writing to it would fail.
        stdin=asyncio.subprocess.PIPE if content else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )
    output, _ = await process.communicate(content or None)
    head, _, body = output.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
    status = int(headers.pop("Status", "200").split()[0])
    return status, headers, body
