{{/* A limit that every scrape is above would lose them all. */}}
{{- define "metrics.v1.validate.limits" -}}
{{- $limits := include "metrics.v1.present" .Values.metrics.serviceMonitor.limits | fromJson -}}
{{- $labels := include "metrics.v1.labelCount" . | int -}}
{{- with int .Values.metrics.budget.labels -}}
{{- if lt . $labels -}}
{{- fail (printf "metrics.budget.labels is %d, but series of this service have %d labels, Prometheus' own among them, so every scrape would be lost: raise it, or set 0 for no limit." . $labels) -}}
{{- end -}}
{{- end -}}
{{- $longest := include "metrics.v1.longestName" . | int -}}
{{- with $limits.labelNameLengthLimit -}}
{{- if lt (int .) $longest -}}
{{- fail (printf "metrics.serviceMonitor.limits.labelNameLengthLimit is %d, but a label of this service has a name of %d characters, so every scrape would be lost: raise it." (int .) $longest) -}}
{{- end -}}
{{- end -}}
{{- $value := include "metrics.v1.longestValue" . | int -}}
{{- with $limits.labelValueLengthLimit -}}
{{- if lt (int .) $value -}}
{{- fail (printf "metrics.serviceMonitor.limits.labelValueLengthLimit is %d, but names of metrics and service_instance_id have up to %d characters, so every scrape would be lost: raise it." (int .) $value) -}}
{{- end -}}
{{- end -}}
{{- $pods := add1 (((.Values.workload).replicas) | default 1 | int) | int -}}
{{- with $limits.targetLimit -}}
{{- if lt (int .) $pods -}}
{{- fail (printf "metrics.serviceMonitor.limits.targetLimit is %d, but %d pods run during a rollout, and above the limit none is scraped: raise it." (int .) $pods) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
How many labels a series of the service has. Prometheus counts its own as well: __name__, container, endpoint, instance, job,
namespace, pod; the page says environment, service, service_instance_id (and unit); and python_info has five more, which is
more than any request, message or task.
*/}}
{{- define "metrics.v1.labelCount" -}}
{{- add 15 (ternary 0 1 (empty .unit)) (ternary 0 1 .Values.metrics.serviceMonitor.honorLabels) (len (include "metrics.v1.present" .Values.metrics.customLabels | fromJson)) -}}
{{- end -}}

{{/* The characters of the longest label name: service_instance_id, unless metrics.customLabels has a longer one. */}}
{{- define "metrics.v1.longestName" -}}
{{- $longest := len "service_instance_id" -}}
{{- range $name, $_ := include "metrics.v1.present" .Values.metrics.customLabels | fromJson -}}
{{- $longest = max $longest (len $name) -}}
{{- end -}}
{{- $longest -}}
{{- end -}}

{{/* The characters of the longest name of a metric, or of the longest service_instance_id: `<name>-<10>-<5>-pid-<7>`. */}}
{{- define "metrics.v1.longestValue" -}}
{{- $metric := printf "%s_%s_http_request_duration_seconds_bucket" .Values.metrics.namespace .Values.metrics.subsystem | trimAll "_" -}}
{{- max 40 (len $metric) (include "metrics.v1.unitFullname" . | len | add 29) -}}
{{- end -}}
