{{/*
One alert: a dict of root, name, severity (page or ticket), expr, summary, description and, where there are, for and labels.
service and environment are on every alert, whatever its expression leaves, so that all are routed alike.
*/}}
{{- define "metrics.v1.alert" -}}
{{- $root := .root -}}
{{- $alerts := $root.Values.metrics.alerts -}}
{{- $environment := include "metrics.v1.alert.text" $root.Values.metrics.environment -}}
{{- $labels := dict "environment" $environment "service" (include "metrics.v1.name" $root) "severity" (get $alerts.severities .severity) -}}
{{- with $root.unit -}}
{{- $_ := set $labels "unit" . -}}
{{- end -}}
{{- $who := printf "%s in %s" (include "metrics.v1.unitName" $root) $environment -}}
- alert: {{ .name }}
  expr: |-
    {{- .expr | nindent 4 }}
  {{- with .for }}
  for: {{ . }}
  {{- end }}
  labels:
    {{- mergeOverwrite $labels (.labels | default dict) | toYaml | nindent 4 }}
  annotations:
    summary: {{ printf "%s %s." $who .summary | toRawJson }}
    description: {{ .description | toRawJson }}
    runbook_url: {{ printf "%s/%s" $alerts.runbookUrl .name | toRawJson }}
{{- end -}}

{{/* Prometheus reads labels and annotations as Go templates: what a value says must stay text there. */}}
{{- define "metrics.v1.alert.text" -}}
{{- replace "{{" "{{ \"{{\" }}" . -}}
{{- end -}}
