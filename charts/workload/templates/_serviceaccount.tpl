{{/* An identity of its own, one for all units, without a token: the service does not talk to the Kubernetes API. */}}
{{- define "workload.v1.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "metrics.v1.metadata" . | nindent 2 }}
automountServiceAccountToken: false
{{- end -}}
