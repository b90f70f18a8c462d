{{/*
"true" or nothing: whether the cluster knows one of the Prometheus operator's kinds. A cluster reports the kind;
`helm template --api-versions` is often given the group alone. Called with (list . "ServiceMonitor").
*/}}
{{- define "metrics.v1.knowsKind" -}}
{{- $apis := (first .).Capabilities.APIVersions -}}
{{- if or ($apis.Has (printf "monitoring.coreos.com/v1/%s" (last .))) ($apis.Has "monitoring.coreos.com/v1") -}}true{{- end -}}
{{- end -}}

{{/* "true" or nothing: whether an object with this `create` is rendered. Called with (list . "auto" "ServiceMonitor"). */}}
{{- define "metrics.v1.wantsKind" -}}
{{- $create := index . 1 -}}
{{- if or (eq $create "always") (and (eq $create "auto") (include "metrics.v1.knowsKind" (list (first .) (last .)))) -}}true{{- end -}}
{{- end -}}

{{/* What tells the operator to scrape: never both, or each pod would be scraped twice. */}}
{{- define "metrics.v1.monitorKind" -}}
{{- ternary "PodMonitor" "ServiceMonitor" .Values.metrics.podMonitor.enabled -}}
{{- end -}}

{{/* "true" or nothing: whether this release renders the monitor of this kind. Called with (list . "PodMonitor"). */}}
{{- define "metrics.v1.rendersMonitor" -}}
{{- $scope := first . -}}
{{- if and (eq (include "metrics.v1.delivery" $scope) "pull") (eq (include "metrics.v1.monitorKind" $scope) (last .)) -}}
{{- include "metrics.v1.wantsKind" (list $scope $scope.Values.metrics.serviceMonitor.create (last .)) -}}
{{- end -}}
{{- end -}}
