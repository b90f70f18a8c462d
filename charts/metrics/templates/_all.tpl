{{/* Every object of this chart, for a template of one line: {{ include "metrics.v1.all" . }} */}}
{{- define "metrics.v1.all" -}}
{{- range $unit := include "metrics.v1.unitNames" . | fromJsonArray -}}
{{- include "metrics.v1.inUnit" (list $ $unit "metrics.v1.validate") -}}
{{- range list "serviceMonitor" "podMonitor" "networkPolicy" "prometheusRule" "dashboard" -}}
{{- with include "metrics.v1.inUnit" (list $ $unit (printf "metrics.v1.%s" .)) | trim }}
---
{{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
