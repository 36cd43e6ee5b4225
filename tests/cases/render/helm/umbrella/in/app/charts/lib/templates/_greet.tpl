{{- define "lib.greet" }}hello {{ .Release.Name }}{{ end }}
