{{/* The one container of a pod. Its root file system is read-only; /tmp is the place to write. */}}
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
{{- if include "workload.v1.preStop" . }}
lifecycle:
  preStop:
    sleep:
      seconds: {{ int $workload.preStopSeconds }}
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

{{/*
"true" or nothing. A pod is told to stop while the nodes still learn that its Service has lost it: until they have, new
connections come, and a server that has closed its port refuses them. Nobody but Prometheus calls a consumer or runner.
Kubernetes before 1.30 does not know how to wait by itself, and not every image has a program for it: there a pod stops at once.
*/}}
{{- define "workload.v1.preStop" -}}
{{- $called := or (eq .Values.metrics.role "http-api") (include "metrics.v1.present" .Values.workload.extraPorts | fromJson) -}}
{{- $known := semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version -}}
{{- if and $called $known (gt (int .Values.workload.preStopSeconds) 0) -}}true{{- end -}}
{{- end -}}
