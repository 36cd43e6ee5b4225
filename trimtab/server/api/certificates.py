"""/api/v1/certificates: whom we trust to be a Git server: CA bundles by host, and SSH host keys."""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from cryptography import x509
from msgspec import Struct

from trimtab.model.known_hosts import HostKey
from trimtab.server.api.config_maps import change_config_map
from trimtab.server.api.lists import ListMeta
from trimtab.server.call import Call
from trimtab.server.failures import Code, Failure, bad_request
from trimtab.server.operation import Body, Needs, Operation, Query
from trimtab.server.reply import Json

HOST_KEYS, HOST_KEYS_KEY = "argocd-ssh-known-hosts-cm", "ssh_known_hosts"
CERTIFICATES = "argocd-tls-certs-cm"
RESOURCE = "certificates"
HOST = re.compile(r"[A-Za-z0-9*?!\[][A-Za-z0-9*?.:_\[\]-]*")
KEY_TYPE = re.compile(r"[a-z0-9][a-zA-Z0-9@.-]*")
"""What ends a line, or begins another field of it, must not get into a file of known hosts."""
HASHED = "|1|"
"""A hashed host of a known_hosts line names nobody that could be listed or taken away by name."""


class CertificateQuery(Query, frozen=True):
    """`host_name_pattern` is a glob; `cert_type` is ssh or https; `cert_sub_type` a key's type (ssh-ed25519)."""

    host_name_pattern: str = ""
    cert_type: str = ""
    cert_sub_type: str = ""


class CreateQuery(Query, frozen=True):
    upsert: bool = False


class Certificate(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """`cert_data` is base64 of the key or of the PEM bundle; `cert_info` the key's fingerprint, or the CA's subject."""

    server_name: str
    cert_type: str = ""
    cert_sub_type: str = ""
    cert_data: str = ""
    cert_info: str = ""


class CertificateList(Struct, frozen=True):
    items: tuple[Certificate, ...] | None
    metadata: ListMeta = ListMeta()


class CreateRequest(Body, frozen=True):
    items: tuple[Certificate, ...] = ()
    metadata: ListMeta | None = None


async def list_certificates(call: Call[CertificateQuery, None]) -> Json:
    """Those that the caller may see, without their data."""
    may = call.judge(RESOURCE, "get")
    return Json(value=_listed(one for one in _known(call) if may(one.server_name) and _fits(one, call.query)))


async def create_certificates(call: Call[CreateQuery, CreateRequest]) -> Json:
    """Trust these too. What is there and differs is changed only with `upsert`."""
    for one in call.body.items:
        call.require(RESOURCE, "create", one.server_name)
    wanted = [_checked(one) for one in call.body.items]
    known = {_identity(one): one for one in _known(call)}
    for one in wanted:
        there = known.get(_identity(one))
        if there is not None and there.cert_data != one.cert_data and not call.query.upsert:
            raise Failure(Code.INVALID_ARGUMENT, f"{one.server_name} has another key or certificate; use upsert")
    call.judge(RESOURCE, "create")
    await _write(call, added=wanted, gone=())
    return Json(value=_listed(wanted))


async def delete_certificates(call: Call[CertificateQuery, None]) -> Json:
    """Trust these no longer. Without a pattern nothing is meant."""
    query = call.query
    call.require(RESOURCE, "delete", query.host_name_pattern)
    if not query.host_name_pattern:
        raise bad_request("hostNamePattern is missing: say which to delete")
    gone = [one for one in _known(call) if _fits(one, query)]
    for one in gone:
        # A pattern could reach around what is denied by name.
        call.require(RESOURCE, "delete", one.server_name)
    await _write(call, added=(), gone=gone)
    return Json(value=_listed(gone))


def _identity(one: Certificate) -> tuple[str, str, str]:
    return one.cert_type, one.server_name, one.cert_sub_type if one.cert_type == "ssh" else ""


def _listed(found: Iterable[Certificate]) -> CertificateList:
    shown = tuple(
        Certificate(
            server_name=one.server_name,
            cert_type=one.cert_type,
            cert_sub_type=one.cert_sub_type,
            cert_info=one.cert_info,
        )
        for one in found
    )
    return CertificateList(items=shown or None)


def _fits(one: Certificate, query: CertificateQuery) -> bool:
    return (
        fnmatchcase(one.server_name, query.host_name_pattern or "*")
        and query.cert_type in ("", one.cert_type)
        and query.cert_sub_type in ("", "*", one.cert_sub_type)
    )


def _known(call: Call[Any, Any]) -> list[Certificate]:
    configuration = call.served.configuration
    keys = configuration.config_map(HOST_KEYS).get(HOST_KEYS_KEY, "")
    return [*_host_keys(keys), *_bundles(configuration.config_map(CERTIFICATES))]


def _host_keys(text: str) -> Iterable[Certificate]:
    for line in text.splitlines():
        parts = line.split()
        if len(parts) >= 3 and not line.startswith(("#", "@", HASHED)):
            for host in parts[0].split(","):
                yield _ssh(host, parts[1], parts[2])


def _ssh(host: str, kind: str, data: str) -> Certificate:
    encoded = base64.b64encode(data.encode()).decode()
    return Certificate(
        server_name=host,
        cert_type="ssh",
        cert_sub_type=kind,
        cert_data=encoded,
        cert_info=HostKey(kind, data).fingerprint,
    )


def _bundles(data: Mapping[str, str]) -> Iterable[Certificate]:
    for host, pem in sorted(data.items()):
        encoded = base64.b64encode(pem.encode()).decode()
        yield Certificate(server_name=host, cert_type="https", cert_data=encoded, cert_info=_subject(pem))


def _subject(pem: str) -> str:
    try:
        return x509.load_pem_x509_certificates(pem.encode())[0].subject.rfc4514_string()
    except ValueError:
        return ""


def _checked(one: Certificate) -> Certificate:
    """What is to be trusted, if it is a key or a certificate at all."""
    try:
        text = base64.b64decode(one.cert_data, validate=True).decode().strip()
    except ValueError as error:
        raise bad_request(f"certData of {one.server_name} is not base64 of text") from error
    if not HOST.fullmatch(one.server_name):
        raise bad_request(f"serverName {one.server_name!r} is no host name")
    if one.cert_type == "ssh":
        return _checked_key(one, text)
    if one.cert_type == "https" and _subject(text):
        return Certificate(
            server_name=one.server_name, cert_type="https", cert_data=one.cert_data, cert_info=_subject(text)
        )
    raise bad_request(f"certificate of {one.server_name}: neither certType ssh nor https with a PEM certificate")


def _checked_key(one: Certificate, text: str) -> Certificate:
    kind = one.cert_sub_type
    if text.startswith(f"{kind} "):
        text = text.split()[1]
    if not KEY_TYPE.fullmatch(kind) or not HostKey(kind, text).fingerprint:
        raise bad_request(f"key of {one.server_name}: certSubType names its type, certData its key in base64")
    return _ssh(one.server_name, kind, text)


async def _write(call: Call[Any, Any], *, added: Sequence[Certificate], gone: Sequence[Certificate]) -> None:
    new_bundles = {one.server_name: _text(one) for one in added if one.cert_type == "https"}
    old_bundles = {one.server_name for one in gone if one.cert_type == "https"}

    def change_bundles(data: Mapping[str, str]) -> Mapping[str, str | None]:
        removed: dict[str, str | None] = {host: None for host in old_bundles if host in data}
        return {**removed, **{host: pem for host, pem in new_bundles.items() if data.get(host) != pem}}

    def change_keys(data: Mapping[str, str]) -> Mapping[str, str | None]:
        text = data.get(HOST_KEYS_KEY, "")
        keys = {_identity(one): one for one in _host_keys(text)}
        wanted = {name: one for name, one in keys.items() if name not in {_identity(one) for one in gone}}
        wanted |= {_identity(one): one for one in added if one.cert_type == "ssh"}
        return {} if wanted == keys else {HOST_KEYS_KEY: _known_hosts(text, wanted.values())}

    await change_config_map(call.served, CERTIFICATES, change_bundles)
    await change_config_map(call.served, HOST_KEYS, change_keys)


def _known_hosts(before: str, keys: Iterable[Certificate]) -> str:
    """The file with these keys; lines that are no keys of named hosts stay as they are."""
    kept = [line for line in before.splitlines() if not line.split() or line.startswith(("#", "@", HASHED))]
    lines = [*kept, *(f"{key.server_name} {key.cert_sub_type} {_text(key)}" for key in keys)]
    return "".join(f"{line}\n" for line in lines)


def _text(one: Certificate) -> str:
    return base64.b64decode(one.cert_data).decode()


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/certificates",
        id="CertificateService_ListCertificates",
        handler=list_certificates,
        needs=Needs(RESOURCE, "get"),
        query=CertificateQuery,
        body=type(None),
        reply=CertificateList,
        summary="The CA bundles and SSH host keys of Git servers",
    ),
    Operation(
        method="POST",
        path="/api/v1/certificates",
        id="CertificateService_CreateCertificate",
        handler=create_certificates,
        needs=Needs(RESOURCE, "create"),
        query=CreateQuery,
        body=CreateRequest,
        reply=CertificateList,
        summary="Trust more CA bundles or SSH host keys",
    ),
    Operation(
        method="DELETE",
        path="/api/v1/certificates",
        id="CertificateService_DeleteCertificate",
        handler=delete_certificates,
        needs=Needs(RESOURCE, "delete"),
        query=CertificateQuery,
        body=type(None),
        reply=CertificateList,
        summary="Trust CA bundles or SSH host keys no longer",
    ),
)
