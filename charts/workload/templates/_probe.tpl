{{/* A probe: an HTTP API is asked over its port; a consumer or runner has none, so a command is run. Called with (list . "readiness"). */}}
{{- define "workload.v1.probe" -}}
{{- $root := first . -}}
{{- $probe := get $root.Values.workload.probes (last .) -}}
{{- if eq $root.Values.metrics.role "http-api" -}}
httpGet:
  path: {{ $probe.path | quote }}
  port: {{ include "metrics.v1.portName" $root | quote }}
{{- else -}}
exec:
  command:
    {{- toYaml $root.Values.workload.probes.command | nindent 4 }}
{{- end }}
periodSeconds: {{ int $probe.periodSeconds }}
timeoutSeconds: {{ int $probe.timeoutSeconds }}
failureThreshold: {{ int $probe.failureThreshold }}
{{- end -}}
