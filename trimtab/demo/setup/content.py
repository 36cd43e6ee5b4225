"""What the demo's set-up begins with: the environment file, and the first application."""

ORGANIZATION, REPOSITORY, TEAM = "acme", "infrastructure", "platform"
FULL_NAME = f"{ORGANIZATION}/{REPOSITORY}"
OWNER, COLLEAGUE, OUTSIDER = "ana", "bo", "eve"
"""Ana owns the organization and is in the team; Bo is a member of the organization only; Eve is of neither."""
NAMESPACE = "argocd"
ISSUER = "throw-away"
README = "# infrastructure\n\nWhat runs in our clusters.\n"


def environment(*, github: str, ssh_user: str, ssh_port: int, https_port: int) -> str:
    """The environment file. `github`: the URL of the fake one."""
    return f"""\
apiVersion: trimtab.dev/v1alpha1
kind: Environment
name: demo
domain: demo.localhost
organization: {ORGANIZATION}
teams: [{TEAM}]
repository: {REPOSITORY}
access: deployKey
login: {{type: githubApp}}
roles: [{{role: admin, teams: [{TEAM}]}}]
ingress:
  class: nginx
  port: {https_port}
  tls: {{issuer: {ISSUER}}}
install: {{image: "registry.example.com/trimtab:demo"}}
# Only for a GitHub that is not github.com:
github: {{url: "{github}", sshUser: {ssh_user}, sshPort: {ssh_port}}}
"""


def application(*, tag: str) -> str:
    """The declaration of the first application."""
    return f"""\
apiVersion: trimtab.dev/v1alpha1
kind: ApplicationDeclaration
name: web
namespace: shop
image: registry.example.com/shop/web:{tag}
port: 8080
replicas: 2
"""
