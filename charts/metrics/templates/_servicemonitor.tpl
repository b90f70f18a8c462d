{{/*
Tells the Prometheus operator to scrape the service. honorLabels: the page itself says `service` and `environment`
(CUSTOM_LABELS), as pushed series do; without it Prometheus would rename the first to exported_service.
*/}}
{{- define "metrics.v1.serviceMonitor" -}}
{{- $monitor := .Values.metrics.serviceMonitor -}}
{{- $wanted := or (eq $monitor.create "always") (and (eq $monitor.create "auto") (include "metrics.v1.hasServiceMonitorCRD" .)) -}}
{{- if and (eq (include "metrics.v1.delivery" .) "pull") $wanted }}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  {{- include "metrics.v1.metadata" . | nindent 2 }}
  {{- with $monitor.labels }}
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "metrics.v1.selectorLabels" . | nindent 6 }}
  endpoints:
    - port: {{ include "metrics.v1.monitorPortName" . | quote }}
      path: {{ .Values.metrics.path | quote }}
      interval: {{ $monitor.interval }}
      scrapeTimeout: {{ $monitor.scrapeTimeout }}
      honorLabels: true
{{- end }}
{{- end -}}

{{/* "true" or nothing. A cluster reports the kind; `helm template --api-versions` is often given the group alone. */}}
{{- define "metrics.v1.hasServiceMonitorCRD" -}}
{{- $apis := .Capabilities.APIVersions -}}
{{- if or ($apis.Has "monitoring.coreos.com/v1/ServiceMonitor") ($apis.Has "monitoring.coreos.com/v1") -}}true{{- end -}}
{{- end -}}
