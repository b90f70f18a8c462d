{{/*
A service of one process is one unit without a name. One of several (web, a queue's worker, scheduler) names them under
metrics.units; each has its own objects, selectors and OTEL_SERVICE_NAME. Called with the chart's root.
*/}}
{{- define "metrics.v1.unitNames" -}}
{{- keys (include "metrics.v1.present" .Values.metrics.units | fromJson) | sortAlpha | default (list "") | toJson -}}
{{- end -}}

{{/*
A template as one unit sees it: include "metrics.v1.inUnit" (list . "scheduler" "metrics.v1.env"). What metrics.units,
workload.units and env.units say of the unit lies over the service's own values. The empty name is the service itself.
The template gets a dict: Values is a plain map there, and `unit` the name.
*/}}
{{- define "metrics.v1.inUnit" -}}
{{- $root := first . -}}
{{- $unit := index . 1 -}}
{{- if not $unit -}}
{{- include (last .) $root -}}
{{- else -}}
{{- $values := deepCopy $root.Values.AsMap -}}
{{- range $name := list "metrics" "workload" -}}
{{- $block := get $values $name | default dict -}}
{{- $over := get ($block.units | default dict) $unit | default dict -}}
{{- $_ := set $values $name (mergeOverwrite $block (include "metrics.v1.present" $over | fromJson)) -}}
{{- end -}}
{{- $env := get $values "env" | default dict -}}
{{- $over := get ($env.units | default dict) $unit | default dict -}}
{{- $standard := mergeOverwrite ($env.standard | default dict) $over -}}
{{- $_ := set $values "env" (set $env "standard" $standard) -}}
{{- include (last .) (dict "Capabilities" $root.Capabilities "Chart" $root.Chart "Release" $root.Release "Template" $root.Template "Values" $values "unit" $unit) -}}
{{- end -}}
{{- end -}}

{{/* What the unit is called where nothing else tells it from the others: its OTEL_SERVICE_NAME. Never the environment. */}}
{{- define "metrics.v1.unitName" -}}
{{- $name := include "metrics.v1.name" . -}}
{{- if .unit -}}{{ printf "%s-%s" $name .unit }}{{- else -}}{{ $name }}{{- end -}}
{{- end -}}

{{/* For sentences: what stands before the key of a value that a unit may set, as in metrics.units.web.role. */}}
{{- define "metrics.v1.unitKey" -}}
{{- with .unit -}}units.{{ . }}.{{- end -}}
{{- end -}}
