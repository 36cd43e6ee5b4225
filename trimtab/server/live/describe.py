"""From a live object to its node in the tree, and to what connects it with others. Pure."""

from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from trimtab.compare.images import images_of
from trimtab.health.assess import assess
from trimtab.health.read import at, items, text
from trimtab.live.tree import Kin
from trimtab.model.application import Health
from trimtab.model.keys import Kind, Manifest, ObjectKey, annotations_of, key_of, kind_of
from trimtab.model.observed import OwnerReference
from trimtab.model.tracking import owner_of
from trimtab.server.live.nodes import (
    InfoItem,
    LoadBalancerIngress,
    NetworkingInfo,
    ResourceNode,
    ResourceRef,
)
from trimtab.server.live.pods import Requests, requests_of, state_of

REVISION = "deployment.kubernetes.io/revision"
LINK = "link.argocd.argoproj.io/"


class Seen(Struct, frozen=True):
    """One live object. `node` is as if it had no parents. `host`: where a Pod runs. `tracked`: to any application."""

    kin: Kin
    node: ResourceNode
    tracked: bool = False
    host: str = ""
    requests: Requests = Requests()


class _Details(Struct, frozen=True):
    info: tuple[InfoItem, ...] = ()
    networking: NetworkingInfo | None = None
    images: tuple[str, ...] = ()


def seen(manifest: Manifest, *, kind: Kind | None = None, labels: Iterable[str] = ()) -> Seen:
    """What a tree has to know of `manifest`. `kind`: where the manifest is but its metadata.

    `labels`: the labels whose values are shown (`resource.customLabels`).
    """
    whole = kind is None
    kind = kind or kind_of(manifest)
    key = replace(key_of(manifest), group=kind.group, kind=kind.kind)
    details = _details(manifest, key) if whole else _Details()
    custom = [InfoItem(name=name, value=text(manifest, "metadata", "labels", name)) for name in labels]
    node = ResourceNode(
        group=key.group,
        version=kind.version,
        kind=key.kind,
        namespace=key.namespace,
        name=key.name,
        uid=text(manifest, "metadata", "uid"),
        info=(*details.info, *(item for item in custom if item.value)),
        networking_info=_with_links(details.networking, manifest),
        resource_version=text(manifest, "metadata", "resourceVersion"),
        images=details.images,
        health=assess(manifest) if whole else None,
        created_at=text(manifest, "metadata", "creationTimestamp") or None,
    )
    is_pod = (key.group, key.kind) == ("", "Pod") and whole
    return Seen(
        kin=Kin(key=key, uid=node.uid, owners=_owners(manifest), claims=_claims(manifest, key) if whole else ()),
        node=node,
        tracked=bool(owner_of(key, annotations_of(manifest))),
        host=text(manifest, "spec", "nodeName") if is_pod else "",
        requests=requests_of(manifest) if is_pod else Requests(),
    )


def missing(*, kind: Kind, key: ObjectKey) -> ResourceNode:
    """The node of an object that is declared and does not exist."""
    return ResourceNode(
        group=key.group,
        version=kind.version,
        kind=key.kind,
        namespace=key.namespace,
        name=key.name,
        health=Health(status="Missing"),
    )


def parent_ref(owner: OwnerReference, namespace: str) -> ResourceRef:
    """The owner that an ownerReference names, in the words of the tree."""
    group, _, version = owner.api_version.rpartition("/")
    return ResourceRef(
        group=group, version=version, kind=owner.kind, namespace=namespace, name=owner.name, uid=owner.uid
    )


def _owners(manifest: Manifest) -> tuple[OwnerReference, ...]:
    try:
        return msgspec.convert(items(manifest, "metadata", "ownerReferences"), tuple[OwnerReference, ...])
    except msgspec.ValidationError:
        return ()


def _claims(manifest: Manifest, key: ObjectKey) -> tuple[str, ...]:
    if (key.group, key.kind) != ("apps", "StatefulSet"):
        return ()
    templates = items(manifest, "spec", "volumeClaimTemplates")
    return tuple(f"{text(one, 'metadata', 'name')}-{key.name}-" for one in templates)


def _details(manifest: Manifest, key: ObjectKey) -> _Details:
    describe = _DESCRIBED.get((key.group, key.kind))
    return describe(manifest) if describe else _Details()


def _pod(manifest: Manifest) -> _Details:
    state, requests = state_of(manifest), requests_of(manifest)
    shown = {
        "Status Reason": state.reason,
        "Node": text(manifest, "spec", "nodeName"),
        "Containers": f"{state.ready}/{state.total}",
        "Restart Count": str(state.restarts) if state.restarts else "",
        "cpu": str(requests.cpu),
        "memory": str(requests.memory),
    }
    return _Details(
        info=tuple(InfoItem(name=name, value=value) for name, value in shown.items() if value),
        networking=NetworkingInfo(labels=_strings(at(manifest, "metadata", "labels"))),
        images=images_of(manifest),
    )


def _service(manifest: Manifest) -> _Details:
    selector, ingress = _strings(at(manifest, "spec", "selector")), _ingress(manifest)
    return _Details(networking=NetworkingInfo(target_labels=selector, ingress=ingress))


def _revision(manifest: Manifest) -> _Details:
    revision = annotations_of(manifest).get(REVISION, "")
    return _Details(info=(InfoItem(name="Revision", value=f"Rev:{revision}"),) if revision else ())


def _ingress_kind(manifest: Manifest) -> _Details:
    ingress, namespace = _ingress(manifest), text(manifest, "metadata", "namespace")
    paths = [path for rule in items(manifest, "spec", "rules") for path in items(rule, "http", "paths")]
    names = [text(manifest, "spec", "defaultBackend", "service", "name")]
    names += [text(path, "backend", "service", "name") for path in paths]
    refs = tuple(ResourceRef(kind="Service", namespace=namespace, name=name) for name in dict.fromkeys(names) if name)
    urls = dict.fromkeys(_urls(manifest, ingress))
    return _Details(networking=NetworkingInfo(target_refs=refs, ingress=ingress, external_urls=tuple(sorted(urls))))


def _urls(manifest: Manifest, ingress: tuple[LoadBalancerIngress, ...]) -> Iterable[str]:
    """Where an Ingress can be reached: its hosts and paths, by the load balancer's name where it names no host."""
    tls = items(manifest, "spec", "tls")
    secure = {str(host) for one in tls for host in _list(one.get("hosts"))}
    everything = bool(tls) and not secure
    for rule in items(manifest, "spec", "rules"):
        named = text(rule, "host")
        hosts = [named] if named else [one.hostname or one.ip for one in ingress]
        for host in hosts:
            scheme = "https" if everything or host in secure else "http"
            for path in items(rule, "http", "paths") or [{}]:
                yield f"{scheme}://{host}{_plain(text(path, 'path'))}"


def _plain(path: str) -> str:
    """The part of a path that can be visited: a pattern ends it; the root is no path."""
    return path.partition("*")[0].rstrip("/") if path.startswith("/") else ""


def _ingress(manifest: Manifest) -> tuple[LoadBalancerIngress, ...]:
    try:
        return msgspec.convert(items(manifest, "status", "loadBalancer", "ingress"), tuple[LoadBalancerIngress, ...])
    except msgspec.ValidationError:
        return ()


def _with_links(networking: NetworkingInfo | None, manifest: Manifest) -> NetworkingInfo | None:
    """The links that the object's annotations name; only those that a browser opens harmlessly."""
    links = [value for name, value in annotations_of(manifest).items() if name.startswith(LINK)]
    urls = [url for url in links if _target(url).startswith(("http://", "https://"))]
    if not urls:
        return networking
    known = networking or NetworkingInfo()
    return replace(known, external_urls=tuple(sorted({*known.external_urls, *urls})))


def _target(link: object) -> str:
    """`Title|https://…` is a link with a title."""
    return str(link).rpartition("|")[2].strip().lower()


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _strings(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {name: held for name, held in value.items() if isinstance(held, str)}


Describe = Callable[[Manifest], _Details]
_DESCRIBED: Mapping[tuple[str, str], Describe] = {
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("apps", "Deployment"): _revision,
    ("apps", "ReplicaSet"): _revision,
    ("networking.k8s.io", "Ingress"): _ingress_kind,
    ("extensions", "Ingress"): _ingress_kind,
}
