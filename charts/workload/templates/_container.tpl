{{/* The service's one container. Its root file system is read-only; /tmp is the place to write. */}}
{{- define "workload.v1.container" -}}
{{- $workload := .Values.workload }}
name: app
image: {{ printf "%s:%s" $workload.image.repository (include "metrics.v1.version" .) | quote }}
imagePullPolicy: {{ $workload.image.pullPolicy }}
{{- with $workload.command }}
command:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $workload.args }}
args:
  {{- toYaml . | nindent 2 }}
{{- end }}
env:
  {{- include "metrics.v1.env" . | trim | nindent 2 }}
{{- with include "metrics.v1.ports" . | trim }}
ports:
  {{- . | nindent 2 }}
{{- end }}
startupProbe:
  {{- include "workload.v1.probe" (list . "startup") | nindent 2 }}
readinessProbe:
  {{- include "workload.v1.probe" (list . "readiness") | nindent 2 }}
livenessProbe:
  {{- include "workload.v1.probe" (list . "liveness") | nindent 2 }}
resources:
  {{- toYaml $workload.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  capabilities:
    drop: [ALL]
  readOnlyRootFilesystem: true
volumeMounts:
  - name: tmp
    mountPath: /tmp
{{- end -}}
