"""What the Ingress objects of one class ask for, decided: one site for each host, or why an object cannot be served.

Facts: kubernetes.io/docs/concepts/services-networking/ingress, and the annotations of ingress-nginx.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from trimtab.kube.credentials import ClientCertificate
from trimtab.model.keys import ObjectKey

GROUP = "networking.k8s.io"
CLASS_ANNOTATION = "kubernetes.io/ingress.class"
PREFIX = "nginx.ingress.kubernetes.io/"
HOST = re.compile(r"(\*\.)?([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
PATH = re.compile(r"/[A-Za-z0-9/_.~-]*")
ADDRESS = re.compile(r"[\w.-]+:\d{1,5}")

Addresses = Mapping[tuple[str, str, str], str]
"""Namespace, Service and port (its name, or its number) → `127.0.0.1:PORT`: there are no pod networks here."""


class Options(Struct, frozen=True):
    """What annotations say of a site."""

    redirect: bool = True
    scheme: str = "http"
    body_size: str = "1m"


class Location(Struct, frozen=True):
    """Where a path goes; `address` "": nowhere, the answer is 503."""

    path: str
    exact: bool
    address: str
    options: Options


class Site(Struct, frozen=True):
    """A host. `tls`: it is served over TLS, with `certificate` or, where that is None, with one that nobody trusts."""

    host: str
    locations: tuple[Location, ...]
    tls: bool
    certificate: ClientCertificate | None

    @property
    def redirect(self) -> bool:
        """Does plain HTTP lead to HTTPS?"""
        return self.tls and any(location.options.redirect for location in self.locations)


class Port(Struct):
    name: str = ""
    number: int = 0


class ServiceName(Struct):
    name: str
    port: Port


class Backend(Struct):
    service: ServiceName | None = None


class Path(Struct, rename="camel"):
    path_type: str
    backend: Backend
    path: str = "/"


class Http(Struct):
    paths: tuple[Path, ...] = ()


class Rule(Struct):
    host: str = ""
    http: Http | None = None


class TlsSpec(Struct, rename="camel"):
    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class Spec(Struct, rename="camel"):
    ingress_class_name: str = ""
    rules: tuple[Rule, ...] = ()
    tls: tuple[TlsSpec, ...] = ()


class Meta(Struct, rename="camel"):
    name: str
    namespace: str
    creation_timestamp: str = ""
    annotations: dict[str, str] | None = None


class Status(Struct, rename="camel"):
    load_balancer: dict[str, Any] | None = None


class Ingress(Struct):
    """The part of an Ingress that is read here."""

    metadata: Meta
    spec: Spec
    status: Status = msgspec.field(default_factory=Status)

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(GROUP, "Ingress", self.metadata.namespace, self.metadata.name)

    @property
    def annotations(self) -> Mapping[str, str]:
        return self.metadata.annotations or {}

    @property
    def class_name(self) -> str:
        return self.spec.ingress_class_name or self.annotations.get(CLASS_ANNOTATION, "")


class Seen(Struct, frozen=True):
    """What there is besides, by namespace and name: the ports (name → number) of Services, the key pairs in Secrets."""

    services: Mapping[tuple[str, str], Mapping[str, int]]
    secrets: Mapping[tuple[str, str], ClientCertificate]
    addresses: Addresses


class Decided(Struct, frozen=True):
    """`sites` of one Ingress; `problem`: what is wrong with it, "" for nothing. With one, there may be no sites."""

    sites: tuple[Site, ...] = ()
    problem: str = ""


def decide(ingress: Ingress, seen: Seen) -> Decided:
    """What one Ingress asks for."""
    try:
        options = _options(ingress.annotations)
        sites = tuple(_site(ingress, rule, options, seen) for rule in ingress.spec.rules)
    except ValueError as error:
        return Decided(problem=str(error))
    return Decided(sites, "; ".join(dict.fromkeys(_gaps(ingress, sites))))


def merge(asked: Mapping[ObjectKey, Iterable[Site]]) -> tuple[tuple[Site, ...], dict[ObjectKey, str]]:
    """One site for each host: of two that give the same path, the first counts. Also who was passed over, and where."""
    merged: dict[str, Site] = {}
    passed: dict[ObjectKey, str] = {}
    for key, site in ((key, site) for key, sites in asked.items() for site in sites):
        there = merged.get(site.host, Site(site.host, (), tls=False, certificate=None))
        taken = {(location.path, location.exact) for location in there.locations}
        more = tuple(one for one in site.locations if (one.path, one.exact) not in taken)
        if twice := [f"{site.host}{one.path}" for one in site.locations if one not in more]:
            passed[key] = f"{', '.join(twice)}: an older Ingress serves this already"
        first = there if there.tls or not site.tls else site
        merged[site.host] = Site(site.host, there.locations + more, first.tls, first.certificate)
    return tuple(merged.values()), passed


def _site(ingress: Ingress, rule: Rule, options: Options, seen: Seen) -> Site:
    if not HOST.fullmatch(rule.host):
        raise ValueError(f"host {rule.host!r} is no host name; give one in each rule")
    namespace = ingress.metadata.namespace
    paths = rule.http.paths if rule.http else ()
    locations = tuple(_location(path, namespace, options, seen) for path in paths)
    secrets = [tls.secret_name for tls in ingress.spec.tls if rule.host in tls.hosts]
    certificate = seen.secrets.get((namespace, secrets[0])) if secrets else None
    return Site(rule.host, locations, bool(secrets), certificate)


def _location(path: Path, namespace: str, options: Options, seen: Seen) -> Location:
    if not PATH.fullmatch(path.path):
        raise ValueError(f"path {path.path!r} is none that can be served; begin with / and use letters, digits, /_.~-")
    return Location(path.path, path.path_type == "Exact", _address(path.backend, namespace, seen), options)


def _address(backend: Backend, namespace: str, seen: Seen) -> str:
    """Only what the Service has leads on: a port that it lacks is as good as no Service."""
    if not (service := backend.service):
        return ""
    for name, number in seen.services.get((namespace, service.name), {}).items():
        if service.port.name == name if service.port.name else service.port.number == number:
            found = (seen.addresses.get((namespace, service.name, port)) for port in (name, str(number)))
            return next((address for address in found if address and ADDRESS.fullmatch(address)), "")
    return ""


def _options(annotations: Mapping[str, str]) -> Options:
    redirect = _choice(annotations, "ssl-redirect", ("true", "false"))
    forced = _choice(annotations, "force-ssl-redirect", ("true", "false"))
    scheme = _choice(annotations, "backend-protocol", ("HTTP", "HTTPS"))
    size = annotations.get(PREFIX + "proxy-body-size", "1m")
    if not re.fullmatch(r"\d{1,6}[kmgKMG]?", size):
        raise ValueError(f"annotation {PREFIX}proxy-body-size is {size!r}; give a size like 8m")
    return Options(redirect != "false" or forced == "true", (scheme or "HTTP").lower(), size)


def _choice(annotations: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = annotations.get(PREFIX + name, "")
    if value and value not in choices:
        raise ValueError(f"annotation {PREFIX}{name} is {value!r}; give {' or '.join(choices)}")
    return value


def _gaps(ingress: Ingress, sites: Iterable[Site]) -> Iterator[str]:
    """What does not keep it from being served, but is not as it should be."""
    for site in sites:
        if site.tls and site.certificate is None:
            names = [tls.secret_name for tls in ingress.spec.tls if site.host in tls.hosts]
            yield f"{site.host}: Secret {ingress.metadata.namespace}/{names[0]} holds no usable certificate and key"
        for location in site.locations:
            if not location.address:
                yield f"{site.host}{location.path}: its Service, or the port of it, is not there"
