{{/* Every object of this chart, for a template of one line: {{ include "metrics.v1.all" . }} */}}
{{- define "metrics.v1.all" -}}
{{- include "metrics.v1.validate" . -}}
{{- range list "serviceMonitor" "networkPolicy" -}}
{{- with include (printf "metrics.v1.%s" .) $ | trim }}
---
{{ . }}
{{- end }}
{{- end }}
{{- end -}}
