"""The files of the demo's repository and the Applications that deploy them."""

from trimtab.model.keys import Manifest
from trimtab.model.names import GROUP, IN_CLUSTER_SERVER, RESOURCES_FINALIZER, VERSION

IMAGE = "registry.example.com/shop/{name}:{tag}"


def deployment(name: str, *, replicas: int, tag: str) -> str:
    """A Deployment with a Service's worth of labels."""
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels: {{app: {name}}}
spec:
  replicas: {replicas}
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      containers:
        - name: {name}
          image: {IMAGE.format(name=name, tag=tag)}
          ports: [{{containerPort: 8080}}]
"""


def service(name: str) -> str:
    return f"""\
apiVersion: v1
kind: Service
metadata:
  name: {name}
spec:
  selector: {{app: {name}}}
  ports: [{{name: http, port: 80, targetPort: 8080}}]
"""


def config_map(name: str, **data: str) -> str:
    lines = "".join(f'  {key}: "{value}"\n' for key, value in data.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n{lines}"


BROKEN = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  colour: "blue
"""

KUSTOMIZATION = """\
resources: [../base]
namePrefix: eu-
labels:
  - pairs: {region: eu}
images:
  - name: registry.example.com/shop/cart
    newTag: 1.4.0
"""

CHART = """\
apiVersion: v2
name: search
version: 1.0.0
"""

CHART_TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {app: {{ .Release.Name }}}
  template:
    metadata:
      labels: {app: {{ .Release.Name }}}
    spec:
      containers:
        - name: search
          image: "{{ .Values.image }}:{{ .Values.tag }}"
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-index
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: hook-succeeded
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: index
          image: "{{ .Values.image }}:{{ .Values.tag }}"
          command: ["/bin/rebuild-index"]
"""


def values(*, replicas: int, tag: str) -> str:
    return f"image: registry.example.com/shop/search\ntag: {tag}\nreplicas: {replicas}\n"


def first_commit() -> dict[str, str]:
    """Path → content: a plain folder, a Kustomize overlay, a Helm chart."""
    return {
        "web/deployment.yaml": deployment("web", replicas=2, tag="1.0.0"),
        "web/service.yaml": service("web"),
        "web/settings.yaml": config_map("settings", colour="blue"),
        "web/banner.yaml": config_map("banner", text="Summer sale"),
        "cart/base/deployment.yaml": deployment("cart", replicas=1, tag="latest"),
        "cart/base/service.yaml": service("cart"),
        "cart/base/kustomization.yaml": "resources: [deployment.yaml, service.yaml]\n",
        "cart/eu/kustomization.yaml": KUSTOMIZATION,
        "search/Chart.yaml": CHART,
        "search/values.yaml": values(replicas=1, tag="7.1.0"),
        "search/templates/all.yaml": CHART_TEMPLATE,
    }


def applications(url: str) -> list[Manifest]:
    """`web` and `cart` sync by themselves; `search` is synced by hand, so that it can be rolled back."""
    return [
        _application("web", url, path="web", automated=True),
        _application("cart", url, path="cart/eu", automated=True),
        _application("search", url, path="search", automated=False),
    ]


def _application(name: str, url: str, *, path: str, automated: bool) -> Manifest:
    policy: Manifest = {"syncOptions": ["CreateNamespace=true"]}
    if automated:
        policy["automated"] = {"prune": True, "selfHeal": True}
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd", "finalizers": [RESOURCES_FINALIZER]},
        "spec": {
            "project": "default",
            "source": {"repoURL": url, "path": path, "targetRevision": "main"},
            "destination": {"server": IN_CLUSTER_SERVER, "namespace": "shop"},
            "syncPolicy": policy,
        },
    }
