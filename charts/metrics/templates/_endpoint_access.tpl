{{/* How Prometheus is let in: scheme, TLS, and a user or a token from a Secret. */}}
{{- define "metrics.v1.endpointAccess" -}}
{{- $monitor := .Values.metrics.serviceMonitor -}}
{{- if ne $monitor.scheme "http" }}
scheme: {{ $monitor.scheme }}
{{- end }}
{{- with $monitor.tlsConfig }}
tlsConfig:
  {{- with pick . "insecureSkipVerify" "keySecret" "serverName" }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- range $name, $key := pick . "ca" "cert" }}
  {{ $name }}:
    secret:
      {{- toYaml $key | nindent 6 }}
  {{- end }}
{{- end }}
{{- with $monitor.basicAuth }}
basicAuth:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $monitor.authorization }}
authorization:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
