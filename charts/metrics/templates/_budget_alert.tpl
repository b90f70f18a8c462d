{{/* Before a scrape is lost whole (sampleLimit) or the library leaves series out (METRICS_SERIES_BUDGET). */}}
{{- define "metrics.v1.alerts.budget" -}}
{{- $budget := .Values.metrics.budget -}}
{{- $limit := divf (mulf $budget.series $budget.warnPercent) 100 -}}
{{- include "metrics.v1.alert" (dict
    "root" .
    "name" "ServiceSeriesBudget"
    "severity" "ticket"
    "for" "5m"
    "expr" (printf "%s > %s" (include "metrics.v1.promql.series" .) (include "metrics.v1.promql.number" $limit))
    "summary" (printf "has used more than %d %% of its budget of series" (int $budget.warnPercent))
    "description" (printf "Pod {{ $labels.pod }} exports {{ $value }} series, and %d are allowed. Above that new ones are counted together, with `_overflow` for every label%s." (int $budget.series) (ternary "" ", and a page that is larger all the same is refused whole" (eq (include "metrics.v1.delivery" .) "push")))) -}}
{{- end -}}

{{/* The library says how many it left out, of each process, until that ends. */}}
{{- define "metrics.v1.alerts.leftOut" -}}
{{- $dropped := printf "service_metrics_dropped_series_total{%s}" (include "metrics.v1.promql.selector" .) -}}
{{- include "metrics.v1.alert" (dict
    "root" .
    "name" "ServiceSeriesLeftOut"
    "severity" "ticket"
    "for" "5m"
    "expr" (printf "sum by (%s, family, pod) (%s) > 0" (include "metrics.v1.promql.by" .) (include "metrics.v1.promql.pod" $dropped))
    "summary" "has no budget left for new series"
    "description" (printf "Pod {{ $labels.pod }} has used its budget of %d series: {{ $value }} new series of {{ $labels.family }} are counted together, with `_overflow` for every label. Sums stay right, their parts do not." (int .Values.metrics.budget.series))) -}}
{{- end -}}

{{/*
Series of a pod. Prometheus counts what it scrapes, under the target's labels; ours are the targets whose page held one of our
processes within the hour, so a page that is refused is still seen. What is pushed must be counted.
*/}}
{{- define "metrics.v1.promql.series" -}}
{{- if eq (include "metrics.v1.delivery" .) "push" -}}
{{- $all := printf "{%s,service_instance_id!=\"\"}" (include "metrics.v1.promql.selector" .) -}}
count by ({{ include "metrics.v1.promql.by" . }}, pod) ({{ include "metrics.v1.promql.pod" $all }})
{{- else -}}
(scrape_samples_post_metric_relabeling and on (job, instance) last_over_time({{ include "metrics.v1.promql.processes" . }}[1h]))
{{- end -}}
{{- end -}}
