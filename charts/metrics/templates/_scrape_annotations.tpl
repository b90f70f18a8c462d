{{/*
Annotations of the pods, for a Prometheus that finds them by these: where delivery is pull and the cluster knows no monitor.
They name one page and no more; metrics.v1.validate.annotations refuses what would be lost. Nothing where a monitor scrapes:
each pod is scraped once. Public, for a chart's own pod template:
  annotations: {{- include "metrics.v1.podAnnotations" . | nindent 8 }}
*/}}
{{- define "metrics.v1.podAnnotations" -}}
{{- if include "metrics.v1.annotates" . }}
prometheus.io/path: {{ .Values.metrics.path | quote }}
prometheus.io/port: {{ get (include "metrics.v1.portMap" . | fromYaml) (include "metrics.v1.monitorPortName" .) | toString | quote }}
prometheus.io/scheme: {{ .Values.metrics.serviceMonitor.scheme | quote }}
prometheus.io/scrape: "true"
{{- end }}
{{- end -}}

{{/* "true" or nothing. `never` means that something else tells Prometheus to scrape: it is not to be told twice. */}}
{{- define "metrics.v1.annotates" -}}
{{- $auto := eq .Values.metrics.serviceMonitor.create "auto" -}}
{{- $known := include "metrics.v1.knowsKind" (list . (include "metrics.v1.monitorKind" .)) -}}
{{- if and (eq (include "metrics.v1.delivery" .) "pull") $auto (not $known) -}}true{{- end -}}
{{- end -}}
