{{/* Tells the Prometheus operator to scrape the pods themselves: the same pages as a ServiceMonitor's, without a Service. */}}
{{- define "metrics.v1.podMonitor" -}}
{{- if include "metrics.v1.rendersMonitor" (list . "PodMonitor") }}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  {{- include "metrics.v1.monitorMetadata" . | nindent 2 }}
spec:
  {{- include "metrics.v1.monitorSpec" . | trim | nindent 2 }}
  podMetricsEndpoints:
    {{- include "metrics.v1.endpoints" . | trim | nindent 4 }}
{{- end }}
{{- end -}}
