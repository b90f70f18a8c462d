{{/* A Grafana dashboard in a ConfigMap. */}}
{{- define "metrics.v1.dashboard" -}}
{{- end -}}
