{{/*
Recording rules and alerts, in one PrometheusRule a unit. They select by labels that pulled and pushed series both have, so a
service keeps its alerts when it moves from one to the other.
*/}}
{{- define "metrics.v1.prometheusRule" -}}
{{- include "metrics.v1.validate.rules" . -}}
{{- if include "metrics.v1.prometheusRule.wanted" . }}
{{- with include "metrics.v1.prometheusRule.groups" . | trim }}
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  {{- include "metrics.v1.metadata" $ | nindent 2 }}
  {{- range $name, $value := include "metrics.v1.present" $.Values.metrics.alerts.labels | fromJson }}
    {{ $name | quote }}: {{ $value | quote }}
  {{- end }}
spec:
  groups:
    {{- . | nindent 4 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* "true" or nothing. */}}
{{- define "metrics.v1.prometheusRule.wanted" -}}
{{- $alerts := .Values.metrics.alerts -}}
{{- if and $alerts.enabled (ne (include "metrics.v1.delivery" .) "none") -}}
{{- include "metrics.v1.wantsKind" (list . $alerts.create "PrometheusRule") -}}
{{- end -}}
{{- end -}}

{{/* One group for what is promised, one for what is watched anyway; a group without rules is left out. */}}
{{- define "metrics.v1.prometheusRule.groups" -}}
{{- $name := include "metrics.v1.unitName" . -}}
{{- with include "metrics.v1.slo.recordings" . | trim }}
- name: {{ printf "%s-slo" $name }}
  rules:
    {{- . | nindent 4 }}
    {{- include "metrics.v1.slo.alerts" $ | trim | nindent 4 }}
{{- end }}
{{- with include "metrics.v1.slo.month" . | trim }}
- name: {{ printf "%s-slo-month" $name }}
  interval: 5m
  rules:
    {{- . | nindent 4 }}
{{- end }}
{{- with include "metrics.v1.alerts" . | trim }}
- name: {{ printf "%s-alerts" $name }}
  rules:
    {{- . | nindent 4 }}
{{- end }}
{{- end -}}
