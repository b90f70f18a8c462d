{{/*
What is promised, as a JSON list: the promise's name (the label `slo`), the share of work that may break it (`budget`), how much
work there is and how much of it breaks the promise, per second, and `promise`, a sentence's end for people.
*/}}
{{- define "metrics.v1.slo.objectives" -}}
{{- $slo := .Values.metrics.slo -}}
{{- $names := include "metrics.v1.promql.names" . | fromJson -}}
{{- $selector := include "metrics.v1.promql.selector" . -}}
{{- $sum := printf "sum by (%s)" (include "metrics.v1.promql.by" .) -}}
{{- $objectives := list -}}
{{- if $slo.availability -}}
{{- $work := printf "%s (rate(%s{%s}[5m]))" $sum $names.total $selector -}}
{{- $errors := printf "%s (rate(%s{%s,status=~\"5..\"}[5m]))\nor 0 * %s" $sum $names.total $selector $work -}}
{{- $promise := printf "%s %% of %s succeed" (include "metrics.v1.promql.number" $slo.availability) $names.work -}}
{{- $objectives = append $objectives (dict "name" "availability" "alert" "Availability" "budget" (divf (subf 100 $slo.availability) 100) "work" $work "errors" $errors "promise" $promise) -}}
{{- end -}}
{{- range $quantile, $duration := include "metrics.v1.present" $slo.latency | fromJson -}}
{{- $bound := get (include "metrics.v1.slo.bounds" $ | fromYaml) $duration -}}
{{- $work := printf "%s (rate(%s_count{%s}[5m]))" $sum $names.duration $selector -}}
{{- $fast := printf "%s (rate(%s_bucket{%s,le=~%q}[5m]))" $sum $names.duration $selector $bound -}}
{{- $percent := trimPrefix "p" $quantile -}}
{{- $promise := printf "%s %% of %s take at most %s" $percent $names.work $duration -}}
{{- $objectives = append $objectives (dict "name" (printf "latency-%s" $quantile) "alert" "Latency" "budget" (divf (subf 100 ($percent | float64)) 100) "work" $work "errors" (printf "clamp_min(\n  %s\n  - %s,\n  0\n)" $work $fast) "promise" $promise) -}}
{{- end -}}
{{- toJson $objectives -}}
{{- end -}}

{{/* The buckets' bounds, as a regex of the label `le`: pages say 1.0 where an OTLP receiver says 1. */}}
{{- define "metrics.v1.slo.bounds" -}}
50ms: '0\.05'
100ms: '0\.1'
300ms: '0\.3'
1s: '1(\.0)?'
3s: '3(\.0)?'
5s: '5(\.0)?'
{{- end -}}

{{/*
Per second over five minutes, then as a share over each window that an alert looks at. The long windows are summed up from
the short one, which is one series: the raw ones of three days would be read at each evaluation.
*/}}
{{- define "metrics.v1.slo.recordings" -}}
{{- range $objective := include "metrics.v1.slo.objectives" . | fromJsonArray }}
{{- $labels := include "metrics.v1.slo.labels" (list $ $objective) -}}
{{- range $record, $expr := dict "environment_service_slo:work:rate5m" $objective.work "environment_service_slo:errors:rate5m" $objective.errors }}
- record: {{ $record }}
  expr: |-
    {{- $expr | nindent 4 }}
  labels:
    slo: {{ quote $objective.name }}
{{- end }}
- record: environment_service_slo:error_budget:ratio
  expr: vector({{ include "metrics.v1.promql.number" $objective.budget }})
  labels:
    environment: {{ $.Values.metrics.environment | quote }}
    service: {{ include "metrics.v1.name" $ | quote }}
    slo: {{ quote $objective.name }}
    {{- with $.unit }}
    unit: {{ quote . }}
    {{- end }}
- record: environment_service_slo:errors:ratio_rate5m
  expr: |-
    environment_service_slo:errors:rate5m{ {{- $labels -}} }
    / (environment_service_slo:work:rate5m{ {{- $labels -}} } > 0)
  labels:
    slo: {{ quote $objective.name }}
{{- range $window := list "30m" "1h" "2h" "6h" "1d" "3d" }}
{{ include "metrics.v1.slo.share" (list $objective.name $labels $window) }}
{{- end }}
{{- end }}
{{- end -}}

{{/* What is left of the budget is asked for by people, not by alerts: seldom is often enough for a month. */}}
{{- define "metrics.v1.slo.month" -}}
{{- range include "metrics.v1.slo.objectives" . | fromJsonArray }}
{{ include "metrics.v1.slo.share" (list .name (include "metrics.v1.slo.labels" (list $ .)) "30d") }}
{{- end }}
{{- end -}}

{{- define "metrics.v1.slo.share" -}}
{{- $labels := index . 1 -}}
- record: environment_service_slo:errors:ratio_rate{{ last . }}
  expr: |-
    sum_over_time(environment_service_slo:errors:rate5m{ {{- $labels -}} }[{{ last . }}])
    / (sum_over_time(environment_service_slo:work:rate5m{ {{- $labels -}} }[{{ last . }}]) > 0)
  labels:
    slo: {{ first . | quote }}
{{- end -}}

{{- define "metrics.v1.slo.labels" -}}
{{ include "metrics.v1.promql.selector" (first .) }},slo={{ (last .).name | quote }}
{{- end -}}
