"""Running versus declared versions."""

from typing import Any

import pytest

from trimtab.environment.findings.finding import Finding
from trimtab.environment.findings.versions import judge_deployment, judge_server
from trimtab.model.keys import Manifest

IMAGE = "registry.example/trimtab:1"


def deployment(*, replicas: int = 2, image: str = IMAGE, available: int = 2, updated: int = 2) -> Manifest:
    template = {"spec": {"containers": [{"name": "trimtab", "image": image}]}}
    status = {"availableReplicas": available, "updatedReplicas": updated}
    return {"spec": {"replicas": replicas, "template": template}, "status": status}


def pod(image: str, **metadata: Any) -> Manifest:
    status = {"phase": "Running", "containerStatuses": [{"image": IMAGE, "imageID": image}]}
    return {"metadata": metadata, "status": status}


def judged(found: Manifest, *pods: Manifest, image: str = IMAGE, replicas: int = 2) -> list[Finding]:
    return judge_deployment({"trimtab": found}, pods, image=image, replicas=replicas)


def test_as_declared() -> None:
    found = judged(deployment(), pod("sha256:a"), pod("sha256:a"), pod("sha256:b", deletionTimestamp="x"))
    assert {one.level for one in found} == {"ok"}
    assert IMAGE in found[0].message


@pytest.mark.parametrize(
    ("running", "pods", "level", "words"),
    [
        (deployment(image="other"), (), "warning", "runs image other, declared is"),
        (deployment(available=0), (), "error", "none of 2 replicas"),
        (deployment(available=1), (), "warning", "1 of 2 replicas"),
        (deployment(updated=1), (), "warning", "different images"),
        (deployment(), (pod("sha256:a"), pod("sha256:b")), "warning", "sha256:a, sha256:b"),
        (deployment(replicas=3, available=3, updated=3), (), "warning", "3 replicas, declared are 2"),
    ],
)
def test_otherwise(running: Manifest, pods: tuple[Manifest, ...], level: str, words: str) -> None:
    (found,) = [one for one in judged(running, *pods) if one.level != "ok"]
    assert (found.level, words in found.message, bool(found.fix)) == (level, True, True), found.message


def test_no_image_is_declared() -> None:
    assert {one.level for one in judged(deployment(image="any"), image="")} == {"ok"}


def test_no_deployment() -> None:
    (missing,) = judge_deployment({}, (), image="", replicas=2)
    assert (missing.level, "setup" in missing.fix) == ("error", True)
    (upstream,) = judge_deployment({"argocd-server": deployment(image="argocd:v3")}, (), image="", replicas=2)
    assert (upstream.level, "argocd:v3" in upstream.message) == ("ok", True)


@pytest.mark.parametrize(
    ("told", "level"), [("v3.5.1+trimtab.0.1.0", "ok"), ("v3.5.1+trimtab.0.2.0", "warning"), ("v3.5.1", "ok")]
)
def test_the_server(told: str, level: str) -> None:
    found = judge_server("https://a", told, expected="0.1.0")
    assert (found.level, bool(found.fix)) == (level, level != "ok")
