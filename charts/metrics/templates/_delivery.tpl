{{/* The backend the process records with: read where teams already set it. */}}
{{- define "metrics.v1.backend" -}}
{{- ((.Values.env).standard).PROMETHEUS_BACKEND | default "prometheus" -}}
{{- end -}}

{{/*
How the numbers leave the pod: `pull`, `push` or `none`.
An HTTP API is always pulled. Consumers and runners push on the backends otel and shadow and are pulled otherwise.
*/}}
{{- define "metrics.v1.delivery" -}}
{{- $metrics := .Values.metrics -}}
{{- $pushes := and (ne $metrics.role "http-api") (ne (include "metrics.v1.backend" .) "prometheus") $metrics.otlp.enabled -}}
{{- if not $metrics.enabled -}}
none
{{- else if $pushes -}}
push
{{- else if or $metrics.serviceMonitor.enabled $metrics.podMonitor.enabled -}}
pull
{{- else -}}
none
{{- end -}}
{{- end -}}

{{/* The collector's port, from the one place that names it: metrics.otlp.endpoint. */}}
{{- define "metrics.v1.collectorPort" -}}
{{- $url := urlParse .Values.metrics.otlp.endpoint -}}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{- $port | default (ternary "4317" (ternary "443" "80" (eq $url.scheme "https")) (eq .Values.metrics.otlp.protocol "grpc")) -}}
{{- end -}}
