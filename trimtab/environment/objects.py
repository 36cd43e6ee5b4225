"""The objects in the cluster that an environment implies: each a manifest for server-side apply by `trimtab-setup`.

A manifest holds the fields that set-up answers for, and no other: what people add to the same ConfigMap stays theirs.
"""

import base64
from collections.abc import Mapping

from trimtab.environment import names
from trimtab.environment.environment import Engine, Environment
from trimtab.environment.login import admin_enabled, dex_config, oidc_config, policy_lines
from trimtab.model.keys import Manifest
from trimtab.model.names import ARGOCD_CM, ARGOCD_SECRET, GROUP, IN_CLUSTER_SERVER, SECRET_TYPE_LABEL, VERSION
from trimtab.model.repository_secret import secret_name


def environment_map(env: Environment, text: str, *, engine: Engine) -> Manifest:
    """The environment file as it was applied, for the controller, `doctor` and `teardown`."""
    made = {**_object(env, "ConfigMap", names.ENVIRONMENT), "data": {names.FILE_KEY: text}}
    made["metadata"]["annotations"][names.ENGINE] = engine
    return made


def app_secret(env: Environment, values: Mapping[str, str]) -> Manifest:
    """The GitHub App; `values`: id, slug, clientID, clientSecret, webhookSecret, privateKey, installationID, owner,
    url, pagePort, createdBy; or only its `name`, when it is about to be made.
    """
    return _secret(env, names.APP, values)


def deploy_key_secret(env: Environment, private_key: str, *, created: Mapping[str, str]) -> Manifest:
    """The repository with its deploy key; `created`: annotations that say by whom and when."""
    values = {"type": "git", "name": env.repository, "url": env.repository_url, "sshPrivateKey": private_key}
    return _repository(env, values, created)


def next_key_secret(env: Environment, private_key: str) -> Manifest:
    """The deploy key that is about to replace the one in use; no controller reads it."""
    return _secret(env, names.NEXT_KEY, {"sshPrivateKey": private_key})


def app_repository_secret(env: Environment, app: Mapping[str, str], *, created: Mapping[str, str]) -> Manifest:
    """The repository, fetched as the GitHub App."""
    values = {
        "type": "git",
        "name": env.repository,
        "url": env.repository_url,
        "githubAppID": app["id"],
        "githubAppInstallationID": app["installationID"],
        "githubAppPrivateKey": app["privateKey"],
    }
    if env.is_enterprise:
        values["githubAppEnterpriseBaseUrl"] = env.api_url
    return _repository(env, values, created)


def repository_secret_name(env: Environment) -> str:
    """Argo CD's own name for the Secret of that repository."""
    return secret_name("repository", env.repository_url)


def known_hosts_map(env: Environment, text: str) -> Manifest:
    """All host keys that are trusted, as OpenSSH writes them."""
    return {**_object(env, "ConfigMap", names.KNOWN_HOSTS), "data": {names.KNOWN_HOSTS_KEY: text}}


def certificates_map(env: Environment) -> Manifest:
    """The authority of a GitHub Enterprise, for Git over HTTPS."""
    host = env.web_url.partition("://")[2].partition("/")[0].partition(":")[0]
    return {**_object(env, "ConfigMap", names.CERTIFICATES), "data": {host: env.github.ca}}


def login_map(env: Environment, *, client_id: str, organization_id: int, engine: Engine) -> Manifest:
    """`argocd-cm`: where the UI is, and who confirms who somebody is."""
    data = {"url": env.url, "admin.enabled": admin_enabled(env)}
    if env.login.type == "oidc":
        data["oidc.config"] = oidc_config(env)
    else:
        data["dex.config"] = dex_config(env, client_id=client_id, organization_id=organization_id, engine=engine)
    return {**_object(env, "ConfigMap", ARGOCD_CM), "data": data}


def roles_map(env: Environment) -> Manifest:
    """`argocd-rbac-cm`: a policy of its own beside those that people write there."""
    data = {"policy.trimtab.csv": policy_lines(env), "scopes": "[groups]"}
    return {**_object(env, "ConfigMap", names.RBAC), "data": data}


def secrets_object(env: Environment, values: Mapping[str, str]) -> Manifest:
    """`argocd-secret`: the keys that login and webhooks refer to."""
    return _secret(env, ARGOCD_SECRET, values)


def parameters_map(env: Environment) -> Manifest:
    """Upstream Argo CD's server behind an ingress that ends TLS."""
    return {**_object(env, "ConfigMap", names.PARAMETERS), "data": {"server.insecure": "true"}}


def root_applications(env: Environment) -> list[Manifest]:
    """The two app-of-apps: `applications` is pruned, `namespaces` is not, since with a namespace goes all in it."""
    return [_root(env, "applications", prune=True), _root(env, "namespaces", prune=False)]


def root_name(env: Environment, folder: str) -> str:
    return f"{env.name}-{folder}"


def _root(env: Environment, folder: str, *, prune: bool) -> Manifest:
    source = {
        "repoURL": env.repository_url,
        "targetRevision": env.branch,
        "path": f"{env.own_folder}/argocd/{folder}",
        "directory": {"recurse": True},
    }
    made = _object(env, "Application", root_name(env, folder), api_version=f"{GROUP}/{VERSION}")
    spec = {
        "project": "default",
        "source": source,
        "destination": {"server": IN_CLUSTER_SERVER, "namespace": env.namespace},
        "syncPolicy": {"automated": {"prune": prune, "selfHeal": True}},
    }
    return {**made, "spec": spec}


def _repository(env: Environment, values: Mapping[str, str], created: Mapping[str, str]) -> Manifest:
    secret = _secret(env, repository_secret_name(env), values)
    secret["metadata"]["labels"][SECRET_TYPE_LABEL] = "repository"
    secret["metadata"]["annotations"].update(created)
    return secret


def _secret(env: Environment, name: str, values: Mapping[str, str]) -> Manifest:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    made = {**_object(env, "Secret", name), "type": "Opaque", "data": data}
    if name != ARGOCD_SECRET:
        # What has the label may be referred to (`$SECRET:KEY`) by whoever writes argocd-cm, who may not read Secrets.
        made["metadata"]["labels"] = {}
    return made


def _object(env: Environment, kind: str, name: str, *, api_version: str = "v1") -> Manifest:
    metadata = {
        "name": name,
        "namespace": env.namespace,
        # Argo CD reads only ConfigMaps and Secrets that are part of it.
        "labels": {names.PART_OF: "argocd"},
        "annotations": {names.OWNER: env.name},
    }
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}
