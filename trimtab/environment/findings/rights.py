"""Rights in the cluster: have the service accounts what the manifests give them?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from msgspec import Struct

from trimtab.environment.findings.finding import Finding
from trimtab.model.keys import Manifest

CHECK = "rights"


class Right(Struct, frozen=True, order=True, kw_only=True):
    """Something that a service account may do; `namespace` "" is everywhere, `name` "" any object."""

    account: str
    account_namespace: str
    namespace: str
    verb: str
    group: str
    resource: str
    name: str = ""

    def __str__(self) -> str:
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {resource}{f'/{self.name}' if self.name else ''}"

    @property
    def review(self) -> Manifest:
        """The question to the API server, a SubjectAccessReview."""
        resource, _, subresource = self.resource.partition("/")
        asked = {
            "namespace": self.namespace,
            "verb": self.verb,
            "group": self.group,
            "resource": resource,
            "subresource": subresource,
            "name": self.name,
        }
        return {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": f"system:serviceaccount:{self.account_namespace}:{self.account}",
                "groups": [
                    "system:serviceaccounts",
                    f"system:serviceaccounts:{self.account_namespace}",
                    "system:authenticated",
                ],
                "resourceAttributes": {key: value for key, value in asked.items() if value},
            },
        }


def rights_of(manifests: Iterable[Manifest]) -> list[Right]:
    """Those that the Roles and ClusterRoles give by their bindings, each once."""
    found = tuple(manifests)
    rules = {
        (one["kind"], one["metadata"]["name"], one["metadata"].get("namespace", "")): one.get("rules") or []
        for one in found
        if one["kind"] in ("Role", "ClusterRole")
    }
    rights: set[Right] = set()
    for binding in found:
        if binding["kind"] in ("RoleBinding", "ClusterRoleBinding"):
            namespace = binding["metadata"].get("namespace", "")
            role = binding["roleRef"]
            at = namespace if role["kind"] == "Role" else ""
            given = rules.get((role["kind"], role["name"], at), [])
            rights.update(_expanded(given, binding.get("subjects") or (), namespace=namespace))
    return sorted(rights)


def judge_rights(asked: Sequence[Right], missing: Sequence[Right]) -> list[Finding]:
    """`missing`: those of `asked` that the API server denies."""
    findings = []
    for account in sorted({(one.account_namespace, one.account) for one in asked}):
        lacking = [one for one in missing if (one.account_namespace, one.account) == account]
        has = sum((one.account_namespace, one.account) == account for one in asked)
        findings.append(_judged("/".join(account), lacking, has))
    return findings


def _judged(account: str, lacking: Sequence[Right], has: int) -> Finding:
    if not lacking:
        return Finding(check=CHECK, subject=account, level="ok", message=f"may do all {has} things that it has to")
    shown = ", ".join(map(str, lacking[:5])) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
    return Finding(
        check=CHECK,
        subject=account,
        level="error",
        message=f"may not {shown}",
        fix="apply the Roles and bindings again: trimtab setup, or trimtab install | kubectl apply -f -",
    )


def _expanded(
    rules: Iterable[Mapping[str, Any]], subjects: Iterable[Mapping[str, Any]], *, namespace: str
) -> Iterator[Right]:
    accounts = [(one["name"], one["namespace"]) for one in subjects if one["kind"] == "ServiceAccount"]
    for rule, (account, home) in product(rules, accounts):
        parts = (rule.get("verbs") or (), rule.get("apiGroups") or (), rule.get("resources") or ())
        for verb, group, resource in product(*parts):
            for name in rule.get("resourceNames") or ("",):
                yield Right(
                    account=account,
                    account_namespace=home,
                    namespace=namespace,
                    verb=verb,
                    group=group,
                    resource=resource,
                    name=name,
                )
