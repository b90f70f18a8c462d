{{/* Where to push, and what a process says of itself when it does. */}}
{{- define "metrics.v1.validate.otlp" -}}
{{- $otlp := .Values.metrics.otlp -}}
{{- if ne (empty $otlp.headersSecret.name) (empty $otlp.headersSecret.key) -}}
{{- fail "metrics.otlp.headersSecret needs both name and key: set the one that is missing, or neither." -}}
{{- end -}}
{{- if and (eq (include "metrics.v1.delivery" .) "push") (not (regexMatch "^https?://[^/:@]+(:[0-9]+)?(/.*)?$" $otlp.endpoint)) -}}
{{- fail (printf "metrics.otlp.endpoint is %q: write the collector's URL, as in http://collector.monitoring:4318, without credentials." $otlp.endpoint) -}}
{{- end -}}
{{- end -}}

{{- define "metrics.v1.validate.resource" -}}
{{- $owned := list "deployment.environment.name" "k8s.namespace.name" "k8s.node.name" "k8s.pod.name" "k8s.pod.uid" "service.instance.id" "service.name" "service.namespace" "service.version" -}}
{{- range $name, $value := include "metrics.v1.present" .Values.metrics.otlp.resourceAttributes | fromJson -}}
{{- if has $name $owned -}}
{{- fail (printf "metrics.otlp.resourceAttributes has %s, which the platform sets itself: leave it out." $name) -}}
{{- end -}}
{{- if not (regexMatch "^[A-Za-z][A-Za-z0-9._-]*$" $name) -}}
{{- fail (printf "metrics.otlp.resourceAttributes has %q, which is no attribute's name: start with a letter and use letters, digits, dots, dashes and underscores only." $name) -}}
{{- end -}}
{{- if regexMatch "[,=]" (toString $value) -}}
{{- fail (printf "metrics.otlp.resourceAttributes.%s is %q, and a comma or an equals sign would break OTEL_RESOURCE_ATTRIBUTES: leave it out." $name $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Below this a worker would drop series of every process's own: those of Python, the process and the library. */}}
{{- define "metrics.v1.validate.budget" -}}
{{- $series := int .Values.metrics.budget.series -}}
{{- $workers := int .Values.metrics.workers -}}
{{- if and (gt $series 0) (lt $series (mul 100 $workers | int)) -}}
{{- fail (printf "metrics.budget.series is %d, and each of the %d worker processes of a pod needs 100: raise it to %d or more, or set 0 for no budget." $series $workers (mul 100 $workers)) -}}
{{- end -}}
{{- end -}}
