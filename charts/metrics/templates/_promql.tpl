{{/* The labels that tell a unit's series from all others, pulled or pushed: the library puts them there (CUSTOM_LABELS). */}}
{{- define "metrics.v1.promql.selector" -}}
service={{ include "metrics.v1.name" . | quote }},environment={{ .Values.metrics.environment | quote }}
{{- with .unit }},unit={{ quote . }}{{ end -}}
{{- end -}}

{{/* The names of these labels, to keep when summing. */}}
{{- define "metrics.v1.promql.by" -}}
environment, service{{ if .unit }}, unit{{ end }}
{{- end -}}

{{/*
What a role's work is called, as JSON: the names of its metrics, with the prefixes that METRICS_NAMESPACE and METRICS_SUBSYSTEM
give them; `source`, the label that says which route, queue or task; and `work`, a word for people.
*/}}
{{- define "metrics.v1.promql.names" -}}
{{- $names := dict
    "http-api" (list "http_requests" "http_request" "handler" "requests")
    "amqp-consumer" (list "amqp_messages" "amqp_message" "queue" "messages")
    "task-runner" (list "task_runs" "task_run" "task" "runs") -}}
{{- $name := get $names .Values.metrics.role -}}
{{- $prefix := "" -}}
{{- range list .Values.metrics.namespace .Values.metrics.subsystem -}}
{{- with . -}}
{{- $prefix = printf "%s%s_" $prefix . -}}
{{- end -}}
{{- end -}}
{{- dict
    "total" (printf "%s%s_total" $prefix (index $name 0))
    "inProgress" (printf "%s%s_in_progress" $prefix (index $name 0))
    "duration" (printf "%s%s_duration_seconds" $prefix (index $name 1))
    "source" (index $name 2)
    "work" (index $name 3) | toJson -}}
{{- end -}}

{{/*
A vector with a label `pod`, whether it was pulled or pushed: service_instance_id is <pod>-pid-<pid>.
Called with the inner expression.
*/}}
{{- define "metrics.v1.promql.pod" -}}
label_replace({{ . }}, "pod", "$1", "service_instance_id", "(.+)-pid-[0-9]+")
{{- end -}}

{{/* What a process exports always, whatever its role, and once: its existence and its start. */}}
{{- define "metrics.v1.promql.processes" -}}
process_start_time_seconds{ {{- include "metrics.v1.promql.selector" . -}} }
{{- end -}}

{{/* Seconds between two samples of a series. */}}
{{- define "metrics.v1.promql.interval" -}}
{{- if eq (include "metrics.v1.delivery" .) "push" -}}
{{- trimSuffix "s" .Values.metrics.otlp.pushInterval -}}
{{- else -}}
{{- include "metrics.v1.seconds" .Values.metrics.serviceMonitor.interval -}}
{{- end -}}
{{- end -}}

{{/* What a plain alert looks at: five minutes, or four samples where these come slowly. A rate needs two. */}}
{{- define "metrics.v1.promql.window" -}}
{{- $seconds := include "metrics.v1.promql.interval" . | int | mul 4 -}}
{{- if gt $seconds 300 }}{{ $seconds }}s{{ else }}5m{{ end -}}
{{- end -}}

{{/* A number: no 1e+06, no 99.90000000000001. */}}
{{- define "metrics.v1.promql.number" -}}
{{- if eq (floor .) (float64 .) }}{{ int64 . }}{{ else }}{{ toString . }}{{ end -}}
{{- end -}}

{{/* `300ms` or `3s` in seconds. */}}
{{- define "metrics.v1.promql.seconds" -}}
{{- if hasSuffix "ms" . -}}
{{- include "metrics.v1.promql.number" (divf (trimSuffix "ms" . | float64) 1000) -}}
{{- else -}}
{{- trimSuffix "s" . -}}
{{- end -}}
{{- end -}}

{{/* `p99.9` as 0.999. */}}
{{- define "metrics.v1.promql.quantile" -}}
{{- divf (trimPrefix "p" . | float64) 100 -}}
{{- end -}}
