{{/* Who this process is, for the backends otel and shadow. The service's name never holds the environment: that is an attribute. */}}
{{- define "metrics.v1.env.identity" -}}
{{- if and .Values.metrics.enabled (ne (include "metrics.v1.backend" .) "prometheus") }}
K8S_NAMESPACE_NAME: {valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.namespace}}}
K8S_NODE_NAME: {valueFrom: {fieldRef: {apiVersion: v1, fieldPath: spec.nodeName}}}
K8S_POD_NAME: {valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.name}}}
K8S_POD_UID: {valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.uid}}}
OTEL_RESOURCE_ATTRIBUTES: {value: {{ include "metrics.v1.resourceAttributes" . | toJson }}}
OTEL_SERVICE_NAME: {value: {{ include "metrics.v1.unitName" . | quote }}}
{{- end }}
{{- end -}}

{{/* OpenTelemetry resource attributes, `k=v,…`, sorted; Kubernetes fills in the $(NAME) parts when the pod starts. */}}
{{- define "metrics.v1.resourceAttributes" -}}
{{- $attributes := dict
    "deployment.environment.name" .Values.metrics.environment
    "k8s.namespace.name" "$(K8S_NAMESPACE_NAME)"
    "k8s.node.name" "$(K8S_NODE_NAME)"
    "k8s.pod.name" "$(K8S_POD_NAME)"
    "k8s.pod.uid" "$(K8S_POD_UID)"
    "service.namespace" "$(K8S_NAMESPACE_NAME)"
    "service.version" (include "metrics.v1.version" .) -}}
{{- $more := include "metrics.v1.present" .Values.metrics.otlp.resourceAttributes | fromJson -}}
{{- $pairs := list -}}
{{- range $name, $value := mergeOverwrite $attributes $more -}}
{{- if $value -}}
{{- $pairs = append $pairs (printf "%s=%s" $name $value) -}}
{{- end -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end -}}

{{/* Where to push. Only a process that pushes has an endpoint: the library takes it as the sign to do so. */}}
{{- define "metrics.v1.env.otlp" -}}
{{- if eq (include "metrics.v1.delivery" .) "push" }}
{{- $otlp := .Values.metrics.otlp }}
METRICS_PUSH_INTERVAL: {value: {{ $otlp.pushInterval | toString | quote }}}
OTEL_EXPORTER_OTLP_ENDPOINT: {value: {{ toJson $otlp.endpoint }}}
OTEL_EXPORTER_OTLP_PROTOCOL: {value: {{ toJson $otlp.protocol }}}
{{- if ne $otlp.temporality "cumulative" }}
OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: {value: {{ toJson $otlp.temporality }}}
{{- end }}
{{- if $otlp.headersSecret.name }}
OTEL_EXPORTER_OTLP_HEADERS: {valueFrom: {secretKeyRef: {name: {{ toJson $otlp.headersSecret.name }}, key: {{ toJson $otlp.headersSecret.key }}}}}
{{- end }}
{{- end }}
{{- end -}}
