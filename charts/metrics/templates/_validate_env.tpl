{{/* A name that the chart renders itself must not be set a second time: which of the two won would depend on their order. */}}
{{- define "metrics.v1.validate.standard" -}}
{{- $owners := include "metrics.v1.envOwners" . | fromYaml -}}
{{- range $name, $_ := ((.Values.env).standard) -}}
{{- if hasKey $owners $name -}}
{{- fail (printf "env.standard.%s is set by the metrics chart itself: remove it and use %s." $name (get $owners $name)) -}}
{{- end -}}
{{- if not (regexMatch "^[A-Za-z_][A-Za-z0-9_]*$" $name) -}}
{{- fail (printf "env.standard.%s is no name for an environment variable: use letters, digits and underscores, and no digit first." $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Every name the chart may render, but for PROMETHEUS_BACKEND (read from env.standard), and the value that decides it. */}}
{{- define "metrics.v1.envOwners" -}}
CUSTOM_LABELS: metrics.customLabels
ENABLE_METRICS: metrics.enabled
K8S_NAMESPACE_NAME: another name
K8S_NODE_NAME: another name
K8S_POD_NAME: another name
K8S_POD_UID: another name
METRICS_EXCLUDED_HANDLERS: metrics.excludedHandlers
METRICS_NAMESPACE: metrics.namespace
METRICS_PATH: metrics.path
METRICS_PORT: metrics.port
METRICS_PUSH_INTERVAL: metrics.otlp.pushInterval
METRICS_SUBSYSTEM: metrics.subsystem
OTEL_EXPORTER_OTLP_ENDPOINT: metrics.otlp.endpoint
OTEL_EXPORTER_OTLP_HEADERS: metrics.otlp.headersSecret
OTEL_EXPORTER_OTLP_PROTOCOL: metrics.otlp.protocol
OTEL_RESOURCE_ATTRIBUTES: metrics.environment
OTEL_SERVICE_NAME: the chart's name
PROMETHEUS_METRICS_ENABLE: metrics.enabled
WEB_CONCURRENCY: metrics.workers
{{- end -}}

{{- define "metrics.v1.validate.otlp" -}}
{{- $otlp := .Values.metrics.otlp -}}
{{- if ne (empty $otlp.headersSecret.name) (empty $otlp.headersSecret.key) -}}
{{- fail "metrics.otlp.headersSecret needs both name and key: set the one that is missing, or neither." -}}
{{- end -}}
{{- if and (eq (include "metrics.v1.delivery" .) "push") (not (regexMatch "^https?://[^/:@]+(:[0-9]+)?(/.*)?$" $otlp.endpoint)) -}}
{{- fail (printf "metrics.otlp.endpoint is %q: write the collector's URL, as in http://collector.monitoring:4318, without credentials." $otlp.endpoint) -}}
{{- end -}}
{{- end -}}
