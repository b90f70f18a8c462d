{{/* The alerts that every service has, each where its own `enabled` says so. */}}
{{- define "metrics.v1.alerts" -}}
{{- range list "errorRate" "slowRequests" "workersMissing" "noMetrics" "restarts" }}
{{- if (get $.Values.metrics.alerts .).enabled }}
{{ include (printf "metrics.v1.alerts.%s" .) $ }}
{{- end }}
{{- end }}
{{- if .Values.metrics.budget.series }}
{{ include "metrics.v1.alerts.budget" . }}
{{ include "metrics.v1.alerts.leftOut" . }}
{{- end }}
{{- end -}}

{{/* Wakes somebody unless a promise does: metrics.slo.availability has an alert of its own for that. */}}
{{- define "metrics.v1.alerts.errorRate" -}}
{{- $alert := .Values.metrics.alerts.errorRate -}}
{{- $names := include "metrics.v1.promql.names" . | fromJson -}}
{{- include "metrics.v1.alert" (dict
    "root" .
    "name" "ServiceErrorRateHigh"
    "severity" (ternary "ticket" "page" (gt (float64 .Values.metrics.slo.availability) 0.0))
    "for" $alert.for
    "expr" (printf "%s > %s" (include "metrics.v1.promql.errorPercent" (list . (include "metrics.v1.promql.window" .))) (include "metrics.v1.promql.number" $alert.percent))
    "summary" (printf "fails more than %s %% of its %s" (include "metrics.v1.promql.number" $alert.percent) $names.work)
    "description" (printf "{{ $value | printf \"%%.1f\" }} %% of its %s failed (status 5xx) over the last %s, for %s or longer." $names.work (include "metrics.v1.promql.window" .) $alert.for)) -}}
{{- end -}}

{{- define "metrics.v1.promql.errorPercent" -}}
{{- $total := (include "metrics.v1.promql.names" (first .) | fromJson).total -}}
{{- $selector := include "metrics.v1.promql.selector" (first .) -}}
{{- $sum := printf "sum by (%s)" (include "metrics.v1.promql.by" (first .)) -}}
100 * {{ $sum }} (rate({{ $total }}{ {{- $selector -}} ,status=~"5.."}[{{ last . }}]))
/ {{ $sum }} (rate({{ $total }}{ {{- $selector -}} }[{{ last . }}]))
{{- end -}}

{{- define "metrics.v1.alerts.slowRequests" -}}
{{- $alert := .Values.metrics.alerts.slowRequests -}}
{{- $names := include "metrics.v1.promql.names" . | fromJson -}}
{{- $percent := trimPrefix "p" $alert.quantile -}}
{{- include "metrics.v1.alert" (dict
    "root" .
    "name" "ServiceSlow"
    "severity" "ticket"
    "for" $alert.for
    "expr" (printf "%s > %s" (include "metrics.v1.promql.durationQuantile" (list . $alert.quantile (include "metrics.v1.promql.window" .))) (include "metrics.v1.promql.seconds" $alert.above))
    "summary" (printf "is slow: the slowest of its %s take longer than %s" $names.work $alert.above)
    "description" (printf "%s %% of its %s took up to {{ $value | humanizeDuration }}, the others longer, over the last %s, for %s or longer; %s is allowed." $percent $names.work (include "metrics.v1.promql.window" .) $alert.for $alert.above)) -}}
{{- end -}}

{{- define "metrics.v1.promql.durationQuantile" -}}
{{- $duration := (include "metrics.v1.promql.names" (first .) | fromJson).duration -}}
histogram_quantile({{ include "metrics.v1.promql.quantile" (index . 1) }}, sum by (le, {{ include "metrics.v1.promql.by" (first .) }}) (rate({{ $duration }}_bucket{ {{- include "metrics.v1.promql.selector" (first .) -}} }[{{ last . }}])))
{{- end -}}
