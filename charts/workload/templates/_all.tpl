{{/* Every object of this chart, for a template of one line: {{ include "workload.v1.all" . }} */}}
{{- define "workload.v1.all" -}}
{{- include "metrics.v1.validate" . -}}
{{- include "workload.v1.validate" . -}}
{{- range list "serviceAccount" "service" "deployment" -}}
{{- with include (printf "workload.v1.%s" .) $ | trim }}
---
{{ . }}
{{- end }}
{{- end }}
{{- end -}}
