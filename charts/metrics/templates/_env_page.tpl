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
{{- end }}
{{- if eq $metrics.role "http-api" }}
METRICS_EXCLUDED_HANDLERS: {value: {{ include "metrics.v1.excludedHandlers" . | toJson }}}
{{- end }}
{{- end }}
{{- end -}}

{{/* `k=v,k2=v2`, sorted: the chart's own two labels and metrics.customLabels. */}}
{{- define "metrics.v1.customLabels" -}}
{{- $labels := dict "environment" .Values.metrics.environment "service" (include "metrics.v1.name" .) -}}
{{- $pairs := list -}}
{{- range $name, $value := mergeOverwrite $labels (include "metrics.v1.present" .Values.metrics.customLabels | fromYaml) -}}
{{- $pairs = append $pairs (printf "%s=%s" $name $value) -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end -}}

{{/* Comma-separated regexes: the page itself, then metrics.excludedHandlers in the order of their names. */}}
{{- define "metrics.v1.excludedHandlers" -}}
{{- $patterns := list (regexQuoteMeta .Values.metrics.path) -}}
{{- range $_, $pattern := include "metrics.v1.present" .Values.metrics.excludedHandlers | fromYaml -}}
{{- $patterns = append $patterns $pattern -}}
{{- end -}}
{{- join "," (uniq $patterns) -}}
{{- end -}}
