{{/* The service's work: how much, how much of it failed, how long it took, how much is being done: a JSON list, as of metrics.v1.dashboard.panel. */}}
{{- define "metrics.v1.dashboard.workPanels" -}}
{{- $names := include "metrics.v1.promql.names" . | fromJson -}}
{{- $selector := include "metrics.v1.promql.selector" . -}}
{{- $rate := printf "(rate(%s{%s}[$__rate_interval]))" $names.total $selector -}}
{{- $buckets := printf "sum by (le) (increase(%s_bucket{%s}[$__rate_interval]))" $names.duration $selector -}}
{{- $quantiles := list -}}
{{- range list "p50" "p90" "p99" -}}
{{- $quantiles = append $quantiles (list (include "metrics.v1.promql.durationQuantile" (list $ . "$__rate_interval")) .) -}}
{{- end -}}
{{- $source := printf "sum by (%s) %s" $names.source $rate -}}
{{- $busy := printf "sum by (service_instance_id) (%s{%s})" $names.inProgress $selector -}}
{{- list
  (dict
    "title" (printf "%s per second, by status" (title $names.work))
    "text" "Status 2xx is success, 5xx is failure."
    "unit" "reqps"
    "targets" (list (list (printf "sum by (status) %s" $rate) "{{status}}")))
  (dict
    "title" "Failures"
    "text" (printf "Per cent of %s with status 5xx. Empty: none ever failed." $names.work)
    "unit" "percent"
    "targets" (list (list (include "metrics.v1.promql.errorPercent" (list . "$__rate_interval")) "failed")))
  (dict
    "title" "Durations"
    "text" (printf "How many %s took how long." $names.work)
    "type" "heatmap"
    "unit" "s"
    "targets" (list (list $buckets "{{le}}")))
  (dict
    "title" "Duration quantiles"
    "text" (printf "p99: 99 %% of %s took at most this long. More than 5 s is shown as 5 s." $names.work)
    "unit" "s"
    "targets" $quantiles)
  (dict
    "title" (printf "%s per second, by %s" (title $names.work) $names.source)
    "text" (printf "Which %s the work comes from." $names.source)
    "unit" "reqps"
    "targets" (list (list $source (printf "{{%s}}" $names.source))))
  (dict
    "title" "In progress, by worker"
    "text" (printf "%s being worked on in each worker process. One that only rises is stuck." (title $names.work))
    "unit" "short"
    "targets" (list (list $busy "{{service_instance_id}}"))) | toJson -}}
{{- end -}}
