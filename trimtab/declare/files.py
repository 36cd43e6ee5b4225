"""The files that a declaration is made into: base, overlay of one environment, Application, Namespace.

The base holds what environments have in common. What an environment has besides is in its overlay: the difference to
the declaration that the base was made from, whichever environment that was.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from trimtab.declare.declaration import Declaration
from trimtab.declare.difference import difference
from trimtab.declare.objects import (
    application,
    base_objects,
    full_objects,
    image_name,
    image_version,
    ingress,
    namespace,
)
from trimtab.declare.place import Place, base_of, layout_of
from trimtab.model.keys import Manifest
from trimtab.model.names import RESOURCES_FINALIZER

Dump = Callable[[Any], str]
"""A JSON value → YAML."""
Files = Mapping[str, str]
"""Path from the repository's root → text."""
KUSTOMIZATION = "kustomization.yaml"
HEAD = """\
# Made by `trimtab apply application`. Change what you like: your lines are
# kept when it is made anew.
"""


def base_files(declared: Declaration, place: Place, dump: Dump) -> Files:
    """What all environments share. It depends on nothing of the environment but the folder."""
    folder = base_of(declared.name, place)
    objects = {_file(one, declared): one for one in base_objects(declared)}
    files = {f"{folder}/{name}": dump(one) for name, one in objects.items()}
    return {f"{folder}/{KUSTOMIZATION}": HEAD + dump(_kustomization(resources=list(objects))), **files}


def environment_files(declared: Declaration, place: Place, dump: Dump, *, base: Declaration) -> Files:
    """The overlay and the Application; `base`: what the base was made from."""
    layout = layout_of(declared, place)
    added, patches = _overlay(declared, base=base)
    if declared.host:
        added["ingress.yaml"] = ingress(declared, place)
    kustomization = _kustomization(
        namespace=declared.namespace,
        resources=["../../base", *added],
        images=[_image(declared, base=base)],
        replicas=[{"name": declared.name, "count": declared.replicas}],
        patches=[{"path": name} for name in patches],
    )
    made = {f"{layout.overlay}/{name}": dump(one) for name, one in {**added, **patches}.items()}
    return {
        f"{layout.overlay}/{KUSTOMIZATION}": HEAD + dump(kustomization),
        **made,
        layout.application: application_text(declared, place, dump),
    }


def application_text(declared: Declaration, place: Place, dump: Dump, *, cascade: bool = False) -> str:
    """The Application; with `cascade`, its objects are deleted with it."""
    made = application(declared, place, path=layout_of(declared, place).overlay)
    if cascade:
        made["metadata"]["finalizers"] = [RESOURCES_FINALIZER]
    return HEAD + dump(made)


def namespace_text(declared: Declaration, dump: Dump) -> str:
    return dump(namespace(declared))


def _overlay(declared: Declaration, *, base: Declaration) -> tuple[dict[str, Manifest], dict[str, Manifest]]:
    """By file: (objects that the base has not, patches for those that it has)."""
    before = {_file(one, base): one for one in base_objects(base)}
    after = {_file(one, declared): one for one in _with_image_of(base, full_objects(declared))}
    added = {name: one for name, one in after.items() if name not in before}
    patches = {
        _patch_file(name): {**_head(one), "$patch": "delete"} for name, one in before.items() if name not in after
    }
    for name, one in after.items():
        if name in before and (changed := difference(before[name], one)):
            metadata = {**_head(one)["metadata"], **changed.pop("metadata", {})}
            patches[_patch_file(name)] = {**_head(one), "metadata": metadata, **changed}
    return added, patches


def _with_image_of(base: Declaration, objects: Iterable[Manifest]) -> list[Manifest]:
    """The Deployment with the image's name as the base has it: `images` of the kustomization says the rest."""
    deployment, *others = objects
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = image_name(base.image)
    return [deployment, *others]


def _image(declared: Declaration, *, base: Declaration) -> dict[str, str]:
    old, new = image_name(base.image), image_name(declared.image)
    return {"name": old, **({"newName": new} if new != old else {}), **image_version(declared.image)}


def _head(manifest: Manifest) -> Manifest:
    return {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "metadata": {"name": manifest["metadata"]["name"]},
    }


def _file(manifest: Manifest, declared: Declaration) -> str:
    """`deployment.yaml`, `volume-data.yaml`."""
    if manifest["kind"] == "PersistentVolumeClaim":
        return f"volume-{manifest['metadata']['name'].removeprefix(f'{declared.name}-')}.yaml"
    return f"{manifest['kind'].lower()}.yaml"


def _patch_file(name: str) -> str:
    return f"patch-{name}"


def _kustomization(**parts: Any) -> Manifest:
    """Its parts in their order, without empty ones."""
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    return {**head, **{name: part for name, part in parts.items() if part}}
