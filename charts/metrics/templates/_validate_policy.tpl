{{/* A peer that selects nothing allows everybody, and a rule without ports every port: neither is ever meant. */}}
{{- define "metrics.v1.validate.policy" -}}
{{- $policy := .Values.metrics.networkPolicy -}}
{{- $delivery := include "metrics.v1.delivery" . -}}
{{- if $policy.enabled -}}
{{- include "metrics.v1.validate.peer" (list "dns" $policy.dns) -}}
{{- if eq $delivery "pull" -}}
{{- include "metrics.v1.validate.caller" (list "prometheus" $policy.prometheus) -}}
{{- else if eq $delivery "push" -}}
{{- include "metrics.v1.validate.peer" (list "collector" $policy.collector) -}}
{{- end -}}
{{- range $name, $peer := include "metrics.v1.present" $policy.peers | fromJson -}}
{{- include "metrics.v1.validate.caller" (list (printf "peers.%s" $name) $peer) -}}
{{- if and (not $.unit) (empty (include "metrics.v1.portMap" $ | fromYaml)) -}}
{{- fail (printf "metrics.networkPolicy.peers.%s may call the service, but the service has no port: remove the peer, or declare a port in workload.extraPorts." $name) -}}
{{- end -}}
{{- end -}}
{{- range $name, $peer := include "metrics.v1.present" $policy.egress | fromJson -}}
{{- include "metrics.v1.validate.peer" (list (printf "egress.%s" $name) $peer) -}}
{{- if not (include "metrics.v1.present" $peer.ports | fromJson) -}}
{{- fail (printf "metrics.networkPolicy.egress.%s.ports is empty, which would open every port: name the ports, as in `ports: {amqp: 5672}`." $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
