"""The environment file, read: every problem with its line, all of them at once."""

import ipaddress
import re
from typing import Any, cast

from trimtab.access.sso_section import wrong_with_url
from trimtab.environment import environment as nouns
from trimtab.environment.environment import (
    Environment,
    Feedback,
    GitHubSettings,
    IngressSettings,
    Install,
    Login,
    RoleOf,
    Tls,
)
from trimtab.environment.fields import Reader, Section, like
from trimtab.environment.schema import json_schema
from trimtab.model.located import Located


def read_environment(located: Located) -> Environment:
    """Raises InvalidDeclaration with every problem of the file."""
    reader = Reader(located)
    reader.head(nouns.API_VERSION, nouns.KIND)
    root = reader.root
    found: dict[str, Any] = {
        "api_version": nouns.API_VERSION,
        "kind": nouns.KIND,
        "name": root.text("name", required=True, check=like(nouns.NAME_PATTERN, _LABEL)),
        "domain": root.text("domain", required=True, check=like(nouns.HOST_PATTERN, _HOST)),
        "organization": root.text("organization", required=True, check=_SLUG),
        "teams": root.texts("teams", check=_SLUG),
        "repository": root.text("repository", required=True, check=_repository),
        "branch": root.text("branch", "main", check=like(r"[A-Za-z0-9_][-A-Za-z0-9_./]{0,199}", "has to be a branch")),
        "folder": root.text("folder", "infrastructure", check=like(nouns.FOLDER_PATTERN, _FOLDER)),
        "changes": root.choice("changes", ("commit", "pullRequest", "none"), "commit"),
        "access": root.choice("access", ("deployKey", "githubApp"), "deployKey"),
        "login": _login(root.section("login")),
        "ingress": _ingress(root.section("ingress")),
        "roles": tuple(_role(one) for one in root.sections("roles")),
        "install": _install(root.section("install")),
        "feedback": _feedback(root.section("feedback")),
        "github": _github(root.section("github")),
    }
    env = Environment(**found)
    _judge(root, env)
    reader.raise_problems()
    return env


def schema() -> dict[str, Any]:
    """JSON Schema of the environment file, for editors."""
    return json_schema(Environment, title=nouns.KIND, file="environment-v1alpha1")


def _login(section: Section) -> Login:
    return Login(
        type=cast(Any, section.choice("type", ("githubApp", "oauthApp", "oidc"), "githubApp")),
        issuer=section.text("issuer", check=wrong_with_url),
        client_id=section.text("clientID"),
        name=section.text("name"),
        admin=section.flag("admin"),
    )


def _ingress(section: Section) -> IngressSettings:
    tls = section.section("tls")
    return IngressSettings(
        host=section.text("host", check=like(nouns.HOST_PATTERN, _HOST)),
        port=section.integer("port", 443, low=1, high=65535),
        class_name=section.text("class", check=like(nouns.HOST_PATTERN, "has to be the name of an IngressClass")),
        tls=Tls(
            secret=tls.text("secret", check=like(nouns.HOST_PATTERN, "has to be the name of a Secret")),
            issuer=tls.text("issuer", check=like(nouns.HOST_PATTERN, "has to be the name of a ClusterIssuer")),
            certificate_arn=tls.text("certificateARN", check=like(r"arn:[-\w:/]+", "has to begin with arn:")),
        ),
        annotations=section.labels("annotations"),
        trusted_proxies=section.texts("trustedProxies", check=_network),
    )


def _role(section: Section) -> RoleOf:
    name = section.text(
        "role", required=True, check=like(r"[a-z0-9][-a-z0-9_]{0,62}", "has to be a name in lower case")
    )
    return RoleOf(role=name, teams=section.texts("teams", check=_SLUG), groups=section.texts("groups", check=_group))


def _install(section: Section) -> Install:
    return Install(
        namespace=section.text("namespace", "argocd", check=like(nouns.NAME_PATTERN, _LABEL)),
        image=section.text("image", check=like(r"[a-z0-9][-a-z0-9._:/@]{0,254}", "has to be an image, best by digest")),
        replicas=section.integer("replicas", 2, low=1, high=20),
    )


def _feedback(section: Section) -> Feedback:
    return Feedback(
        statuses=section.flag("statuses", default=True),
        deployments=section.flag("deployments", default=True),
        comments=section.flag("comments", default=True),
    )


def _github(section: Section) -> GitHubSettings:
    return GitHubSettings(
        url=section.text("url", "https://github.com", check=wrong_with_url).rstrip("/"),
        api_url=section.text("apiURL", check=wrong_with_url).rstrip("/"),
        ssh_host=section.text("sshHost", check=like(nouns.HOST_PATTERN, _HOST)),
        ssh_port=section.integer("sshPort", 22, low=1, high=65535),
        ssh_user=section.text("sshUser", "git", check=like(r"[a-z_][-a-z0-9_]{0,31}", "has to be a user's name")),
        ca=section.text("ca", check=_certificate),
    )


def _judge(root: Section, env: Environment) -> None:
    """What only shows when several fields are seen together."""
    _judge_login(root, env)
    tls = env.ingress.tls
    ways = [one for one in (tls.secret, tls.issuer, tls.certificate_arn) if one]
    if len(ways) != 1:
        root.problem(
            "ingress", "tls has to say where the certificate comes from: one of secret, issuer, certificateARN"
        )
    allowed = set(env.teams)
    for number, role in enumerate(env.roles):
        if strangers := [team for team in role.teams if team not in allowed]:
            root.problem("roles", f"[{number}] names {', '.join(strangers)}, not among the teams that may log in")


def _judge_login(root: Section, env: Environment) -> None:
    if env.login.type == "oidc":
        if not env.login.issuer or not env.login.client_id:
            root.problem("login", "of type oidc needs issuer and clientID")
    elif not env.teams:
        root.problem("teams", "names no team: nobody could log in; write the slugs of the teams that may")
    elif any(role.groups for role in env.roles):
        root.problem("roles", "groups are those of login type oidc: write teams")


_LABEL = "has to be a name of at most 40 lower-case letters, digits and -"
_HOST = "has to be a host name in lower case, without https://"
_FOLDER = "has to be a folder of the repository, like infrastructure"


_SLUG = like(nouns.LOGIN_PATTERN, "has to be a name as in GitHub's addresses, like platform-team")


def _repository(value: str) -> str:
    if "/" in value:
        return "has to be the repository's name alone, without the organization"
    if value in (".", "..") or value.endswith(".git") or not re.fullmatch(nouns.REPOSITORY_PATTERN, value):
        return "has to be the name of a repository, without .git"
    return ""


def _group(value: str) -> str:
    return "must not hold commas, quotes or line ends" if re.search(r'[,"\n]', value) else ""


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        return "has to be a network like 10.0.0.0/8"
    return ""


def _certificate(value: str) -> str:
    return "" if "BEGIN CERTIFICATE" in value else "has to be the PEM text of a certificate"
