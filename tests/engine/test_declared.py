"""What `trimtab apply application` writes is deployed: from the two app-of-apps folders to the objects."""

import msgspec
from msgspec.structs import replace

from tests.engine.world import Scene, at, until
from tests.unit.declare.builders import Memory, a_declaration, a_place
from trimtab.declare.declaration import Declaration, SecretKey, Volume
from trimtab.declare.place import Place
from trimtab.environment.environment import Environment
from trimtab.environment.objects import root_applications
from trimtab.model.keys import Manifest
from trimtab.model.names import REFRESH


def place_in(scene: Scene) -> Place:
    return a_place(repository=scene.repo.url, namespace=scene.control, ingress_class="nginx")


def roots_in(scene: Scene, place: Place) -> list[Manifest]:
    """The two Applications that set-up makes, of this scene's repository."""
    env = msgspec.convert(
        {
            "apiVersion": "trimtab.dev/v1alpha1",
            "kind": "Environment",
            "name": place.environment,
            "domain": "acme.example",
            "organization": "acme",
            "repository": "infrastructure",
            "folder": place.folder,
            "install": {"namespace": scene.control},
        },
        Environment,
    )
    roots = root_applications(env)
    for root in roots:
        root["spec"]["source"]["repoURL"] = place.repository
    return roots


def declared_in(scene: Scene) -> Declaration:
    return a_declaration(
        namespace=scene.place,
        replicas=2,
        host=f"{scene.place}.acme.example",
        env={"LOG_LEVEL": "info", "TOKEN": SecretKey("web", "token")},
        volumes=(Volume(name="data", path="/data", size="1Gi", access="ReadWriteMany"),),
    )


async def test_what_is_declared_is_deployed(scene: Scene) -> None:
    place, memory = place_in(scene), Memory()
    memory.apply(declared_in(scene), place)
    scene.repo.commit(memory.files)
    for root in roots_in(scene, place):
        await scene.create(root)
    deployment = await scene.there("apps/Deployment", "web")
    container = at(deployment, "spec.template.spec.containers")[0]
    assert (container["image"], at(deployment, "spec.replicas")) == ("ghcr.io/acme/web:1.0.0", 2)
    assert [one["name"] for one in container["env"]] == ["LOG_LEVEL", "TOKEN"]
    for kind, name in (("Service", "web"), ("networking.k8s.io/Ingress", "web"), ("PersistentVolumeClaim", "web-data")):
        assert await scene.there(kind, name)


async def test_an_application_that_is_taken_out_leaves_its_objects_and_its_namespace(scene: Scene) -> None:
    place, memory = place_in(scene), Memory()
    for name in ("web", "api"):
        memory.apply(replace(declared_in(scene), name=name), place)
    scene.repo.commit(memory.files)
    for root in roots_in(scene, place):
        await scene.create(root)
    await scene.there("apps/Deployment", "web")
    memory.remove("web", place)
    scene.repo.commit({**dict.fromkeys(["infra"]), **memory.files})
    await scene.patch(
        "Application",
        "production-applications",
        {"metadata": {"annotations": {REFRESH: "normal"}}},
        namespace=scene.control,
    )
    await until(lambda: scene.get("Application", "web", namespace=scene.control), _going)
    assert {"web", "api"} <= await scene.names("apps/Deployment")
    assert await scene.get("Application", "api", namespace=scene.control)
    assert not _going(await scene.get("Namespace", scene.place))
    assert not _going(await scene.get("apps/Deployment", "web"))


def _going(seen: Manifest | None) -> bool:
    """Gone, or about to: Kubernetes' garbage collector may take its time."""
    return seen is None or "deletionTimestamp" in seen["metadata"]
