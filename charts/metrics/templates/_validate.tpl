{{/* Stops the rendering with one sentence: which value is wrong, and what to do. The schemas catch types and unknown keys before. */}}
{{- define "metrics.v1.validate" -}}
{{- range list "units" "role" "environment" "backend" "delivery" "port" "monitor" "labels" "handlers" "budget" "otlp" "resource" "variables" "policy" -}}
{{- include (printf "metrics.v1.validate.%s" .) $ -}}
{{- end -}}
{{- end -}}

{{- define "metrics.v1.validate.role" -}}
{{- $role := .Values.metrics.role | default "" -}}
{{- if not (has $role (list "http-api" "amqp-consumer" "task-runner")) -}}
{{- fail (printf "metrics.%srole is %q: set it to http-api, amqp-consumer or task-runner." (include "metrics.v1.unitKey" .) $role) -}}
{{- end -}}
{{- end -}}

{{- define "metrics.v1.validate.environment" -}}
{{- if and .Values.metrics.enabled (not .Values.metrics.environment) -}}
{{- fail "metrics.environment is not set: add `-f environments/<environment>/values.yaml`, which sets it, or set it yourself." -}}
{{- end -}}
{{- if regexMatch "[,=]" .Values.metrics.environment -}}
{{- fail (printf "metrics.environment is %q, and a comma or an equals sign would break CUSTOM_LABELS: leave it out." .Values.metrics.environment) -}}
{{- end -}}
{{- end -}}

{{- define "metrics.v1.validate.backend" -}}
{{- $backend := include "metrics.v1.backend" . -}}
{{- if not (has $backend (list "prometheus" "otel" "shadow")) -}}
{{- fail (printf "env.standard.PROMETHEUS_BACKEND is %q: set it to prometheus, otel or shadow, or leave it out for prometheus." $backend) -}}
{{- end -}}
{{- end -}}

{{- define "metrics.v1.validate.delivery" -}}
{{- $metrics := .Values.metrics -}}
{{- if and $metrics.enabled (eq (include "metrics.v1.delivery" .) "none") -}}
{{- $why := "metrics.otlp.enabled is false" -}}
{{- if eq $metrics.role "http-api" -}}
{{- $why = "an http-api never pushes" -}}
{{- else if eq (include "metrics.v1.backend" .) "prometheus" -}}
{{- $why = "the prometheus backend cannot push" -}}
{{- end -}}
{{- fail (printf "metrics.serviceMonitor.enabled is false and %s, so nobody would get the metrics: turn one of the two on, or set metrics.enabled to false." $why) -}}
{{- end -}}
{{- end -}}

{{- define "metrics.v1.validate.labels" -}}
{{- $reserved := list "container" "endpoint" "environment" "instance" "job" "le" "namespace" "pod" "quantile" "service" "service_instance_id" -}}
{{- range $name, $value := include "metrics.v1.present" .Values.metrics.customLabels | fromJson -}}
{{- if has $name $reserved -}}
{{- fail (printf "metrics.customLabels.%s is a label that the platform sets itself: choose another name." $name) -}}
{{- end -}}
{{- if not (regexMatch "^[a-zA-Z][a-zA-Z0-9_]*$" $name) -}}
{{- fail (printf "metrics.customLabels.%s is no label name: start with a letter and use letters, digits and underscores only." $name) -}}
{{- end -}}
{{- if regexMatch "[,=]" (toString $value) -}}
{{- fail (printf "metrics.customLabels.%s is %q, and a comma or an equals sign would break CUSTOM_LABELS: leave it out." $name $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "metrics.v1.validate.handlers" -}}
{{- range $name, $pattern := include "metrics.v1.present" .Values.metrics.excludedHandlers | fromJson -}}
{{- if contains "," (toString $pattern) -}}
{{- fail (printf "metrics.excludedHandlers.%s is %q, and METRICS_EXCLUDED_HANDLERS is separated by commas: write two entries." $name $pattern) -}}
{{- end -}}
{{- end -}}
{{- end -}}
