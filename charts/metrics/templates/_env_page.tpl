{{/* What names and labels the series carry, and where the page is. */}}
{{- define "metrics.v1.env.page" -}}
{{- $metrics := .Values.metrics -}}
{{- if $metrics.enabled }}
CUSTOM_LABELS: {value: {{ include "metrics.v1.customLabels" . | toJson }}}
{{- with $metrics.namespace }}
METRICS_NAMESPACE: {value: {{ toJson . }}}
{{- end }}
{{- with $metrics.subsystem }}
METRICS_SUBSYSTEM: {value: {{ toJson . }}}
{{- end }}
{{- if eq (include "metrics.v1.delivery" .) "pull" }}
METRICS_PATH: {value: {{ toJson $metrics.path }}}
{{- if $metrics.scrapeCache }}
METRICS_SCRAPE_CACHE: {value: "true"}
{{- end }}
{{- end }}
{{- with include "metrics.v1.seriesOfWorker" . }}
METRICS_SERIES_BUDGET: {value: {{ . | quote }}}
{{- end }}
{{- if eq $metrics.role "http-api" }}
METRICS_EXCLUDED_HANDLERS: {value: {{ include "metrics.v1.excludedHandlers" . | toJson }}}
{{- end }}
{{- end }}
{{- end -}}

{{/*
One worker's share of metrics.budget.series, or nothing where there is no budget. Rounded down: a page holds the series of all
workers, and one above the budget (the monitor's sampleLimit) loses the whole scrape.
*/}}
{{- define "metrics.v1.seriesOfWorker" -}}
{{- with int .Values.metrics.budget.series -}}{{ div . (int $.Values.metrics.workers) }}{{- end -}}
{{- end -}}

{{/* `k=v,k2=v2`, sorted: the chart's own labels and metrics.customLabels. */}}
{{- define "metrics.v1.customLabels" -}}
{{- $labels := dict "environment" .Values.metrics.environment "service" (include "metrics.v1.name" .) -}}
{{- with .unit -}}{{- $_ := set $labels "unit" . -}}{{- end -}}
{{- $pairs := list -}}
{{- range $name, $value := mergeOverwrite $labels (include "metrics.v1.present" .Values.metrics.customLabels | fromJson) -}}
{{- $pairs = append $pairs (printf "%s=%s" $name $value) -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end -}}

{{/* Comma-separated regexes: the page itself, then metrics.excludedHandlers in the order of their names. */}}
{{- define "metrics.v1.excludedHandlers" -}}
{{- $patterns := list (regexQuoteMeta .Values.metrics.path) -}}
{{- range $_, $pattern := include "metrics.v1.present" .Values.metrics.excludedHandlers | fromJson -}}
{{- $patterns = append $patterns $pattern -}}
{{- end -}}
{{- join "," (uniq $patterns) -}}
{{- end -}}
