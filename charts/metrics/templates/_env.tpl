{{/*
The container's whole `env` list: env.standard and what metrics needs, each name once, in sorted order.
Kubernetes expands $(NAME) only from entries above; K8S_* sorts before OTEL_*, which refers to it.
*/}}
{{- define "metrics.v1.env" -}}
{{- include "metrics.v1.validate" . -}}
{{- $entries := dict -}}
{{- range list "standard" "process" "page" "identity" "otlp" -}}
{{- $entries = mergeOverwrite $entries (include (printf "metrics.v1.env.%s" .) $ | fromYaml) -}}
{{- end -}}
{{- range $name, $entry := $entries }}
- name: {{ $name | quote }}
  {{- if hasKey $entry "value" }}
  value: {{ toRawJson $entry.value }}
  {{- else }}
  {{- toYaml $entry | nindent 2 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* A value as the process will read it. Helm reads every number as a float: 1000000 must not become 1e+06. */}}
{{- define "metrics.v1.env.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}{{ int64 . }}{{- else -}}{{ toString . }}{{- end -}}
{{- end -}}

{{/* env.standard as it is. PROMETHEUS_BACKEND is rendered by `process`, with its default. */}}
{{- define "metrics.v1.env.standard" -}}
{{- range $name, $value := omit (include "metrics.v1.present" ((.Values.env).standard) | fromJson) "PROMETHEUS_BACKEND" }}
{{ $name | quote }}: {value: {{ include "metrics.v1.env.text" $value | toJson }}}
{{- end }}
{{- end -}}

{{/*
What the process is told whether or not it is measured. METRICS_PORT is an HTTP API's own port, WEB_CONCURRENCY its number of
workers: they stay when metrics are off. Datadog's tracer is told only what the values say.
*/}}
{{- define "metrics.v1.env.process" -}}
PROMETHEUS_METRICS_ENABLE: {value: {{ .Values.metrics.enabled | toString | quote }}}
WEB_CONCURRENCY: {value: {{ int .Values.metrics.workers | toString | quote }}}
{{- if .Values.metrics.enabled }}
PROMETHEUS_BACKEND: {value: {{ include "metrics.v1.backend" . | quote }}}
{{- end }}
{{- if not (kindIs "invalid" .Values.dd_trace_enabled) }}
DD_TRACE_ENABLED: {value: {{ .Values.dd_trace_enabled | toString | quote }}}
{{- end }}
{{- if hasKey (include "metrics.v1.portMap" . | fromYaml) (include "metrics.v1.portName" .) }}
METRICS_PORT: {value: {{ int .Values.metrics.port | toString | quote }}}
{{- end }}
{{- end -}}
