"""The Helm chart `deploy/chart/trimtab`: its templates are the files of `trimtab/manifests`, with values put in.

What only Helm has is written by hand there: `values.yaml` and its schema, the helpers, the Ingress.
"""

from collections.abc import Mapping
from pathlib import Path

from tools.edits import all_edited, edited
from trimtab import __version__
from trimtab.manifests import FILES
from trimtab.manifests.options import NAMESPACE
from trimtab.model.crds import crds
from trimtab.render.yaml import dump

CHART = """\
apiVersion: v2
name: trimtab
description: GitOps delivery for Kubernetes that is exact, fast and safe, and speaks Argo CD's formats
type: application
version: {version}
appVersion: "{version}"
kubeVersion: ">=1.30.0-0"
"""
RELEASE = "{{ .Release.Namespace | quote }}"
SUFFIX = '{{ include "trimtab.suffix" . }}'
SCHEME = "{{ if .Values.insecure }}HTTP{{ else }}HTTPS{{ end }}"
LABELS = "  labels: {app.kubernetes.io/name: trimtab, app.kubernetes.io/part-of: argocd}\n"
ACCOUNT: Mapping[str, str] = {
    LABELS: f"""\
{LABELS}  {{{{- with .Values.serviceAccount.annotations }}}}
  annotations: {{{{- toYaml . | nindent 4 }}}}
  {{{{- end }}}}
""",
}
DEPLOYMENT: Mapping[str, str] = {
    "  replicas: 2\n": "  replicas: {{ .Values.replicas }}\n",
    "        image: trimtab\n": """\
        image: {{ include "trimtab.image" . | quote }}
        {{- with .Values.image.pullPolicy }}
        imagePullPolicy: {{ . }}
        {{- end }}
""",
    "        args: [serve, --namespace=$(NAMESPACE), --cache=/cache, --port=8080]\n": """\
        args:
        - serve
        - --namespace=$(NAMESPACE)
        - --cache=/cache
        - --port=8080
        {{- with .Values.trustedProxies }}
        - --trusted-proxies={{ join "," . }}
        {{- end }}
        {{- if .Values.insecure }}
        - --insecure
        {{- end }}
""",
    "      affinity:\n": """\
      {{- with .Values.image.pullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 6 }}
      {{- end }}
      {{- with .Values.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations: {{- toYaml . | nindent 6 }}
      {{- end }}
      affinity:
""",
    """\
        resources:
          requests: {cpu: 100m, memory: 256Mi}
          limits: {memory: 2Gi}
""": "        resources: {{- toYaml .Values.resources | nindent 10 }}\n",
}


def chart(source: Path) -> dict[str, str]:
    """What each generated file of the chart holds, by its place in the chart."""
    templates = {name: _template((source / name).read_text()) for name in FILES if name != "namespace.yaml"}
    return {
        "Chart.yaml": CHART.format(version=__version__),
        "crds/crds.yaml": "---\n".join(dump(manifest) for manifest in crds()),
        **{f"templates/{name}": text for name, text in templates.items()},
    }


def _template(text: str) -> str:
    return "---\n".join(_document(document) for document in text.split("---\n"))


def _document(text: str) -> str:
    """One object of the release's namespace; an installation in another than Argo CD's has ClusterRoles of its own."""
    kind = text.partition("\nkind: ")[2].partition("\n")[0]
    if kind in ("ClusterRole", "ClusterRoleBinding"):
        text = edited(text, {"\n  labels:": f"{SUFFIX}\n  labels:"})
    if kind == "ClusterRole":
        return _narrowed(text)
    if kind == "ClusterRoleBinding":
        text = edited(text, {"}\nsubjects:": f"{SUFFIX}}}\nsubjects:"})
    if kind == "ServiceAccount":
        text = edited(text, ACCOUNT) if LABELS in text else text
    if kind == "Deployment":
        text = all_edited(edited(text, DEPLOYMENT), {"scheme: HTTPS": f"scheme: {SCHEME}"})
    return all_edited(text, {f"namespace: {NAMESPACE}": f"namespace: {RELEASE}"})


def _narrowed(text: str) -> str:
    """A ClusterRole whose rules are those of the values, where there are some."""
    account = "server" if "name: trimtab-server" in text else "controller"
    head, rules = text.split("rules:\n")
    other = f"{{{{- with .Values.clusterRules.{account} }}}}\n{{{{- toYaml . | nindent 0 }}}}\n{{{{- else }}}}\n"
    return f"{head}rules:\n{other}{rules}{{{{- end }}}}\n"
