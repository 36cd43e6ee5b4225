"""Names of what set-up makes."""

ENVIRONMENT = "trimtab-environment"
"""ConfigMap: the environment file as it was applied, under `environment.yaml`."""
FILE_KEY = "environment.yaml"
APP = "trimtab-github-app"
"""Secret: the GitHub App, written the moment that GitHub gives it."""
NEXT_KEY = "trimtab-next-deploy-key"
"""Secret: a deploy key that is about to replace the one in use."""
LOCK = "trimtab-setup"
"""Lease: one set-up at a time."""
FIELD_MANAGER = "trimtab-setup"

KNOWN_HOSTS = "argocd-ssh-known-hosts-cm"
KNOWN_HOSTS_KEY = "ssh_known_hosts"
CERTIFICATES = "argocd-tls-certs-cm"
RBAC = "argocd-rbac-cm"
PARAMETERS = "argocd-cmd-params-cm"
INGRESS = "argocd-server"
SERVICE = "argocd-server"
INGRESS_TLS = "argocd-ingress-tls"
"""Secret of the certificate at the ingress: another than `argocd-server-tls`, which the server itself would show."""

GITHUB_SECRET = "dex.github.clientSecret"  # noqa: S105 - the name of a key
OIDC_SECRET = "oidc.clientSecret"  # noqa: S105 - the name of a key
WEBHOOK_SECRET = "webhook.github.secret"  # noqa: S105 - the name of a key

PART_OF = "app.kubernetes.io/part-of"
OWNER = "trimtab.dev/environment"
"""Annotation on all that set-up makes: of which environment it is."""
ENGINE = "trimtab.dev/engine"
"""Annotation on the ConfigMap: what keeps the applications, `trimtab` or `argocd`."""
CREATED_BY = "trimtab.dev/created-by"
CREATED_AT = "trimtab.dev/created-at"
