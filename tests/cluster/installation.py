"""Trimtab installed on the real Kubernetes: the manifests applied, and its ServiceAccounts to work as."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import structs

from tools.controlplane.run import ControlPlane
from tools.controlplane.users import kubeconfig
from trimtab.kube.config import ClusterConfig, load
from trimtab.manifests import InstallOptions, install_objects
from trimtab.model.keys import Manifest

RIGHTS = ("ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
GROUP = "/apis/rbac.authorization.k8s.io/v1"
PLURALS = {
    "Role": "roles",
    "ClusterRole": "clusterroles",
    "RoleBinding": "rolebindings",
    "ClusterRoleBinding": "clusterrolebindings",
}
IN_FORCE_DEADLINE = 20.0
Rules = Sequence[dict[str, Any]]


class Installation:
    """What `trimtab install` makes of a control namespace. Kubeconfigs are written to `folder`."""

    def __init__(self, control_plane: ControlPlane, namespace: str, folder: Path) -> None:
        self._control_plane = control_plane
        self._folder = folder
        self._rules: dict[str, Rules] = {}
        self.options = InstallOptions(namespace=namespace)

    def objects(self, *kinds: str, **options: Any) -> list[Manifest]:
        """All that is installed, or what is of some kinds."""
        installed = install_objects(structs.replace(self.options, **options))
        return [manifest for manifest in installed if not kinds or manifest["kind"] in kinds]

    def apply(self, manifests: Sequence[Manifest]) -> None:
        """`kubectl apply --server-side`."""
        items = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
        done = self._control_plane.kubectl("apply", "--server-side", "-f", "-", stdin=items)
        assert done.returncode == 0, done.stderr

    def grant(self, **rules: Rules) -> None:
        """Create the rights, once. `controller=` and `server=` are other rules for the ClusterRole of that name."""
        namespace = self.options.namespace
        for one in self.objects(*RIGHTS):
            kind, name = one["kind"], one["metadata"]["name"]
            other = rules.get(name.removeprefix("trimtab-").removesuffix(f"-{namespace}"))
            body = {**one, "rules": list(other)} if kind == "ClusterRole" and other is not None else one
            self._rules |= {f"{kind} {name}": body["rules"]} if "rules" in body else {}
            self._control_plane.api.request("POST", _collection(one), body)

    def account(self, name: str) -> ClusterConfig:
        """How the ServiceAccount `name` reaches the API server.

        Returns when the API server has heard of its rights.
        """
        file = self.kubeconfig(name)
        deadline = time.monotonic() + IN_FORCE_DEADLINE
        while missing := [asked for asked in self._asked(name) if not self._allowed(name, asked)]:
            assert time.monotonic() < deadline, missing
            time.sleep(0.02)
        return load(file, None)

    def kubeconfig(self, name: str) -> Path:
        """Of the ServiceAccount `name`, with a token as a Pod gets one."""
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        }
        path = f"/api/v1/namespaces/{self.options.namespace}/serviceaccounts/{name}/token"
        token = self._control_plane.api.request("POST", path, request)["status"]["token"]
        authority = (self._control_plane.layout.folder / "ca.crt").read_bytes()
        file = account_file(self._folder, name)
        file.write_text(kubeconfig(server=self._control_plane.server, authority=authority, user=name, token=token))
        return file

    def user(self, account: str) -> str:
        """The ServiceAccount's name as a user."""
        return f"system:serviceaccount:{self.options.namespace}:{account}"

    def may(self, account: str, verb: str, *what: str, namespace: str) -> bool:
        """`kubectl auth can-i`."""
        where = ("--namespace", namespace, "--as", self.user(account), "--quiet")
        return self._control_plane.kubectl("auth", "can-i", verb, *what, *where).returncode == 0

    def _asked(self, account: str) -> Iterator[dict[str, str]]:
        """One request that each rule allows, for each binding of the account."""
        for binding in self.objects("RoleBinding", "ClusterRoleBinding"):
            if binding["subjects"][0]["name"] != account:
                continue
            role = binding["roleRef"]
            for rule in self._rules[f"{role['kind']} {role['name']}"]:
                yield {
                    "group": rule["apiGroups"][0],
                    "resource": rule["resources"][0],
                    "verb": rule["verbs"][0],
                    "name": rule.get("resourceNames", [""])[0],
                    "namespace": self.options.namespace if role["kind"] == "Role" else "",
                }

    def _allowed(self, account: str, attributes: dict[str, str]) -> bool:
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": self.user(account), "resourceAttributes": attributes},
        }
        answer = self._control_plane.api.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        return bool(answer["status"]["allowed"])


def account_file(folder: Path, name: str) -> Path:
    """Where `Installation.account` leaves the kubeconfig of a ServiceAccount."""
    return folder / f"{name}.kubeconfig"


def _collection(manifest: Manifest) -> str:
    namespace = manifest["metadata"].get("namespace")
    within = f"/namespaces/{namespace}" if namespace else ""
    if manifest["kind"] == "ServiceAccount":
        return f"/api/v1{within}/serviceaccounts"
    return f"{GROUP}{within}/{PLURALS[manifest['kind']]}"
