"""Start and stop a whole control plane: etcd, API server, controllers, scheduler, and kwok with one Node."""

import base64
import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from tools.controlplane import build, certificates, commands, ports, scratch, stages
from tools.controlplane.api import Api, ApiError, Object
from tools.controlplane.build import Programs
from tools.controlplane.commands import Layout, Ports, Settings
from tools.controlplane.errors import StartFailed
from tools.controlplane.process import Component
from tools.controlplane.users import ADMIN, COMPONENTS, USERS, User, kubeconfig, new_tokens, tokens_csv

START_DEADLINE = 60.0
"""Seconds; two quiet cores need about 5."""
STOP_GRACE = 10.0
POLL = 0.05
NODE = "kwok-0"
CLIENTS = ("kube-controller-manager", "kube-scheduler", "kwok")
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


class ControlPlane:
    """A throw-away Kubernetes on 127.0.0.1 with one fake Node. Use it as a context manager.

    `users` must name everyone who will ever talk to it; each has a token, and no rights but its groups'.
    `settings` chooses audit log, watch cache, compaction and further flags of the API server.
    Starting raises BuildError (programs missing and not buildable) or StartFailed.
    """

    def __init__(
        self,
        programs: Programs | None = None,
        *,
        users: Sequence[User] = USERS,
        settings: Settings | None = None,
    ) -> None:
        self.programs = programs or build.ensure()
        self.settings = settings or Settings()
        self.users = tuple(users)
        self._open = ExitStack()
        self._components: dict[str, Component] = {}
        self._layout: Layout | None = None
        self._tokens: dict[str, str] = {}

    def __enter__(self) -> "ControlPlane":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def layout(self) -> Layout:
        """Folder and ports of this run."""
        if self._layout is None:
            raise StartFailed("the control plane is not running: call start() first")
        return self._layout

    @property
    def server(self) -> str:
        """`https://127.0.0.1:PORT`."""
        return self.layout.server

    @property
    def audit_log(self) -> Path:
        """One JSON event a line, when the settings ask for an audit log."""
        return self.layout.audit_log

    @property
    def api(self) -> Api:
        """The admin's view, for set-up and checks in tests."""
        return self.api_as(ADMIN.name)

    def api_as(self, user: str) -> Api:
        """Any user's view."""
        return Api(self.server, authority=self.layout.folder / "ca.crt", token=self.token(user))

    def token(self, user: str) -> str:
        """The bearer token of a user."""
        return self._tokens[user]

    def pids(self) -> dict[str, int]:
        """Of the components that run, by name: to read their CPU time and memory."""
        return {name: pid for name, component in self._components.items() if (pid := component.pid) is not None}

    def log(self, component: str) -> Path:
        """The log file of a component, such as `kube-apiserver`."""
        return self._components[component].log

    def kubeconfig(self, user: str = ADMIN.name) -> Path:
        """A complete kubeconfig file of that user; valid across restarts of the API server."""
        path = self.layout.kubeconfig(user)
        if not path.exists():
            authority = (self.layout.folder / "ca.crt").read_bytes()
            text = kubeconfig(server=self.server, authority=authority, user=user, token=self.token(user))
            path.touch(mode=0o600)
            path.write_text(text)
        return path

    def kubectl(
        self, *arguments: str, user: str = ADMIN.name, stdin: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run the real kubectl as `user` and wait; the exit code is the caller's to judge."""
        return subprocess.run(
            [self.programs.path("kubectl"), *arguments],
            env={"KUBECONFIG": str(self.kubeconfig(user)), "HOME": str(self.layout.folder), "PATH": os.environ["PATH"]},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self) -> None:
        """Returns when the Node takes Pods and the `default` namespace has its ServiceAccount."""
        try:
            self._prepare()
            for name in ("etcd", "kube-apiserver"):
                self._components[name].start()
            self._until("kube-apiserver answers readyz", self.api.ready)
            for name in CLIENTS:
                self._components[name].start()
            self.api.request("POST", "/api/v1/nodes", node(NODE))
            self._until("the Node is Ready", self._node_ready)
            self._until("the default ServiceAccount exists", self._account_exists)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Every component ended, the data folder gone. Does nothing when nothing runs."""
        etcd = self._components.get("etcd")
        others = [component for component in self._components.values() if component is not etcd]
        for component in others:
            component.signal(signal.SIGTERM)
            component.signal(signal.SIGCONT)
        for component in others:
            component.wait(STOP_GRACE)
        if etcd is not None:
            etcd.wait(0.0)
        self._components.clear()
        self._layout = None
        self._open.close()

    def check(self) -> None:
        """Raises StartFailed, with the end of its log, when a component ended by itself."""
        for component in self._components.values():
            if component.exit_code is not None:
                raise StartFailed(_ended(component))

    def restart_apiserver(self) -> None:
        """SIGTERM, then start on the same port; returns when it is ready again.

        Its watch cache starts empty, so a watch from before the restart gets 410 when something changed since.
        """
        self.stop_apiserver()
        self.start_apiserver()

    def stop_apiserver(self) -> None:
        """An orderly shutdown: watches end, requests in flight are answered."""
        self._others(signal.SIGSTOP)
        self._components["kube-apiserver"].stop(STOP_GRACE)

    def kill_apiserver(self) -> None:
        """SIGKILL: every connection breaks."""
        self._others(signal.SIGSTOP)
        self._components["kube-apiserver"].wait(0.0)

    def start_apiserver(self) -> None:
        """After `stop_apiserver` or `kill_apiserver`, on the same port; harmless when it runs."""
        self._components["kube-apiserver"].start()
        self._until("kube-apiserver answers readyz", self.api.ready)
        self._others(signal.SIGCONT)

    def compact(self) -> int:
        """Make etcd forget all history before now; the first revision that it still knows.

        The API server holds older states in a cache of its own. It hears of the compaction within 15 seconds, and
        after `restart_apiserver` it has none; the `continue` of a paged list from before then gets 410.
        """
        revision = int(self._etcd("kv/range", {"key": _encoded("/")})["header"]["revision"]) + 1
        # The key by which API servers tell each other of a compaction; writing it also makes "now" newer than any list.
        told = self._etcd("kv/put", {"key": _encoded("compact_rev_key"), "value": _encoded(str(revision))})
        revision = int(told["header"]["revision"])
        self._etcd("kv/compaction", {"revision": revision, "physical": True})
        return revision

    def _prepare(self) -> None:
        if self._layout is not None:
            raise StartFailed("the control plane runs already")
        folder = self._open.enter_context(scratch.folder())
        self._layout = Layout(folder, Ports(*ports.free(4)))
        everyone = (*self.users, *COMPONENTS)
        self._tokens = new_tokens(everyone)
        certificates.write_all(folder)
        (folder / "tokens.csv").write_text(tokens_csv(everyone, self._tokens))
        (folder / "audit-policy.yaml").write_text(json.dumps(AUDIT_POLICY))
        self._layout.stages.write_text(stages.assemble([self.programs.folder / "stages", stages.OURS]))
        for user in everyone:
            self.kubeconfig(user.name)
        self._add_components(self._layout)

    def _add_components(self, layout: Layout) -> None:
        flags = {
            "etcd": commands.etcd(layout),
            "kube-apiserver": commands.kube_apiserver(layout, self.settings),
            "kube-controller-manager": commands.kube_controller_manager(layout),
            "kube-scheduler": commands.kube_scheduler(layout),
            "kwok": commands.kwok(layout),
        }
        # A clean environment: etcd reads ETCD_* from it, and kwok keeps its files below HOME.
        env = {"PATH": os.defpath, "HOME": str(layout.folder)}
        for name, arguments in flags.items():
            command = (str(self.programs.path(name)), *arguments)
            log = layout.folder / f"{name}.log"
            self._components[name] = Component(name, command, layout.folder, log, env)

    def _until(self, what: str, holds: Callable[[], bool]) -> None:
        """Poll; a component that ends, or the deadline, raises StartFailed with the log that tells why."""
        deadline = time.monotonic() + START_DEADLINE
        while not holds():
            self.check()
            if time.monotonic() > deadline:
                logs = "\n".join(f"--- {one.name}\n{one.tail()}" for one in self._components.values())
                raise StartFailed(f"after {START_DEADLINE:.0f} s it is still not so that {what}\n{logs}")
            time.sleep(POLL)

    def _node_ready(self) -> bool:
        """Ready, which is kwok's work, and without the taint of a new Node, which is the controller manager's."""
        live = self._find(f"/api/v1/nodes/{NODE}")
        conditions = live.get("status", {}).get("conditions", [])
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
        return ready and not live["spec"].get("taints")

    def _account_exists(self) -> bool:
        return bool(self._find("/api/v1/namespaces/default/serviceaccounts/default"))

    def _find(self, path: str) -> Object:
        """The object, or an empty one while there is none."""
        try:
            return self.api.request("GET", path)
        except ApiError as error:
            if error.status == 404:
                return {}
            raise

    def _others(self, number: signal.Signals) -> None:
        """Freeze or wake the API server's clients among us: awake, they would back off for up to half a minute."""
        for name in CLIENTS:
            self._components[name].signal(number)

    def _etcd(self, path: str, body: Object) -> Object:
        request = urllib.request.Request(f"{self.layout.etcd}/v3/{path}", data=json.dumps(body).encode())
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as response:
            answer: Object = json.loads(response.read())
        return answer


def node(name: str) -> Object:
    """A Node that kwok plays, with room for every Pod of a test."""
    room = {"cpu": "1000", "memory": "4Ti", "ephemeral-storage": "4Ti", "pods": "10000"}
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "status": {"capacity": room, "allocatable": room},
    }


def _encoded(key: str) -> str:
    return base64.b64encode(key.encode()).decode()


def _ended(component: Component) -> str:
    return f"{component.name} ended with exit code {component.exit_code}; the end of its log:\n{component.tail()}"
