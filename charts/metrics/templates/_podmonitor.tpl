{{/* Tells the Prometheus operator to scrape the pods themselves. */}}
{{- define "metrics.v1.podMonitor" -}}
{{- end -}}
