{{/*
The pages of a pod that Prometheus scrapes, as a JSON list: the service's own, then metrics.serviceMonitor.endpoints in the
order of their names. What an entry does not say is as the service's own; its relabelings replace those, they are not merged.
`key` is the value that declares the page.
*/}}
{{- define "metrics.v1.pages" -}}
{{- $monitor := .Values.metrics.serviceMonitor -}}
{{- $own := pick $monitor "interval" "scrapeTimeout" "relabelings" "metricRelabelings" -}}
{{- $own = mergeOverwrite (deepCopy $own) (dict "key" "metrics.serviceMonitor" "path" .Values.metrics.path "port" (include "metrics.v1.monitorPortName" .)) -}}
{{- $pages := list $own -}}
{{- range $name, $entry := include "metrics.v1.present" $monitor.endpoints | fromJson -}}
{{- $page := deepCopy $own -}}
{{- range $key, $value := include "metrics.v1.present" $entry | fromJson -}}
{{- $_ := set $page $key $value -}}
{{- end -}}
{{- $_ := set $page "key" (printf "metrics.serviceMonitor.endpoints.%s" $name) -}}
{{- $pages = append $pages $page -}}
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
