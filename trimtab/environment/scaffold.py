"""An environment file to begin with."""

ENVIRONMENT = """\
# An environment of Trimtab: a cluster, a folder of a repository, and who may see it.
# Fill it in, then: trimtab setup -f environment.yaml
apiVersion: trimtab.dev/v1alpha1
kind: Environment
name: production

# The UI is at https://argocd.<domain>, unless ingress.host says otherwise.
domain: acme.example

# On GitHub: who may log in, and what is deployed. Teams are slugs, as in the address of a team's page.
organization: acme
teams: [platform, shop]
repository: infrastructure
branch: main
# <folder>/<name>/argocd/applications and <folder>/<name>/argocd/namespaces are what is deployed.
folder: infrastructure
# How set-up puts these two folders into the repository: commit, pullRequest, or none (you do it yourself).
changes: commit

# How the repository is read: deployKey (SSH, may only read), or githubApp (tokens that live for an hour).
access: deployKey

# Who confirms who somebody is: githubApp (three clicks), oauthApp (a form and two values),
# or oidc with issuer and clientID. admin: true keeps the local account admin beside it.
login:
  type: githubApp

# What teams may do: admin, readonly, or a role of your own in argocd-rbac-cm. Teams without one may look.
roles:
- role: admin
  teams: [platform]

ingress:
  class: nginx
  # Where the certificate comes from: issuer (a ClusterIssuer of cert-manager), secret, or certificateARN.
  tls:
    issuer: letsencrypt
  # Networks of the ingress controller, so that limits and the audit log see the callers.
  # trustedProxies: [10.0.0.0/8]

install:
  # Your own image, best by digest: make image builds it.
  image: registry.acme.example/trimtab:0.1.0
  namespace: argocd
  replicas: 2

# What GitHub is told about deployments.
feedback:
  statuses: true
  deployments: true
  comments: true

# GitHub Enterprise:
# github:
#   url: https://github.acme.example
#   ca: |
#     -----BEGIN CERTIFICATE-----
"""
