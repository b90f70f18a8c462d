{{/*
The Deployment of the service, or of one of its units. A rollout starts the new pod before it stops an old one, so it never has fewer than asked for.
Nothing here says where pods run: that is the cluster's to decide.
*/}}
{{- define "workload.v1.deployment" -}}
{{- $workload := .Values.workload -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "metrics.v1.metadata" . | nindent 2 }}
spec:
  replicas: {{ int $workload.replicas }}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  selector:
    matchLabels:
      {{- include "metrics.v1.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      {{- with include "metrics.v1.podAnnotations" . | trim }}
      annotations:
        {{- . | nindent 8 }}
      {{- end }}
      labels:
        {{- include "metrics.v1.podLabels" . | nindent 8 }}
    spec:
      serviceAccountName: {{ include "metrics.v1.fullname" . | quote }}
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: {{ int $workload.terminationGracePeriodSeconds }}
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
      containers:
        - {{ include "workload.v1.container" . | trim | indent 10 | trim }}
      volumes:
        - name: tmp
          emptyDir:
            sizeLimit: {{ $workload.tmp.sizeLimit }}
{{- end -}}
