{{/* The Service of the service, or of one of its units, where it has a port: its own, or the one Prometheus scrapes. */}}
{{- define "workload.v1.service" -}}
{{- with include "metrics.v1.servicePorts" . | trim -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "metrics.v1.metadata" $ | nindent 2 }}
spec:
  type: ClusterIP
  selector:
    {{- include "metrics.v1.selectorLabels" $ | nindent 4 }}
  ports:
    {{- . | nindent 4 }}
{{- end -}}
{{- end -}}
