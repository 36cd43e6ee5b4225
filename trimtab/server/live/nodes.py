"""The tree of an application's objects, as it goes over the wire."""

from msgspec import field

from trimtab.model.application import Health
from trimtab.model.part import Part


class ResourceRef(Part, frozen=True):
    group: str = ""
    version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class InfoItem(Part, frozen=True):
    """What people see at a node. `value` is there even where it is empty."""

    name: str
    value: str


class PortStatus(Part, frozen=True):
    port: int = 0
    protocol: str = ""
    error: str = ""


class LoadBalancerIngress(Part, frozen=True):
    ip: str = ""
    hostname: str = ""
    ip_mode: str = ""
    ports: tuple[PortStatus, ...] = ()


class NetworkingInfo(Part, frozen=True):
    """`labels`: a Pod's; `target_labels`: which Pods a Service leads to; `target_refs`: where an Ingress leads to."""

    target_labels: dict[str, str] = {}
    target_refs: tuple[ResourceRef, ...] = ()
    labels: dict[str, str] = {}
    ingress: tuple[LoadBalancerIngress, ...] = ()
    external_urls: tuple[str, ...] = field(default=(), name="externalURLs")


class ResourceNode(Part, frozen=True):
    """One object. An object that is declared and does not exist has no uid."""

    group: str = ""
    version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    parent_refs: tuple[ResourceRef, ...] = ()
    info: tuple[InfoItem, ...] = ()
    networking_info: NetworkingInfo | None = None
    resource_version: str = ""
    images: tuple[str, ...] = ()
    health: Health | None = None
    created_at: str | None = None


class SystemInfo(Part, frozen=True, omit_defaults=False):
    """A Node's `status.nodeInfo`. All is there, even where it is empty."""

    machine_id: str = field(default="", name="machineID")
    system_uuid: str = field(default="", name="systemUUID")
    boot_id: str = field(default="", name="bootID")
    kernel_version: str = ""
    os_image: str = ""
    container_runtime_version: str = ""
    kubelet_version: str = ""
    kube_proxy_version: str = ""
    operating_system: str = ""
    architecture: str = ""


class HostResource(Part, frozen=True):
    """In thousandths of the unit: of a core, of a byte."""

    resource_name: str
    requested_by_app: int = 0
    requested_by_neighbors: int = 0
    capacity: int = 0


class Host(Part, frozen=True):
    """A Node that Pods of the application run on."""

    name: str
    resources_info: tuple[HostResource, ...] = ()
    system_info: SystemInfo = SystemInfo()
    labels: dict[str, str] = {}


class ApplicationTree(Part, frozen=True):
    """All objects of an application and what they own. `orphaned_nodes`: nobody's, where the project asks for them."""

    nodes: tuple[ResourceNode, ...] = ()
    orphaned_nodes: tuple[ResourceNode, ...] = ()
    hosts: tuple[Host, ...] = ()
    shards_count: int = 0
