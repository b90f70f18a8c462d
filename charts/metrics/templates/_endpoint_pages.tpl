{{/*
The pages of a pod that Prometheus scrapes, as a JSON list: the service's own, then metrics.serviceMonitor.endpoints in the
order of their names. What an entry does not say is as the service's own; its relabelings replace those, they are not merged.
A unit leaves out what is on the port of another unit. `key` is the value that declares the page.
*/}}
{{- define "metrics.v1.pages" -}}
{{- $monitor := .Values.metrics.serviceMonitor -}}
{{- $own := pick $monitor "interval" "scrapeTimeout" "relabelings" "metricRelabelings" -}}
{{- $own = mergeOverwrite (deepCopy $own) (dict "key" "metrics.serviceMonitor" "path" .Values.metrics.path "port" (include "metrics.v1.monitorPortName" .)) -}}
{{- $pages := list $own -}}
{{- $elsewhere := include "metrics.v1.otherUnitsPorts" . | fromJsonArray -}}
{{- range $name, $entry := include "metrics.v1.present" $monitor.endpoints | fromJson -}}
{{- if or (not $entry.port) (not (has $entry.port $elsewhere)) -}}
{{- $page := deepCopy $own -}}
{{- range $key, $value := include "metrics.v1.present" $entry | fromJson -}}
{{- $_ := set $page $key $value -}}
{{- end -}}
{{- $_ := set $page "key" (printf "metrics.serviceMonitor.endpoints.%s" $name) -}}
{{- $pages = append $pages $page -}}
{{- end -}}
{{- end -}}
{{- toJson $pages -}}
{{- end -}}

{{/* The names of the ports these pages are on, each once, as a JSON list. */}}
{{- define "metrics.v1.scrapedPorts" -}}
{{- $names := list -}}
{{- range include "metrics.v1.pages" . | fromJsonArray -}}
{{- $names = append $names .port -}}
{{- end -}}
{{- uniq $names | toJson -}}
{{- end -}}

{{/* The names of ports that other units have and this one has not, as a JSON list; none without units. */}}
{{- define "metrics.v1.otherUnitsPorts" -}}
{{- $names := list -}}
{{- if .unit -}}
{{- range include "metrics.v1.present" .Values.metrics.units | fromJson -}}
{{- $names = append $names (.portName | default (ternary "http" "metrics" (eq (.role | default "") "http-api"))) -}}
{{- end -}}
{{- range include "metrics.v1.present" ((.Values.workload).units) | fromJson -}}
{{- $names = concat $names (keys (.extraPorts | default dict) | sortAlpha) -}}
{{- end -}}
{{- range $name, $_ := include "metrics.v1.portMap" . | fromYaml -}}
{{- $names = without $names $name -}}
{{- end -}}
{{- end -}}
{{- toJson $names -}}
{{- end -}}
