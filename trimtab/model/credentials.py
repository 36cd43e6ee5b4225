"""Which credentials belong to which repository: Argo CD's repository and repo-creds Secrets, read and matched.

A repository's own credentials count; one without any inherits those of the longest repo-creds URL that its own URL
begins with. A repository's Secret may name a second way to the same repository (`trimtab.dev/fallback-url`).
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from trimtab.model.keys import Manifest
from trimtab.model.names import FALLBACK_URL, SECRET_TYPE_LABEL
from trimtab.model.repository import GitHubAppLogin, RepositoryAccess

CREDENTIAL_FIELDS = {
    "username": "username",
    "password": "password",
    "bearerToken": "bearer_token",
    "sshPrivateKey": "ssh_private_key",
    "tlsClientCertData": "tls_client_cert",
    "tlsClientCertKey": "tls_client_key",
}
LOGINS = (*CREDENTIAL_FIELDS.values(), "github_app")
GITHUB_API = "https://api.github.com"
OTHER_FIELDS = {"proxy": "proxy", "noProxy": "no_proxy", "project": "project"}


class Credentials(Struct, frozen=True):
    """Everything that is configured about repositories, by URL and project. `certificates`: host → PEM bundle."""

    repositories: Mapping[tuple[str, str], RepositoryAccess] = {}
    templates: tuple[RepositoryAccess, ...] = ()
    known_hosts: str = ""
    certificates: Mapping[str, str] = {}

    def access(self, url: str, *, project: str = "") -> RepositoryAccess:
        """How to reach `url`; without credentials where none are configured.

        Those of `project` count before those of all projects; those of another project are never used.
        """
        found = self._way(url, project)
        if found.fallback is None:
            return found
        return replace(found, fallback=replace(self._way(found.fallback.url, project), fallback=None))

    def _way(self, url: str, project: str) -> RepositoryAccess:
        name = normalised(url)
        own = self.repositories.get((name, project)) or self.repositories.get((name, "")) or RepositoryAccess(url=url)
        if not _has_credentials(own):
            own = _inherit(own, self._template(url, project))
        app = own.github_app and replace(own.github_app, ca_pem=self._authority(own.github_app.base_url or GITHUB_API))
        return replace(own, url=url, known_hosts=self.known_hosts, ca_pem=self._authority(url), github_app=app)

    def _authority(self, url: str) -> str:
        return self.certificates.get(urlsplit(url).hostname or "", "")

    def _template(self, url: str, project: str) -> RepositoryAccess | None:
        wanted = normalised(url)
        usable = [t for t in self.templates if t.project in ("", project)]
        fitting = [t for t in usable if wanted.startswith(normalised(t.url))]
        return max(fitting, key=lambda t: (len(t.url), t.project), default=None)


def read_credentials(
    secrets: Iterable[Manifest], *, known_hosts: Manifest | None, certificates: Manifest | None
) -> Credentials:
    """From the Secrets with Argo CD's label and the two ConfigMaps (None where there is none)."""
    repositories: dict[tuple[str, str], RepositoryAccess] = {}
    templates: list[RepositoryAccess] = []
    for secret in secrets:
        kind = ((secret.get("metadata") or {}).get("labels") or {}).get(SECRET_TYPE_LABEL)
        access = _access(secret)
        if access is None:
            continue
        if kind == "repository":
            repositories[normalised(access.url), access.project] = access
        elif kind == "repo-creds":
            templates.append(access)
    return Credentials(
        repositories=repositories,
        templates=tuple(templates),
        known_hosts=((known_hosts or {}).get("data") or {}).get("ssh_known_hosts", ""),
        certificates=(certificates or {}).get("data") or {},
    )


def normalised(url: str) -> str:
    """One spelling for the same repository: no `.git`, no trailing slash, lower case, scp form as ssh URL."""
    text = url.strip().rstrip("/").removesuffix(".git")
    if "://" not in text and ":" in text and not text.startswith("/"):
        host, _, path = text.partition(":")
        text = f"ssh://{host}/{path.lstrip('/')}"
    return text.lower()


def secret_text(secret: Manifest) -> dict[str, str]:
    """What a Secret holds, as text; what is none is ""."""
    return {name: _decoded(value) for name, value in (secret.get("data") or {}).items()}


def _access(secret: Manifest) -> RepositoryAccess | None:
    data = secret_text(secret)
    if not data.get("url"):
        return None
    known = {field: data[name] for name, field in {**CREDENTIAL_FIELDS, **OTHER_FIELDS}.items() if data.get(name)}
    other = ((secret.get("metadata") or {}).get("annotations") or {}).get(FALLBACK_URL, "").strip()
    return RepositoryAccess(
        url=data["url"].strip(),
        insecure=data.get("insecure") == "true",
        github_app=_github_app(data),
        fallback=RepositoryAccess(url=other) if other else None,
        **known,
    )


def _github_app(data: Mapping[str, str]) -> GitHubAppLogin | None:
    """None where the Secret is not about a GitHub App; what is missing is said when it is used."""
    if not (data.get("githubAppID") or data.get("githubAppPrivateKey")):
        return None
    return GitHubAppLogin(
        app_id=data.get("githubAppID", "").strip(),
        private_key=data.get("githubAppPrivateKey", ""),
        installation_id=data.get("githubAppInstallationID", "").strip(),
        base_url=data.get("githubAppEnterpriseBaseUrl", "").strip(),
    )


def _decoded(value: Any) -> str:
    try:
        return base64.b64decode(str(value)).decode()
    except ValueError:
        return ""


def _has_credentials(access: RepositoryAccess) -> bool:
    return any(getattr(access, field) for field in LOGINS)


def _inherit(own: RepositoryAccess, template: RepositoryAccess | None) -> RepositoryAccess:
    if template is None:
        return own
    taken = {field: getattr(template, field) for field in LOGINS}
    return replace(
        own,
        insecure=own.insecure or template.insecure,
        proxy=own.proxy or template.proxy,
        no_proxy=own.no_proxy or template.no_proxy,
        **taken,
    )
