{{/* Prometheus to the port it scrapes; each named peer to every port of the service. */}}
{{- define "metrics.v1.networkPolicy.ingress" -}}
{{- $policy := .Values.metrics.networkPolicy -}}
{{- $ports := include "metrics.v1.portMap" . | fromYaml -}}
{{- if eq (include "metrics.v1.delivery" .) "pull" }}
- from:
    - {{ include "metrics.v1.peer" $policy.prometheus | trim | indent 6 | trim }}
  ports:
    - {port: {{ get $ports (include "metrics.v1.monitorPortName" .) }}, protocol: TCP}
{{- end }}
{{- range $_, $peer := include "metrics.v1.present" $policy.peers | fromYaml }}
- from:
    - {{ include "metrics.v1.peer" $peer | trim | indent 6 | trim }}
  ports:
    {{- range $_, $port := $ports }}
    - {port: {{ $port }}, protocol: TCP}
    {{- end }}
{{- end }}
{{- end -}}

{{/* Name resolution, the collector where the process pushes, and each named peer. */}}
{{- define "metrics.v1.networkPolicy.egress" -}}
{{- $policy := .Values.metrics.networkPolicy -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
  ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
{{- if eq (include "metrics.v1.delivery" .) "push" }}
- to:
    - {{ include "metrics.v1.peer" $policy.collector | trim | indent 6 | trim }}
  ports:
    - {port: {{ include "metrics.v1.collectorPort" . }}, protocol: TCP}
{{- end }}
{{- range $_, $peer := include "metrics.v1.present" $policy.egress | fromYaml }}
- to:
    - {{ include "metrics.v1.peer" $peer | trim | indent 6 | trim }}
  ports:
    {{- range $_, $port := include "metrics.v1.present" $peer.ports | fromYaml }}
    - {port: {{ int $port }}, protocol: TCP}
    {{- end }}
{{- end }}
{{- end -}}

{{/* One NetworkPolicy peer; metrics.v1.validate has seen that it selects something. */}}
{{- define "metrics.v1.peer" -}}
{{- range $selector := list "namespaceSelector" "podSelector" }}
{{- with include "metrics.v1.present" (dig $selector "matchLabels" dict $) | fromYaml }}
{{ $selector }}:
  matchLabels:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end }}
{{- end -}}
