"""Repositories and repository credentials between the shape of the API and that of Argo CD's Secrets.

A Secret holds text under the API's field names, but for the URL, which is `url` in all Secrets. What is "false", 0 or
empty is left out.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct, field

SecretType = Literal["repository", "repo-creds"]
URL_KEY = "url"
SECRET_FIELDS = frozenset(
    {
        "password",
        "bearer_token",
        "ssh_private_key",
        "tls_client_cert_key",
        "github_app_private_key",
        "gcp_service_account_key",
        "azure_service_principal_client_secret",
    }
)
"""Never shown to anybody."""


class Credentials(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What a repository and a template of credentials have in common."""

    type: str = ""
    username: str = ""
    password: str = ""
    bearer_token: str = ""
    ssh_private_key: str = ""
    tls_client_cert_data: str = ""
    tls_client_cert_key: str = ""
    github_app_id: int = field(default=0, name="githubAppID")
    github_app_installation_id: int = field(default=0, name="githubAppInstallationID")
    github_app_private_key: str = ""
    github_app_enterprise_base_url: str = field(default="", name="githubAppEnterpriseBaseUrl")
    gcp_service_account_key: str = ""
    azure_service_principal_client_id: str = field(default="", name="azureServicePrincipalClientId")
    azure_service_principal_client_secret: str = ""
    azure_service_principal_tenant_id: str = field(default="", name="azureServicePrincipalTenantId")
    azure_active_directory_endpoint: str = ""
    use_azure_workload_identity: bool = False
    enable_oci: bool = field(default=False, name="enableOCI")
    insecure_oci_force_http: bool = field(default=False, name="insecureOCIForceHttp")
    force_http_basic_auth: bool = False
    proxy: str = ""
    no_proxy: str = ""


class Repository(Credentials, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """A repository as it is configured; `repo` is its URL."""

    repo: str = ""
    name: str = ""
    project: str = ""
    insecure: bool = False
    insecure_ignore_host_key: bool = False
    enable_lfs: bool = False
    depth: int = 0
    webhook_manifest_cache_warm_disabled: bool = False


class RepositoryCredentials(Credentials, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """Credentials for every repository whose URL begins with `url`."""

    url: str = ""


C = TypeVar("C", bound=Credentials)


def read(kind: type[C], data: Mapping[str, bytes]) -> C:
    """What a Secret's data (decoded) say; what is not readable counts as left out."""
    found: dict[str, Any] = {}
    for one in msgspec.structs.fields(kind):
        text = data.get(_key(one.encode_name), b"").decode(errors="replace").strip("\0")
        if text:
            found[one.encode_name] = text if one.type is str else _value(text, one.type)
    return msgspec.convert({key: value for key, value in found.items() if value is not None}, kind)


def write(value: Credentials) -> dict[str, bytes]:
    """The data of the Secret."""
    plain = msgspec.to_builtins(value)
    return {_key(name): _text(one).encode() for name, one in plain.items() if one}


def shown(value: C) -> C:
    """Without what nobody may see."""
    return msgspec.structs.replace(value, **{name: "" for name in SECRET_FIELDS})


def merged(before: C, after: C) -> C:
    """`after`, with the secrets of `before` where it says none: who changes a repository has never seen them."""
    kept = {name: getattr(before, name) for name in SECRET_FIELDS if not getattr(after, name)}
    return msgspec.structs.replace(after, **kept)


def has_credentials(value: Credentials) -> bool:
    """Does it bring any credentials itself?"""
    return any(getattr(value, name) for name in (*SECRET_FIELDS, "username"))


def secret_name(kind: SecretType, url: str, *, project: str = "") -> str:
    """Argo CD's name of the Secret: the FNV-1a hash of URL and project."""
    value = 0x811C9DC5
    for byte in f"{url}{project}".encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return f"{'repo' if kind == 'repository' else 'creds'}-{value}"


def _key(name: str) -> str:
    return URL_KEY if name == "repo" else name


def _value(text: str, kind: Any) -> bool | int | None:
    if kind is bool:
        return text == "true"
    return int(text) if text.isdecimal() else None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
