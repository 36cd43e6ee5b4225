{{/* What ClusterRoles and their bindings are called after, so that installations in several namespaces can be. */}}
{{- define "trimtab.suffix" -}}
{{- if ne .Release.Namespace "argocd" }}-{{ .Release.Namespace }}{{ end -}}
{{- end -}}

{{/* The image, by digest where there is one. */}}
{{- define "trimtab.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end -}}
{{- end -}}
{{- end -}}
