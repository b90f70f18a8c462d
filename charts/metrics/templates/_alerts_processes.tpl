{{/*
Alerts on the worker processes. Each is a series of process_start_time_seconds; its service_instance_id says in which pod it runs,
since pushed series carry no label `pod`.
*/}}
{{- define "metrics.v1.alerts.workersMissing" -}}
{{- $alert := .Values.metrics.alerts.workersMissing -}}
{{- with include "metrics.v1.promql.missing" . -}}
{{- include "metrics.v1.alert" (dict
    "root" $
    "name" "ServiceWorkersMissing"
    "severity" "ticket"
    "for" $alert.for
    "expr" .
    "summary" "has a pod with too few worker processes"
    "description" (printf "Pod {{ $labels.pod }} has {{ $value }} of its %d worker processes, for %s or longer." (int $.Values.metrics.workers) $alert.for)) -}}
{{- end -}}
{{- end -}}

{{/*
A pod with some of its workers, or a pod whose page held some within the hour and does not answer now. A pod that pushes and has
none left is like one that is gone: nothing tells them apart, so with one worker there is no such alert.
*/}}
{{- define "metrics.v1.promql.missing" -}}
{{- $workers := int .Values.metrics.workers -}}
{{- $conditions := list -}}
{{- if gt $workers 1 -}}
{{- $conditions = append $conditions (printf "%s < %d" (include "metrics.v1.promql.workers" .) $workers) -}}
{{- end -}}
{{- if eq (include "metrics.v1.delivery" .) "pull" -}}
{{- $known := printf "last_over_time(%s[1h])" (include "metrics.v1.promql.processes" .) -}}
{{- $conditions = append $conditions (printf "0 * (up == 0 and on (job, instance) %s)" $known) -}}
{{- end -}}
{{- join "\nor\n" $conditions -}}
{{- end -}}

{{- define "metrics.v1.promql.workers" -}}
count by ({{ include "metrics.v1.promql.by" . }}, pod) ({{ include "metrics.v1.promql.pod" (include "metrics.v1.promql.processes" .) }})
{{- end -}}

{{- define "metrics.v1.alerts.noMetrics" -}}
{{- $alert := .Values.metrics.alerts.noMetrics -}}
{{- $push := eq (include "metrics.v1.delivery" .) "push" -}}
{{- include "metrics.v1.alert" (dict
    "root" .
    "name" "ServiceMetricsMissing"
    "severity" "page"
    "for" $alert.for
    "expr" (include "metrics.v1.promql.absent" .)
    "summary" "is not heard of: it is down, or its metrics do not arrive"
    "description" (printf "%s, for %s or longer. Until it does, no other alert of this service can fire." (ternary "No process of it has pushed its metrics" "Prometheus has not fetched the metrics of any of its pods" $push) $alert.for)) -}}
{{- end -}}

{{/* Prometheus forgets a series after five minutes; one that comes less often is looked for longer. */}}
{{- define "metrics.v1.promql.absent" -}}
{{- $window := include "metrics.v1.promql.window" . -}}
{{- if eq $window "5m" -}}
absent({{ include "metrics.v1.promql.processes" . }})
{{- else -}}
absent_over_time({{ include "metrics.v1.promql.processes" . }}[{{ $window }}])
{{- end -}}
{{- end -}}

{{- define "metrics.v1.alerts.restarts" -}}
{{- $alert := .Values.metrics.alerts.restarts -}}
{{- include "metrics.v1.alert" (dict
    "root" .
    "name" "ServiceRestarts"
    "severity" "ticket"
    "expr" (printf "%s > %d" (include "metrics.v1.promql.restarts" (list . $alert.window)) (int $alert.count))
    "summary" "has a pod whose processes start again and again"
    "description" (printf "Worker processes of pod {{ $labels.pod }} were started {{ $value }} times too often within %s; %d are taken for an accident." $alert.window (int $alert.count))) -}}
{{- end -}}

{{/*
Starts in a pod beyond one a worker: a new process is a new series, and a container that comes back with the same process ids
gives the old ones another start.
*/}}
{{- define "metrics.v1.promql.restarts" -}}
{{- $starts := printf "1 + changes(%s[%s])" (include "metrics.v1.promql.processes" (first .)) (last .) -}}
sum by ({{ include "metrics.v1.promql.by" (first .) }}, pod) ({{ include "metrics.v1.promql.pod" $starts }}) - {{ int (first .).Values.metrics.workers }}
{{- end -}}
