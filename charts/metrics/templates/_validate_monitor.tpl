{{/* What a monitor names is there, and the operator takes it: what it refuses it leaves out, and the service is not scraped. */}}
{{- define "metrics.v1.validate.monitor" -}}
{{- if eq (include "metrics.v1.delivery" .) "pull" -}}
{{- range list "kind" "monitorLabels" "pages" "access" "limits" "dropLabels" "relabelings" "annotations" -}}
{{- include (printf "metrics.v1.validate.%s" .) $ -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "metrics.v1.validate.kind" -}}
{{- $kind := include "metrics.v1.monitorKind" . -}}
{{- if and (eq .Values.metrics.serviceMonitor.create "always") (not (include "metrics.v1.knowsKind" (list . $kind))) -}}
{{- fail (printf "metrics.serviceMonitor.create is \"always\", but the cluster does not know monitoring.coreos.com/v1 %s: install the Prometheus operator's CRDs, give `helm template` `--api-versions monitoring.coreos.com/v1/%s`, or set it to auto." $kind $kind) -}}
{{- end -}}
{{- end -}}

{{- define "metrics.v1.validate.monitorLabels" -}}
{{- $monitor := .Values.metrics.serviceMonitor -}}
{{- range $name, $_ := include "metrics.v1.present" $monitor.labels | fromJson -}}
{{- if hasKey (include "metrics.v1.labels" $ | fromYaml) $name -}}
{{- fail (printf "metrics.serviceMonitor.labels has %s, which the chart sets itself: leave it out." $name) -}}
{{- end -}}
{{- end -}}
{{- if not (regexMatch "^([A-Za-z0-9]([A-Za-z0-9_./-]*[A-Za-z0-9])?)?$" $monitor.jobLabel) -}}
{{- fail (printf "metrics.serviceMonitor.jobLabel is %q, which no label is called: write the name of a label of the Service, as in app.kubernetes.io/name." $monitor.jobLabel) -}}
{{- end -}}
{{- end -}}

{{/* Each page is on a port that exists, is scraped once, and within its interval. */}}
{{- define "metrics.v1.validate.pages" -}}
{{- $ports := include "metrics.v1.portMap" . | fromYaml -}}
{{- $scraped := dict -}}
{{- range $page := include "metrics.v1.pages" . | fromJsonArray -}}
{{- if not (hasKey $ports .port) -}}
{{- fail (printf "%s.port is %q, but the service's ports are named %s: use one of these, or leave it out." .key .port (keys $ports | sortAlpha | join ", ")) -}}
{{- end -}}
{{- if gt (include "metrics.v1.seconds" .scrapeTimeout | int) (include "metrics.v1.seconds" .interval | int) -}}
{{- fail (printf "%s.scrapeTimeout is %s, longer than %s.interval (%s): the operator refuses that, so make it shorter." .key .scrapeTimeout .key .interval) -}}
{{- end -}}
{{- $address := printf "%s%s" .port .path -}}
{{- with get $scraped $address -}}
{{- fail (printf "%s is the page %s on the port %s, which %s scrapes already: give it a port or a path of its own." $page.key $page.path $page.port .) -}}
{{- end -}}
{{- $_ := set $scraped $address .key -}}
{{- end -}}
{{- end -}}

{{/* `30s` or `2m` in seconds; the schema allows nothing else. */}}
{{- define "metrics.v1.seconds" -}}
{{- if hasSuffix "m" . -}}{{ mul 60 (trimSuffix "m" . | int) }}{{- else -}}{{ trimSuffix "s" . }}{{- end -}}
{{- end -}}

{{/* prometheus.io/* annotations name one page and its scheme. What they cannot say would be lost without a word. */}}
{{- define "metrics.v1.validate.annotations" -}}
{{- if include "metrics.v1.annotates" . -}}
{{- range list "tlsConfig" "basicAuth" "authorization" "endpoints" -}}
{{- if include "metrics.v1.present" (get $.Values.metrics.serviceMonitor .) | fromJson -}}
{{- fail (printf "metrics.serviceMonitor.%s is set, but the cluster does not know monitoring.coreos.com/v1 %s, and prometheus.io annotations cannot say it: install the Prometheus operator's CRDs, leave it out, or set metrics.serviceMonitor.create to never." . (include "metrics.v1.monitorKind" $)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
