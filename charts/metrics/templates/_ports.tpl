{{/* The name of the one declared port (metrics.port). */}}
{{- define "metrics.v1.portName" -}}
{{- .Values.metrics.portName | default (ternary "http" "metrics" (eq .Values.metrics.role "http-api")) -}}
{{- end -}}

{{/* The name of the port that Prometheus scrapes. */}}
{{- define "metrics.v1.monitorPortName" -}}
{{- .Values.metrics.serviceMonitor.port | default (include "metrics.v1.portName" .) -}}
{{- end -}}

{{/*
Every port of the pod as a map, name to number. metrics.port is there when somebody calls it: an HTTP API's callers, or
Prometheus. workload.extraPorts is the only value of another chart that is read here.
*/}}
{{- define "metrics.v1.portMap" -}}
{{- if or (eq .Values.metrics.role "http-api") (eq (include "metrics.v1.delivery" .) "pull") }}
{{ include "metrics.v1.portName" . | quote }}: {{ int .Values.metrics.port }}
{{- end }}
{{- range $name, $port := include "metrics.v1.extraPorts" . | fromJson }}
{{ $name | quote }}: {{ int $port }}
{{- end }}
{{- end -}}

{{- define "metrics.v1.extraPorts" -}}
{{- include "metrics.v1.present" ((.Values.workload).extraPorts) -}}
{{- end -}}

{{/* The container's ports. */}}
{{- define "metrics.v1.ports" -}}
{{- range $name, $port := include "metrics.v1.portMap" . | fromYaml }}
- name: {{ $name | quote }}
  containerPort: {{ $port }}
  protocol: TCP
{{- end }}
{{- end -}}

{{/*
The Service's ports; they point at the container's ports by name. A port that only Prometheus asks needs none where a
PodMonitor finds the pods themselves.
*/}}
{{- define "metrics.v1.servicePorts" -}}
{{- $ports := include "metrics.v1.portMap" . | fromYaml -}}
{{- if and .Values.metrics.podMonitor.enabled (ne .Values.metrics.role "http-api") -}}
{{- $ports = omit $ports (include "metrics.v1.portName" .) -}}
{{- end -}}
{{- range $name, $port := $ports }}
- name: {{ $name | quote }}
  port: {{ $port }}
  targetPort: {{ $name | quote }}
  protocol: TCP
{{- end }}
{{- end -}}
