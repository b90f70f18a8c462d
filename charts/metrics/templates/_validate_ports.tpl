{{/* One declaration of the port, and names and numbers that each stand for one port. */}}
{{- define "metrics.v1.validate.port" -}}
{{- $own := include "metrics.v1.portName" . -}}
{{- $used := dict (int .Values.metrics.port | toString) $own -}}
{{- range $name, $port := include "metrics.v1.extraPorts" . | fromYaml -}}
{{- if eq $name $own -}}
{{- fail (printf "workload.extraPorts.%s has the name of the port that metrics.port declares: give it another name, or change metrics.portName." $name) -}}
{{- end -}}
{{- $number := int $port | toString -}}
{{- if hasKey $used $number -}}
{{- fail (printf "workload.extraPorts.%s is %s, the number of the port `%s`: one number is one port, so declare it once." $name $number (get $used $number)) -}}
{{- end -}}
{{- $_ := set $used $number $name -}}
{{- end -}}
{{- end -}}

{{- define "metrics.v1.validate.monitor" -}}
{{- $monitor := .Values.metrics.serviceMonitor -}}
{{- if eq (include "metrics.v1.delivery" .) "pull" -}}
{{- $ports := include "metrics.v1.portMap" . | fromYaml -}}
{{- $name := include "metrics.v1.monitorPortName" . -}}
{{- if not (hasKey $ports $name) -}}
{{- fail (printf "metrics.serviceMonitor.port is %q, but the service's ports are named %s: use one of these, or leave it out." $name (keys $ports | sortAlpha | join ", ")) -}}
{{- end -}}
{{- if and (eq $monitor.create "always") (not (include "metrics.v1.hasServiceMonitorCRD" .)) -}}
{{- fail "metrics.serviceMonitor.create is \"always\", but the cluster does not know monitoring.coreos.com/v1 ServiceMonitor: install the Prometheus operator's CRDs, give `helm template` `--api-versions monitoring.coreos.com/v1/ServiceMonitor`, or set it to auto." -}}
{{- end -}}
{{- if gt (include "metrics.v1.seconds" $monitor.scrapeTimeout | int) (include "metrics.v1.seconds" $monitor.interval | int) -}}
{{- fail (printf "metrics.serviceMonitor.scrapeTimeout is %s, longer than metrics.serviceMonitor.interval (%s): the operator refuses that, so make it shorter." $monitor.scrapeTimeout $monitor.interval) -}}
{{- end -}}
{{- range $name, $_ := $monitor.labels -}}
{{- if hasPrefix "app.kubernetes.io/" $name -}}
{{- fail (printf "metrics.serviceMonitor.labels has %s, which the chart sets itself: leave it out." $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* `30s` or `2m` in seconds; the schema allows nothing else. */}}
{{- define "metrics.v1.seconds" -}}
{{- if hasSuffix "m" . -}}{{ mul 60 (trimSuffix "m" . | int) }}{{- else -}}{{ trimSuffix "s" . }}{{- end -}}
{{- end -}}
