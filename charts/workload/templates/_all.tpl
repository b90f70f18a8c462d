{{/* Every object of this chart, for a template of one line: {{ include "workload.v1.all" . }} */}}
{{- define "workload.v1.all" -}}
---
{{ include "workload.v1.serviceAccount" . }}
{{- range $unit := include "metrics.v1.unitNames" . | fromJsonArray -}}
{{- include "metrics.v1.inUnit" (list $ $unit "metrics.v1.validate") -}}
{{- include "metrics.v1.inUnit" (list $ $unit "workload.v1.validate") -}}
{{- range list "service" "deployment" -}}
{{- with include "metrics.v1.inUnit" (list $ $unit (printf "workload.v1.%s" .)) | trim }}
---
{{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
