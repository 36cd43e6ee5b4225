"""kubectl itself gets by: the commands that people type."""

import json

import pytest

from tests.sandbox.client import a_config_map, a_crd, a_deployment
from tests.sandbox.conftest import Kubectl


def yaml_of(*objects: object) -> str:
    """JSON documents, which are YAML."""
    return "\n---\n".join(json.dumps(item) for item in objects)


@pytest.fixture
def fresh(kubectl: Kubectl, request: pytest.FixtureRequest) -> str:
    """A namespace for one test."""
    name: str = request.node.name.replace("_", "-").removeprefix("test-")[:50].rstrip("-")
    kubectl("create", "-f", "-", stdin=yaml_of({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
    return name


def test_apply_diff_apply(kubectl: Kubectl, fresh: str) -> None:
    first, second = a_deployment("web"), a_deployment("web", image="web:2")
    assert kubectl("apply", "-n", fresh, "-f", "-", stdin=yaml_of(first)).stdout == "deployment.apps/web created\n"
    assert kubectl("diff", "-n", fresh, "-f", "-", stdin=yaml_of(first)).stdout == ""
    assert "+      - image: web:2" in kubectl("diff", "-n", fresh, "-f", "-", stdin=yaml_of(second), code=1).stdout
    assert kubectl("apply", "-n", fresh, "-f", "-", stdin=yaml_of(second)).stdout == "deployment.apps/web configured\n"
    assert kubectl("apply", "-n", fresh, "-f", "-", stdin=yaml_of(second)).stdout == "deployment.apps/web unchanged\n"
    assert "successfully rolled out" in kubectl("rollout", "status", "-n", fresh, "deployment/web").stdout
    assert kubectl("get", "-n", fresh, "deployments", "-o", "name").stdout == "deployment.apps/web\n"
    assert kubectl("get", "-n", fresh, "deploy", "web").stdout.split()[:5] == [
        "NAME",
        "READY",
        "UP-TO-DATE",
        "AVAILABLE",
        "AGE",
    ]
    assert "web:2" in kubectl("get", "-n", fresh, "deploy", "-o", "wide").stdout
    assert "Controlled By:  ReplicaSet/web-" in kubectl("describe", "-n", fresh, "pods").stdout


def test_server_side_apply_after_client_side_apply(kubectl: Kubectl, fresh: str) -> None:
    kubectl("apply", "-n", fresh, "-f", "-", stdin=yaml_of(a_deployment("web", replicas=1)))
    done = kubectl("apply", "--server-side", "-n", fresh, "-f", "-", stdin=yaml_of(a_deployment("web", replicas=1)))
    assert done.stdout == "deployment.apps/web serverside-applied\n"
    kubectl("scale", "-n", fresh, "deployment/web", "--replicas=2")
    refused = kubectl(
        "apply", "--server-side", "-n", fresh, "-f", "-", stdin=yaml_of(a_deployment("web", replicas=1)), code=1
    )
    assert 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas' in refused.stderr
    forced = ("apply", "--server-side", "--force-conflicts", "-n", fresh, "-f", "-")
    kubectl(*forced, stdin=yaml_of(a_deployment("web", replicas=1)))
    assert kubectl("get", "-n", fresh, "deploy/web", "-o", "jsonpath={.spec.replicas}").stdout == "1"


def test_small_edits(kubectl: Kubectl, fresh: str) -> None:
    kubectl("create", "-n", fresh, "-f", "-", stdin=yaml_of(a_config_map("settings", a="1")))
    kubectl("label", "-n", fresh, "configmap/settings", "tier=front")
    kubectl("annotate", "-n", fresh, "configmap/settings", "note=x")
    kubectl("patch", "-n", fresh, "cm", "settings", "-p", '{"data":{"b":"2"}}')
    kubectl("patch", "-n", fresh, "cm", "settings", "--type=merge", "-p", '{"data":{"a":null}}')
    kubectl("patch", "-n", fresh, "cm", "settings", "--type=json", "-p", '[{"op":"add","path":"/data/c","value":"3"}]')
    kubectl("edit", "-n", fresh, "cm", "settings", KUBE_EDITOR="sed -i s/front/back/")
    found = json.loads(kubectl("get", "-n", fresh, "cm", "settings", "-o", "json").stdout)
    assert found["data"] == {"b": "2", "c": "3"}
    assert (found["metadata"]["labels"], found["metadata"]["annotations"]) == ({"tier": "back"}, {"note": "x"})
    assert kubectl("get", "-n", fresh, "cm", "-l", "tier=back", "-o", "name").stdout == "configmap/settings\n"


def test_waiting_and_deleting(kubectl: Kubectl, fresh: str) -> None:
    kubectl("create", "-n", fresh, "-f", "-", stdin=yaml_of(a_deployment("web", replicas=2)))
    kubectl("wait", "-n", fresh, "--for=condition=Available", "deployment/web", "--timeout=10s")
    kubectl("set", "image", "-n", fresh, "deployment/web", "main=web:2")
    kubectl("rollout", "status", "-n", fresh, "deployment/web")
    kubectl("rollout", "undo", "-n", fresh, "deployment/web")
    kubectl("rollout", "status", "-n", fresh, "deployment/web")
    assert "web:1" in kubectl("get", "-n", fresh, "deploy", "web", "-o", "wide").stdout
    assert "deleted" in kubectl("delete", "-n", fresh, "deployment/web", "--timeout=10s").stdout
    kubectl("wait", "-n", fresh, "--for=delete", "pods", "--all", "--timeout=10s")
    assert kubectl("get", "all", "-n", fresh).stderr.startswith("No resources found")
    kubectl("delete", "namespace", fresh, "--timeout=10s")


def test_a_kind_of_ones_own(kubectl: Kubectl, fresh: str) -> None:
    columns = [{"name": "Sails", "type": "integer", "jsonPath": ".spec.sails"}]
    boat = {"apiVersion": "example.org/v1", "kind": "Boat", "metadata": {"name": "a"}, "spec": {"sails": 3}}
    crd = a_crd("boats", "Boat", additionalPrinterColumns=columns)
    kubectl("apply", "-f", "-", stdin=yaml_of(crd))
    kubectl("wait", "--for=condition=Established", "crd/boats.example.org", "--timeout=10s")
    kubectl("apply", "-n", fresh, "-f", "-", stdin=yaml_of(boat))
    assert kubectl("get", "-n", fresh, "bo").stdout.split() == ["NAME", "SAILS", "a", "3"]
    assert "boats" in kubectl("api-resources", "--api-group=example.org").stdout
    assert kubectl("apply", "-n", fresh, "-f", "-", stdin=yaml_of(boat)).stdout == "boat.example.org/a unchanged\n"


def test_bad_input_is_named(kubectl: Kubectl, fresh: str) -> None:
    unknown = a_deployment("web", replica=2)
    refused = kubectl("apply", "-n", fresh, "-f", "-", stdin=yaml_of(unknown), code=1)
    assert 'strict decoding error: unknown field "spec.replica"' in refused.stderr
    bad = a_config_map("Bad_Name")
    assert (
        'The ConfigMap "Bad_Name" is invalid: metadata.name'
        in kubectl("create", "-f", "-", stdin=yaml_of(bad), code=1).stderr
    )
    assert 'configmaps "none" not found' in kubectl("get", "cm", "none", code=1).stderr
    assert "the server doesn't have a resource type" in kubectl("get", "nothings", code=1).stderr


def test_a_watch_shows_rows_as_they_change(kubectl: Kubectl, fresh: str) -> None:
    kubectl("create", "-n", fresh, "-f", "-", stdin=yaml_of(a_deployment("web")))
    seen = kubectl("get", "-n", fresh, "deploy", "-w", "--request-timeout=2s").stdout.splitlines()
    assert seen[0].startswith("NAME")
    assert seen[-1].split()[:2] == ["web", "1/1"]


def test_objects_that_kubectl_builds_itself(kubectl: Kubectl, fresh: str) -> None:
    """It sends these as protobuf."""
    space = ("-n", fresh)
    kubectl("create", "namespace", "built-by-kubectl")
    kubectl("create", *space, "configmap", "settings", "--from-literal=a=b")
    kubectl("create", *space, "secret", "generic", "key", "--from-literal=password=x")
    kubectl("create", *space, "deployment", "web", "--image=web:1", "--replicas=0", "--port=80")
    kubectl("create", *space, "service", "clusterip", "web", "--tcp=80:8080")
    kubectl("create", *space, "job", "once", "--image=task:1", "--", "true")
    kubectl("create", *space, "cronjob", "often", "--image=task:1", "--schedule=0 0 1 1 *")
    kubectl("create", *space, "role", "reader", "--verb=get", "--resource=pods")
    kubectl("create", *space, "rolebinding", "reader", "--role=reader", "--user=me")
    kubectl("create", *space, "ingress", "web", "--rule=example.org/*=web:80")
    kubectl("create", *space, "poddisruptionbudget", "web", "--selector=app=web", "--min-available=50%")
    kubectl("create", *space, "quota", "few", "--hard=pods=10,cpu=1500m")
    kubectl("expose", *space, "deployment", "web", "--name=exposed", "--target-port=http")
    assert "token" in kubectl("create", *space, "token", "default", "-o", "json").stdout
    listed = json.loads(
        kubectl("get", *space, "deploy/web", "cm/settings", "secret/key", "svc/web", "-o", "json").stdout
    )
    web, settings, key, service = listed["items"]
    assert (web["spec"]["replicas"], settings["data"], key["data"]) == (0, {"a": "b"}, {"password": "eA=="})
    assert web["spec"]["template"]["spec"]["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert [(port["port"], port["targetPort"]) for port in service["spec"]["ports"]] == [(80, 8080)]
    found = json.loads(kubectl("get", *space, "quota/few", "pdb/web", "-o", "json").stdout)["items"]
    assert found[0]["spec"]["hard"] == {"cpu": "1500m", "pods": "10"}
    assert found[1]["spec"]["minAvailable"] == "50%"
    kubectl("wait", *space, "--for=condition=complete", "job/once", "--timeout=10s")
    kubectl("run", *space, "shell", "--image=shell:1", "--restart=Never", "--", "sleep", "1")


def test_questions_about_the_api(kubectl: Kubectl) -> None:
    assert "yes" in kubectl("auth", "can-i", "create", "pods").stdout
    assert "sandbox" in kubectl("auth", "whoami").stdout
    assert "Server Version: v1.36" in kubectl("version").stdout
    assert "FIELD: replicas <integer>" in kubectl("explain", "deployment.spec.replicas").stdout
    assert "apps/v1" in kubectl("api-versions").stdout
    assert "sandbox" in kubectl("get", "nodes").stdout
