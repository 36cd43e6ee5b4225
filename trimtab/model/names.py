"""Argo CD's names of annotations, finalizers, labels and field managers: formats that stay as they are."""

GROUP = "argoproj.io"
VERSION = "v1alpha1"
FIELD_MANAGER = "argocd-controller"
"""Argo CD's own field manager, so that ownership needs no transfer when a team moves either way."""

REFRESH = "argocd.argoproj.io/refresh"
REFRESH_TIMESTAMP = "argocd.argoproj.io/refresh-timestamp"
SKIP_RECONCILE = "argocd.argoproj.io/skip-reconcile"
TRACKING_ID = "argocd.argoproj.io/tracking-id"
HOOK = "argocd.argoproj.io/hook"
HOOK_DELETE_POLICY = "argocd.argoproj.io/hook-delete-policy"
HOOK_FINALIZER = "argocd.argoproj.io/hook-finalizer"
SYNC_WAVE = "argocd.argoproj.io/sync-wave"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
COMPARE_OPTIONS = "argocd.argoproj.io/compare-options"
IGNORE_HEALTHCHECK = "argocd.argoproj.io/ignore-healthcheck"
IGNORE_RESTART_POLICY = "argocd.argoproj.io/ignore-restart-policy"
SKIP_FILE = "+argocd:skip-file-rendering"

ATTEMPT = "trimtab.dev/attempt"
"""On a hook: which attempt of which operation made it, so that a restarted controller knows its own."""

FALLBACK_URL = "trimtab.dev/fallback-url"
"""On a repository's Secret: another URL of the same repository, whose credentials are used when its own are refused."""

HELM_HOOK = "helm.sh/hook"
HELM_HOOK_WEIGHT = "helm.sh/hook-weight"
HELM_HOOK_DELETE_POLICY = "helm.sh/hook-delete-policy"
HELM_RESOURCE_POLICY = "helm.sh/resource-policy"

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

RESOURCES_FINALIZER = "resources-finalizer.argocd.argoproj.io"
FOREGROUND_FINALIZER = "resources-finalizer.argocd.argoproj.io/foreground"
BACKGROUND_FINALIZER = "resources-finalizer.argocd.argoproj.io/background"

ARGOCD_CM = "argocd-cm"
ARGOCD_SECRET = "argocd-secret"  # noqa: S105 - a name
SECRET_TYPE_LABEL = "argocd.argoproj.io/secret-type"  # noqa: S105 - the name of a label
IN_CLUSTER_SERVER = "https://kubernetes.default.svc"
IN_CLUSTER_NAME = "in-cluster"
