"""The command line of each component. Every flag is one that the tests need; the rest is Kubernetes' default."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.controlplane.users import CONTROLLER_MANAGER, KWOK, SCHEDULER

CONTROLLERS = (
    "clusterrole-aggregation",
    "cronjob",
    "daemonset",
    "deployment",
    "disruption",
    "endpointslice",
    "garbage-collector",
    "horizontal-pod-autoscaler",
    "job",
    "namespace",
    # Takes away the not-ready taint that a Node is born with; without it nothing is scheduled.
    "node-lifecycle",
    "pod-garbage-collector",
    "replicaset",
    "root-ca-certificate-publisher",
    "serviceaccount",
    "serviceaccount-token",
    "statefulset",
)


@dataclass(frozen=True)
class Ports:
    """All on 127.0.0.1."""

    apiserver: int
    etcd: int
    etcd_peer: int
    kwok: int


@dataclass(frozen=True)
class Settings:
    """What a caller may choose. `compaction` is a duration such as `5m`, `0` for never; `extra` are more flags of the
    API server."""

    audit: bool = False
    watch_cache: bool = True
    compaction: str = "5m"
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """Where everything of one run is."""

    folder: Path
    ports: Ports

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self.ports.apiserver}"

    @property
    def etcd(self) -> str:
        return f"http://127.0.0.1:{self.ports.etcd}"

    @property
    def audit_log(self) -> Path:
        return self.folder / "audit.log"

    @property
    def stages(self) -> Path:
        return self.folder / "stages.yaml"

    def kubeconfig(self, user: str) -> Path:
        return self.folder / f"kubeconfig-{user.replace(':', '-')}"


def etcd(layout: Layout) -> Sequence[str]:
    peer = f"http://127.0.0.1:{layout.ports.etcd_peer}"
    return _flags(
        {
            "data-dir": layout.folder / "etcd",
            "listen-client-urls": layout.etcd,
            "advertise-client-urls": layout.etcd,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"default={peer}",
            "unsafe-no-fsync": "true",
            "log-level": "warn",
        }
    )


def kube_apiserver(layout: Layout, settings: Settings) -> Sequence[str]:
    folder = layout.folder
    flags: dict[str, object] = {
        "etcd-servers": layout.etcd,
        "etcd-compaction-interval": settings.compaction,
        "watch-cache": str(settings.watch_cache).lower(),
        "bind-address": "127.0.0.1",
        "secure-port": layout.ports.apiserver,
        "tls-cert-file": folder / "server.crt",
        "tls-private-key-file": folder / "server.key",
        "client-ca-file": folder / "ca.crt",
        "token-auth-file": folder / "tokens.csv",
        "authorization-mode": "RBAC",
        "service-cluster-ip-range": "10.0.0.0/16",
        "allow-privileged": "true",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": folder / "sa.pub",
        "service-account-signing-key-file": folder / "sa.key",
        "endpoint-reconciler-type": "none",
        "profiling": "false",
        # Without it a SIGTERM waits a whole minute for the clients' watches.
        "shutdown-watch-termination-grace-period": "3s",
    }
    return (*_flags(flags), *(_audit(layout) if settings.audit else ()), *settings.extra)


def kube_controller_manager(layout: Layout) -> Sequence[str]:
    return _flags(
        {
            "kubeconfig": layout.kubeconfig(CONTROLLER_MANAGER.name),
            "secure-port": 0,
            "leader-elect": "false",
            "service-account-private-key-file": layout.folder / "sa.key",
            "root-ca-file": layout.folder / "ca.crt",
            "controllers": ",".join(f"{name}-controller" for name in CONTROLLERS),
        }
    )


def kube_scheduler(layout: Layout) -> Sequence[str]:
    return _flags({"kubeconfig": layout.kubeconfig(SCHEDULER.name), "secure-port": 0, "leader-elect": "false"})


def kwok(layout: Layout) -> Sequence[str]:
    return _flags(
        {
            "kubeconfig": layout.kubeconfig(KWOK.name),
            "config": layout.stages,
            "manage-all-nodes": "true",
            "node-ip": "127.0.0.1",
            "cidr": "10.244.0.0/16",
            "node-lease-duration-seconds": 40,
            "server-address": f"127.0.0.1:{layout.ports.kwok}",
        }
    )


def _audit(layout: Layout) -> Sequence[str]:
    """Who asked for what and how long it took, written within a second and never at the cost of a request."""
    return _flags(
        {
            "audit-policy-file": layout.folder / "audit-policy.yaml",
            "audit-log-path": layout.audit_log,
            "audit-log-mode": "batch",
            "audit-log-batch-max-wait": "500ms",
            "audit-log-batch-buffer-size": 100_000,
        }
    )


def _flags(values: Mapping[str, object]) -> Sequence[str]:
    return tuple(f"--{name}={value}" for name, value in values.items())
