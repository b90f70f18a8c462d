{{/*
A promise is kept over 30 days. An alert comes when so much breaks that the budget for it would not last: over a long window,
so that one bad minute wakes nobody, and over a short one, so that the alert ends soon after the trouble.
*/}}
{{- define "metrics.v1.slo.alerts" -}}
{{- $speeds := list
    (dict "name" "BurnsFast" "severity" "page" "text" "is used up within days" "windows" (list (list "1h" "5m" 14.4) (list "6h" "30m" 6.0)))
    (dict "name" "BurnsSlowly" "severity" "ticket" "text" "will not last the 30 days" "windows" (list (list "1d" "2h" 3.0) (list "3d" "6h" 1.0))) -}}
{{- range $objective := include "metrics.v1.slo.objectives" . | fromJsonArray }}
{{- range $speed := $speeds }}
{{- $labels := include "metrics.v1.slo.labels" (list $ $objective) -}}
{{- $conditions := include "metrics.v1.slo.conditions" (list $labels $objective.budget $speed.windows) | trim -}}
{{- if $conditions }}
{{ include "metrics.v1.alert" (dict
    "root" $
    "name" (printf "Service%s%s" $objective.alert $speed.name)
    "severity" $speed.severity
    "labels" (dict "slo" $objective.name)
    "expr" $conditions
    "summary" (printf "breaks its promise that %s" $objective.promise)
    "description" (printf "Promised is that %s, so over 30 days %s %% need not. Lately {{ $value | humanizePercentage }} did not: at this rate what may break %s." $objective.promise (include "metrics.v1.promql.number" (mulf $objective.budget 100)) $speed.text)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/*
One condition for each pair of windows. Where the promise is so weak that a pair could not be true if everything failed, it is
left out: 14.4 times a budget of 10 % is more than all work.
*/}}
{{- define "metrics.v1.slo.conditions" -}}
{{- $labels := first . -}}
{{- $budget := index . 1 -}}
{{- $conditions := list -}}
{{- range last . -}}
{{- if lt (mulf (index . 2) $budget) 1.0 -}}
{{- $limit := printf "%s * %s" (include "metrics.v1.promql.number" (index . 2)) (include "metrics.v1.promql.number" $budget) -}}
{{- $both := printf "environment_service_slo:errors:ratio_rate%s{%s} > %s\nand\nenvironment_service_slo:errors:ratio_rate%s{%s} > %s" (index . 0) $labels $limit (index . 1) $labels $limit -}}
{{- $conditions = append $conditions (printf "(\n%s\n)" (indent 2 $both)) -}}
{{- end -}}
{{- end -}}
{{- join "\nor\n" $conditions -}}
{{- end -}}
