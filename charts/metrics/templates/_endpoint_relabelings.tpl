{{/*
Relabelings of a target. A PodMonitor's series have the job `<namespace>/<name>` unless a label names it; here they have the
one they would have through a Service, so that no query changes with the kind of monitor.
*/}}
{{- define "metrics.v1.targetRelabelings" -}}
{{- $scope := first . -}}
{{- if and $scope.Values.metrics.podMonitor.enabled (not $scope.Values.metrics.serviceMonitor.jobLabel) }}
- targetLabel: job
  replacement: {{ include "metrics.v1.unitFullname" $scope | quote }}
{{- end }}
{{- include "metrics.v1.rules" (last .) }}
{{- end -}}

{{/* Relabelings of each sample: labels with a value per user or request go first. */}}
{{- define "metrics.v1.sampleRelabelings" -}}
{{- with include "metrics.v1.droppedLabels" (first .) | fromJsonArray }}
- action: labeldrop
  regex: {{ join "|" . | quote }}
{{- end }}
{{- include "metrics.v1.rules" (last .) }}
{{- end -}}

{{/* The operator's rules from a map of them, in the order of its names. */}}
{{- define "metrics.v1.rules" -}}
{{- range $_, $rule := include "metrics.v1.present" . | fromJson }}
- {{ toYaml $rule | indent 2 | trim }}
{{- end }}
{{- end -}}

{{/* The labels that metrics.serviceMonitor.dropLabels says to drop, as a JSON list. */}}
{{- define "metrics.v1.droppedLabels" -}}
{{- $names := list -}}
{{- range $name, $drop := .Values.metrics.serviceMonitor.dropLabels -}}
{{- if $drop -}}
{{- $names = append $names $name -}}
{{- end -}}
{{- end -}}
{{- toJson $names -}}
{{- end -}}
