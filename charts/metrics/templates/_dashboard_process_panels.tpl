{{/* The service's processes, what they cost, and what was promised: a JSON list, as of metrics.v1.dashboard.panel. */}}
{{- define "metrics.v1.dashboard.processPanels" -}}
{{- $metrics := .Values.metrics -}}
{{- $selector := include "metrics.v1.promql.selector" . -}}
{{- $resident := printf "process_resident_memory_bytes{%s}" $selector | include "metrics.v1.promql.pod" -}}
{{- $memory := list (list (printf "sum by (pod) (%s)" $resident) "{{pod}}") -}}
{{- with include "metrics.v1.dashboard.memoryLimit" . -}}
{{- $memory = append $memory (list (printf "vector(%s)" .) "limit") -}}
{{- end -}}
{{- $restarts := include "metrics.v1.promql.restarts" (list . $metrics.alerts.restarts.window) -}}
{{- $series := list (list (include "metrics.v1.promql.series" .) "{{pod}}") -}}
{{- with $metrics.budget.series -}}
{{- $series = append $series (list (printf "vector(%d)" (int .)) "budget") -}}
{{- end -}}
{{- $panels := list
  (dict
    "title" "Memory against limit"
    "text" "Resident memory of a pod's processes together; above the limit the kernel kills one."
    "unit" "bytes"
    "targets" $memory)
  (dict
    "title" "Worker processes"
    "text" "Of each pod, and how many it should have."
    "unit" "short"
    "targets" (list (list (include "metrics.v1.promql.workers" .) "{{pod}}") (list (printf "vector(%d)" (int $metrics.workers)) "wanted")))
  (dict
    "title" "Restarts"
    "text" (printf "Starts of processes beyond the pod's workers, within %s." $metrics.alerts.restarts.window)
    "unit" "short"
    "targets" (list (list (printf "clamp_min(%s, 0)" $restarts) "{{pod}}")))
  (dict
    "title" "Series"
    "text" "Of each pod, and the budget for it."
    "unit" "short"
    "targets" $series) -}}
{{- if and (include "metrics.v1.prometheusRule.wanted" .) (include "metrics.v1.slo.objectives" . | fromJsonArray) -}}
{{- $left := printf "1 - environment_service_slo:errors:ratio_rate30d{%s} / environment_service_slo:error_budget:ratio{%s}" $selector $selector -}}
{{- $panels = concat $panels (list
  (dict
    "title" "Budget for failures left"
    "text" "What is left for the past 30 days of what may break each promise; below 0 it is broken."
    "unit" "percentunit"
    "belowZero" true
    "targets" (list (list $left "{{slo}}")))
  (dict
    "title" "Broken promises"
    "text" "Share of the work in the last hour that was not as promised."
    "unit" "percentunit"
    "targets" (list (list (printf "environment_service_slo:errors:ratio_rate1h{%s}" $selector) "{{slo}}")))) -}}
{{- end -}}
{{- toJson $panels -}}
{{- end -}}

{{/* workload.resources.limits.memory in bytes; nothing where the chart does not know it. */}}
{{- define "metrics.v1.dashboard.memoryLimit" -}}
{{- $memory := ((((.Values.workload).resources).limits).memory) | toString -}}
{{- if regexMatch "^[0-9.]+(e[+][0-9]+)?([kMG]|[KMG]i)?$" $memory -}}
{{- $unit := regexFind "[kKMG]i?$" $memory -}}
{{- $factor := get (dict "" 1 "k" 1e3 "M" 1e6 "G" 1e9 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824) $unit -}}
{{- mulf (trimSuffix $unit $memory | float64) $factor | int64 -}}
{{- end -}}
{{- end -}}
