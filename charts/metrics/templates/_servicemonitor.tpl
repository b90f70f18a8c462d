{{/* Tells the Prometheus operator to scrape the pods behind the service. */}}
{{- define "metrics.v1.serviceMonitor" -}}
{{- if include "metrics.v1.rendersMonitor" (list . "ServiceMonitor") }}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  {{- include "metrics.v1.monitorMetadata" . | nindent 2 }}
spec:
  {{- include "metrics.v1.monitorSpec" . | trim | nindent 2 }}
  endpoints:
    {{- include "metrics.v1.endpoints" . | trim | nindent 4 }}
{{- end }}
{{- end -}}

{{/* Name and labels of either monitor. */}}
{{- define "metrics.v1.monitorMetadata" -}}
{{- include "metrics.v1.metadata" . }}
{{- with include "metrics.v1.present" .Values.metrics.serviceMonitor.labels | fromJson }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What either monitor says of all its pages: which pods, and what a scrape may hold. */}}
{{- define "metrics.v1.monitorSpec" -}}
{{- $metrics := .Values.metrics -}}
selector:
  matchLabels:
    {{- include "metrics.v1.selectorLabels" . | nindent 4 }}
{{- with $metrics.serviceMonitor.jobLabel }}
jobLabel: {{ . | quote }}
{{- end }}
{{- with $metrics.serviceMonitor.scrapeClass }}
scrapeClass: {{ . | quote }}
{{- end }}
{{- with int $metrics.budget.series }}
sampleLimit: {{ . }}
{{- end }}
{{- with int $metrics.budget.labels }}
labelLimit: {{ . }}
{{- end }}
{{- range $name, $limit := include "metrics.v1.present" $metrics.serviceMonitor.limits | fromJson }}
{{ $name }}: {{ if kindIs "string" $limit }}{{ $limit }}{{ else }}{{ int64 $limit }}{{ end }}
{{- end }}
{{- end -}}
