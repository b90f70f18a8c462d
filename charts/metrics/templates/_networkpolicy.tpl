{{/*
Who may talk to the pods and whom they may talk to. Ingress is always closed but for Prometheus (where it pulls) and the
named peers. Egress is closed for consumers and runners, on either backend, and for an HTTP API that names its egress or
denies it by default.
*/}}
{{- define "metrics.v1.networkPolicy" -}}
{{- $policy := .Values.metrics.networkPolicy -}}
{{- $named := include "metrics.v1.present" $policy.egress | fromJson -}}
{{- $closesEgress := or (ne .Values.metrics.role "http-api") $named $policy.defaultDeny -}}
{{- if $policy.enabled }}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "metrics.v1.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "metrics.v1.selectorLabels" . | nindent 6 }}
  policyTypes:
    - Ingress
    {{- if $closesEgress }}
    - Egress
    {{- end }}
  {{- with include "metrics.v1.networkPolicy.ingress" . | trim }}
  ingress:
    {{- . | nindent 4 }}
  {{- end }}
  {{- if $closesEgress }}
  egress:
    {{- include "metrics.v1.networkPolicy.egress" . | trim | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}
