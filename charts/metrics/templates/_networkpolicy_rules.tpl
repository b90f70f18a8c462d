{{/* Prometheus to the ports it scrapes; each named peer to every port of the service, of whose units one may have none. */}}
{{- define "metrics.v1.networkPolicy.ingress" -}}
{{- $policy := .Values.metrics.networkPolicy -}}
{{- $ports := include "metrics.v1.portMap" . | fromYaml -}}
{{- if eq (include "metrics.v1.delivery" .) "pull" }}
- from:
    - {{ include "metrics.v1.peer" $policy.prometheus | trim | indent 6 | trim }}
  ports:
    {{- range include "metrics.v1.scrapedPorts" . | fromJsonArray }}
    - {port: {{ get $ports . }}, protocol: TCP}
    {{- end }}
{{- end }}
{{- range $_, $peer := ternary dict (include "metrics.v1.present" $policy.peers | fromJson) (empty $ports) }}
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
    - {{ include "metrics.v1.peer" $policy.dns | trim | indent 6 | trim }}
  ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
{{- if eq (include "metrics.v1.delivery" .) "push" }}
- to:
    - {{ include "metrics.v1.peer" $policy.collector | trim | indent 6 | trim }}
  ports:
    - {port: {{ include "metrics.v1.collectorPort" . }}, protocol: TCP}
{{- end }}
{{- range $_, $peer := include "metrics.v1.present" $policy.egress | fromJson }}
- to:
    - {{ include "metrics.v1.peer" $peer | trim | indent 6 | trim }}
  ports:
    {{- range $_, $port := include "metrics.v1.present" $peer.ports | fromJson }}
    - {port: {{ int $port }}, protocol: TCP}
    {{- end }}
{{- end }}
{{- end -}}
