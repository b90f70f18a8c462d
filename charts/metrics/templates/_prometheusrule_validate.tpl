{{/* Rules that would never fire, or never be read, are worse than none. */}}
{{- define "metrics.v1.validate.rules" -}}
{{- $metrics := .Values.metrics -}}
{{- $alerts := $metrics.alerts -}}
{{- if and $metrics.enabled $alerts.enabled -}}
{{- if and (eq $alerts.create "always") (not (include "metrics.v1.knowsKind" (list . "PrometheusRule"))) -}}
{{- fail "metrics.alerts.create is \"always\", but the cluster does not know monitoring.coreos.com/v1 PrometheusRule: install the Prometheus operator's CRDs, give `helm template` `--api-versions monitoring.coreos.com/v1/PrometheusRule`, or set it to auto." -}}
{{- end -}}
{{- include "metrics.v1.validate.rules.labels" (list "alerts" $alerts.labels) -}}
{{- $slow := $alerts.slowRequests -}}
{{- if and $slow.enabled (ge (include "metrics.v1.promql.seconds" $slow.above | float64) 5.0) -}}
{{- fail (printf "metrics.alerts.slowRequests.above is %s, but durations above the largest bucket, 5s, are not told apart, so it would never fire: choose less than 5s." $slow.above) -}}
{{- end -}}
{{- include "metrics.v1.validate.slo" . -}}
{{- end -}}
{{- if and (or $alerts.enabled $metrics.dashboard.enabled) (eq (include "metrics.v1.delivery" .) "pull") -}}
{{- if not (or $metrics.serviceMonitor.honorLabels $metrics.podMonitor.enabled) -}}
{{- fail "metrics.serviceMonitor.honorLabels is false, which renames the label `service`, and alerts and the dashboard select by it: set it to true, or set metrics.alerts.enabled and metrics.dashboard.enabled to false." -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "metrics.v1.validate.slo" -}}
{{- $metrics := .Values.metrics -}}
{{- $latency := include "metrics.v1.present" $metrics.slo.latency | fromJson -}}
{{- range $quantile, $duration := $latency -}}
{{- if not (hasKey (include "metrics.v1.slo.bounds" $ | fromYaml) $duration) -}}
{{- fail (printf "metrics.slo.latency.%s is %s, but no bucket ends there, so nobody can tell: choose 50ms, 100ms, 300ms, 1s, 3s or 5s." $quantile $duration) -}}
{{- end -}}
{{- end -}}
{{- $interval := include "metrics.v1.promql.interval" . | int -}}
{{- if and (or $metrics.slo.availability $latency) (gt $interval 120) -}}
{{- $push := eq (include "metrics.v1.delivery" .) "push" -}}
{{- $value := ternary (printf "metrics.otlp.pushInterval is %s" $metrics.otlp.pushInterval) (printf "metrics.serviceMonitor.interval is %s" $metrics.serviceMonitor.interval) $push -}}
{{- fail (printf "%s, but metrics.slo is measured over 5 minutes and needs two samples in them: make it 2 minutes or less." $value) -}}
{{- end -}}
{{- end -}}

{{- define "metrics.v1.validate.rules.labels" -}}
{{- range $name, $_ := last . -}}
{{- if or (hasPrefix "app.kubernetes.io/" $name) (hasPrefix "helm.sh/" $name) -}}
{{- fail (printf "metrics.%s.labels has %s, which the chart sets itself: leave it out." (first $) $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
