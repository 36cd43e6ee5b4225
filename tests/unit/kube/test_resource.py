"""Paths of objects: whatever a name holds, it stays one segment."""

import pytest

from trimtab.errors import Stalled
from trimtab.kube.resource import Resource
from trimtab.model.keys import Kind

PODS = Resource(Kind("", "v1", "Pod"), "pods", namespaced=True)
ROLES = Resource(Kind("rbac.authorization.k8s.io", "v1", "ClusterRole"), "clusterroles", namespaced=False)


def test_paths() -> None:
    assert PODS.collection() == "/api/v1/pods"
    assert PODS.object("web", namespace="shop") == "/api/v1/namespaces/shop/pods/web"
    assert PODS.object("web", namespace="shop", subresource="log") == "/api/v1/namespaces/shop/pods/web/log"
    assert ROLES.object("system:node") == "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node"


def test_a_name_stays_one_segment() -> None:
    assert PODS.object("../x?a#b", namespace="a/b") == "/api/v1/namespaces/a%2Fb/pods/..%2Fx%3Fa%23b"


@pytest.mark.parametrize(
    ("name", "namespace"), [("..", "shop"), (".", "shop"), ("web", ".."), ("", "shop"), ("web", "")]
)
def test_what_is_no_name(name: str, namespace: str) -> None:
    with pytest.raises(Stalled):
        PODS.object(name, namespace=namespace)
