{{/* Stops the rendering with one sentence: which value is wrong, and what to do. */}}
{{- define "workload.v1.validate" -}}
{{- $workload := .Values.workload -}}
{{- if not $workload.image.repository -}}
{{- fail "workload.image.repository is not set: name the image to run." -}}
{{- end -}}
{{- if not (include "metrics.v1.version" .) -}}
{{- fail "workload.image.tag is not set and Chart.yaml has no appVersion: set one of the two." -}}
{{- end -}}
{{- if and (ne .Values.metrics.role "http-api") (empty $workload.probes.command) -}}
{{- fail (printf "workload.%sprobes.command is empty, and role %s has no port to probe: set the command that exits with 0 when the process is healthy." (include "metrics.v1.unitKey" .) .Values.metrics.role) -}}
{{- end -}}
{{- if and (include "workload.v1.preStop" .) (ge (int $workload.preStopSeconds) (int $workload.terminationGracePeriodSeconds)) -}}
{{- fail (printf "workload.preStopSeconds is %s and workload.terminationGracePeriodSeconds %s, so no time is left to finish the work: raise the second." (toString (int $workload.preStopSeconds)) (toString (int $workload.terminationGracePeriodSeconds))) -}}
{{- end -}}
{{- if not (dig "limits" "memory" "" $workload.resources) -}}
{{- fail (printf "workload.%sresources.limits.memory is not set: set it, the promotion gate measures against it." (include "metrics.v1.unitKey" .)) -}}
{{- end -}}
{{- end -}}
