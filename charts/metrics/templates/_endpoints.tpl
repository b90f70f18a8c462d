{{/*
The pages to scrape, as ServiceMonitor and PodMonitor both have them. honorLabels: the page itself says `service` and
`environment` (CUSTOM_LABELS), as pushed series do; without it Prometheus would rename the first to exported_service.
*/}}
{{- define "metrics.v1.endpoints" -}}
{{- range include "metrics.v1.pages" . | fromJsonArray }}
- port: {{ .port | quote }}
  path: {{ .path | quote }}
  interval: {{ .interval }}
  scrapeTimeout: {{ .scrapeTimeout }}
  honorLabels: {{ $.Values.metrics.serviceMonitor.honorLabels }}
  {{- with include "metrics.v1.endpointAccess" $ | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with include "metrics.v1.targetRelabelings" (list $ .relabelings) | trim }}
  relabelings:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with include "metrics.v1.sampleRelabelings" (list $ .metricRelabelings) | trim }}
  metricRelabelings:
    {{- . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}
