{{/* Recording rules and alerts. */}}
{{- define "metrics.v1.prometheusRule" -}}
{{- end -}}
