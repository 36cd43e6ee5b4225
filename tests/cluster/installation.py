"""Trimtab installed on the real Kubernetes: the manifests applied, and its ServiceAccounts to work as."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import structs

from tools.controlplane.run import ControlPlane
from tools.controlplane.users import kubeconfig
from trimtab.kube.config import ClusterConfig, load
from trimtab.manifests import InstallOptions, install_objects
from trimtab.model.keys import Manifest

RIGHTS = ("ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
Rules = Sequence[dict[str, Any]]


class Installation:
    """What `trimtab install` makes of a control namespace. Kubeconfigs are written to `folder`."""

    def __init__(self, control_plane: ControlPlane, namespace: str, folder: Path) -> None:
        self._control_plane = control_plane
        self._folder = folder
        self.options = InstallOptions(namespace=namespace)

    def objects(self, *kinds: str, **options: Any) -> list[Manifest]:
        """All that is installed, or what is of some kinds."""
        installed = install_objects(structs.replace(self.options, **options))
        return [manifest for manifest in installed if not kinds or manifest["kind"] in kinds]

    def role(self, kind: str, name: str) -> Manifest:
        """A Role or ClusterRole, by its name in the files."""
        (found,) = (one for one in self.objects(kind) if one["metadata"]["name"].startswith(name))
        return found

    def apply(self, manifests: Sequence[Manifest]) -> None:
        """`kubectl apply --server-side`, as one who overrules everybody."""
        items = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
        done = self._control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=items)
        assert done.returncode == 0, done.stderr

    def grant(self, **rules: Rules) -> None:
        """Apply the rights; `controller=` and `server=` are other rules for the ClusterRole of that name."""
        rights = self.objects(*RIGHTS)
        for name, other in rules.items():
            known = self.role("ClusterRole", f"trimtab-{name}")
            rights[rights.index(known)] = {**known, "rules": list(other)}
        self.apply(rights)

    def account(self, name: str) -> ClusterConfig:
        """How the ServiceAccount `name` reaches the API server, with a token as a Pod gets one."""
        path = f"/api/v1/namespaces/{self.options.namespace}/serviceaccounts/{name}/token"
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        }
        token = self._control_plane.api.request("POST", path, request)["status"]["token"]
        authority = (self._control_plane.layout.folder / "ca.crt").read_bytes()
        file = self._folder / f"{name}.kubeconfig"
        file.write_text(kubeconfig(server=self._control_plane.server, authority=authority, user=name, token=token))
        return load(file, None)

    def user(self, account: str) -> str:
        """The ServiceAccount's name as a user."""
        return f"system:serviceaccount:{self.options.namespace}:{account}"

    def may(self, account: str, verb: str, *what: str, namespace: str) -> bool:
        """`kubectl auth can-i`."""
        where = ("--namespace", namespace, "--as", self.user(account), "--quiet")
        return self._control_plane.kubectl("auth", "can-i", verb, *what, *where).returncode == 0
