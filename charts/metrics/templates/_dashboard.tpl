{{/* A Grafana dashboard in a ConfigMap, for the sidecar that looks for its labels. */}}
{{- define "metrics.v1.dashboard" -}}
{{- $dashboard := .Values.metrics.dashboard -}}
{{- include "metrics.v1.validate.rules.labels" (list "dashboard" $dashboard.labels) -}}
{{- if and $dashboard.enabled (ne (include "metrics.v1.delivery" .) "none") }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "metrics.v1.dashboard.name" . | quote }}
  namespace: {{ .Release.Namespace | quote }}
  labels:
    {{- include "metrics.v1.labels" . | nindent 4 }}
    {{- range $name, $value := include "metrics.v1.present" $dashboard.labels | fromJson }}
    {{ $name | quote }}: {{ $value | quote }}
    {{- end }}
data:
  # The sidecar writes the dashboards of all namespaces into one folder.
  {{ printf "%s.%s.json" (include "metrics.v1.dashboard.name" .) .Release.Namespace | quote }}: |
    {{- include "metrics.v1.dashboard.json" . | nindent 4 }}
{{- end }}
{{- end -}}

{{/* Not the unit's own name: a service may well have a ConfigMap that is called like itself. */}}
{{- define "metrics.v1.dashboard.name" -}}
{{- include "metrics.v1.unitFullname" . | trunc 53 | trimSuffix "-" }}-dashboard
{{- end -}}

{{/* In Grafana's format: two panels a row, all times in UTC, the data source chosen at the top. */}}
{{- define "metrics.v1.dashboard.json" -}}
{{- $panels := list -}}
{{- range $index, $panel := concat (include "metrics.v1.dashboard.workPanels" . | fromJsonArray) (include "metrics.v1.dashboard.processPanels" . | fromJsonArray) -}}
{{- $place := dict "h" 8 "w" 12 "x" (mod $index 2 | mul 12) "y" (div $index 2 | mul 8) -}}
{{- $panels = append $panels (mergeOverwrite (include "metrics.v1.dashboard.panel" $panel | fromJson) (dict "id" (add1 $index) "gridPos" $place)) -}}
{{- end -}}
{{- $source := dict "name" "datasource" "label" "Data source" "type" "datasource" "query" "prometheus" "refresh" 1 -}}
{{- $name := include "metrics.v1.unitName" . -}}
{{- dict
    "uid" (printf "%s/%s/%s" .Release.Namespace (include "metrics.v1.dashboard.name" .) .Values.metrics.environment | sha256sum | trunc 20)
    "title" (printf "%s (%s)" $name .Values.metrics.environment)
    "tags" (list "service-metrics" .Values.metrics.role)
    "timezone" "utc"
    "schemaVersion" 39
    "editable" false
    "refresh" "1m"
    "time" (dict "from" "now-6h" "to" "now")
    "templating" (dict "list" (list $source))
    "panels" $panels | toPrettyJson -}}
{{- end -}}

{{/*
One panel in Grafana's format, as JSON: a dict of title, text (what the reader sees there), unit, type, belowZero where
values may be, and targets, each a query and its legend. A heat map's query gives the buckets.
*/}}
{{- define "metrics.v1.dashboard.panel" -}}
{{- $source := dict "type" "prometheus" "uid" "${datasource}" -}}
{{- $type := .type | default "timeseries" -}}
{{- $targets := list -}}
{{- range $index, $target := .targets -}}
{{- $format := ternary "heatmap" "time_series" (eq $type "heatmap") -}}
{{- $letter := substr $index (int (add1 $index)) "ABCDEFGH" -}}
{{- $targets = append $targets (dict "refId" $letter "datasource" $source "expr" (first $target) "legendFormat" (last $target) "format" $format) -}}
{{- end -}}
{{- $options := dict "legend" (dict "displayMode" "list" "placement" "bottom") "tooltip" (dict "mode" "multi" "sort" "desc") -}}
{{- if eq $type "heatmap" -}}
{{- $options = dict "calculate" false "yAxis" (dict "unit" .unit) "cellGap" 1 "color" (dict "scheme" "Oranges" "mode" "scheme") -}}
{{- end -}}
{{- dict
    "title" .title
    "description" .text
    "type" $type
    "datasource" $source
    "targets" $targets
    "fieldConfig" (dict "defaults" (mergeOverwrite (dict "unit" .unit) (ternary dict (dict "min" 0) (hasKey . "belowZero"))) "overrides" list)
    "options" $options | toJson -}}
{{- end -}}
