"""The build environment: what `$ARGOCD_APP_NAME` and its like mean in parameters and file names."""

import re

from trimtab.render.request import RenderRequest

_VARIABLE = re.compile(r"\$(?:\$|\{([^}]*)\}|([A-Za-z_][A-Za-z0-9_]*))")


def build_environment(request: RenderRequest) -> dict[str, str]:
    """The variables, by name."""
    source = request.source
    return {
        "ARGOCD_APP_NAME": request.instance or request.app_name,
        "ARGOCD_APP_NAMESPACE": request.namespace,
        "ARGOCD_APP_PROJECT_NAME": request.project,
        "ARGOCD_APP_REVISION": request.revision,
        "ARGOCD_APP_REVISION_SHORT": request.revision[:7],
        "ARGOCD_APP_REVISION_SHORT_8": request.revision[:8],
        "ARGOCD_APP_SOURCE_PATH": source.path,
        "ARGOCD_APP_SOURCE_REPO_URL": source.repo_url,
        "ARGOCD_APP_SOURCE_TARGET_REVISION": source.target_revision,
        "KUBE_VERSION": request.kube_version,
        "KUBE_API_VERSIONS": ",".join(request.api_versions),
    }


def substituted(text: str, variables: dict[str, str]) -> str:
    """`$NAME` and `${NAME}` replaced, unknown names by nothing, `$$` by a dollar."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return variables.get(name, "") if name else "$"

    return _VARIABLE.sub(value, text) if "$" in text else text
