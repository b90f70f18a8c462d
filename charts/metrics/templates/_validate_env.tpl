{{/* A name that the chart renders itself must not be set a second time: which of the two won would depend on their order. */}}
{{- define "metrics.v1.validate.variables" -}}
{{- $ofUnit := get ((.Values.env).units | default dict) (.unit | default "") | default dict -}}
{{- if hasKey $ofUnit "PROMETHEUS_BACKEND" -}}
{{- fail (printf "env.units.%s.PROMETHEUS_BACKEND would give one service two backends: set env.standard.PROMETHEUS_BACKEND, for all its units." .unit) -}}
{{- end -}}
{{- $owners := include "metrics.v1.envOwners" . | fromYaml -}}
{{- include "metrics.v1.validate.names" (list (printf "env.units.%s" .unit) $ofUnit $owners) -}}
{{- include "metrics.v1.validate.names" (list "env.standard" ((.Values.env).standard) $owners) -}}
{{- end -}}

{{- define "metrics.v1.validate.names" -}}
{{- $from := first . -}}
{{- $owners := last . -}}
{{- range $name, $_ := index . 1 -}}
{{- if hasKey $owners $name -}}
{{- fail (printf "%s.%s is set by the metrics chart itself: remove it and use %s." $from $name (get $owners $name)) -}}
{{- else if not (regexMatch "^[A-Za-z_][A-Za-z0-9_]*$" $name) -}}
{{- fail (printf "%s.%s is no name for an environment variable: use letters, digits and underscores, and no digit first." $from $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Every name the chart may render, but for PROMETHEUS_BACKEND (read from env.standard), and the value that decides it. The last
ones came later: who sets such a variable in env.standard may go on until the value is set too.
*/}}
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
OTEL_RESOURCE_ATTRIBUTES: metrics.otlp.resourceAttributes
OTEL_SERVICE_NAME: the chart's name
PROMETHEUS_METRICS_ENABLE: metrics.enabled
WEB_CONCURRENCY: metrics.workers
{{- if not (kindIs "invalid" .Values.dd_trace_enabled) }}
DD_TRACE_ENABLED: dd_trace_enabled
{{- end }}
{{- if .Values.metrics.scrapeCache }}
METRICS_SCRAPE_CACHE: metrics.scrapeCache
{{- end }}
{{- if .Values.metrics.budget.series }}
METRICS_SERIES_BUDGET: metrics.budget.series
{{- end }}
{{- if ne .Values.metrics.otlp.temporality "cumulative" }}
OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: metrics.otlp.temporality
{{- end }}
{{- end -}}
