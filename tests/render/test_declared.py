"""What `trimtab apply application` writes, built by kubectl: base and overlay together are what was declared."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import hypothesis

from tests.unit.declare.builders import Memory, a_place, declarations
from tests.unit.declare.test_difference import ordered
from trimtab.declare.declaration import Declaration
from trimtab.declare.objects import full_objects, image_name, ingress
from trimtab.model.keys import Manifest
from trimtab.render.kustomize import kubectl_path
from trimtab.render.yaml import load_all

PRODUCTION, STAGING = a_place(ingress_class="nginx", issuer="letsencrypt"), a_place("staging", ingress_class="alb")
FEW = hypothesis.settings(
    max_examples=10,
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    derandomize=True,
    phases=[hypothesis.Phase.generate],
)


def built(memory: Memory, environment: str) -> list[Manifest]:
    """The objects of an environment, as kubectl makes them."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in memory.files.items():
            file = Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        overlay = Path(folder) / f"infra/applications/web/overlays/{environment}"
        done = subprocess.run(
            [kubectl_path(), "kustomize", str(overlay)], capture_output=True, check=False, env={"HOME": folder}
        )
    assert done.returncode == 0, done.stderr.decode()
    return [document.value for document in load_all(done.stdout, origin="built")]


def declared_objects(declared: Declaration, objects: list[Manifest]) -> list[Any]:
    """Those objects in their namespace, the Deployment with its replicas and its image."""
    for one in objects:
        one["metadata"]["namespace"] = declared.namespace
    deployment = objects[0]
    deployment["spec"]["replicas"] = declared.replicas
    version = declared.image.removeprefix(image_name(declared.image))
    image = image_name(declared.image) + (f"@{version.partition('@')[2]}" if "@" in version else version)
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return sorted((ordered(one) for one in objects), key=json.dumps)


@hypothesis.given(first=declarations(), second=declarations(), third=declarations())
@FEW
def test_base_and_overlay_are_what_was_declared(first: Declaration, second: Declaration, third: Declaration) -> None:
    memory = Memory()
    memory.apply(first, PRODUCTION)
    memory.apply(second, STAGING)
    memory.apply(third, PRODUCTION)
    for declared, place in ((third, PRODUCTION), (second, STAGING)):
        more = [ingress(declared, place)] if declared.host else []
        expected = declared_objects(declared, [*full_objects(declared), *more])
        found = sorted((ordered(one) for one in built(memory, place.environment)), key=json.dumps)
        assert found == expected
