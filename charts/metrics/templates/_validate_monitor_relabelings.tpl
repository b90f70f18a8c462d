{{/* Labels by which alerts, dashboards and Prometheus itself tell series apart. */}}
{{- define "metrics.v1.neededLabels" -}}
{{- list "__name__" "environment" "instance" "job" "le" "namespace" "pod" "quantile" "service" "service_instance_id" "status" "unit" | toJson -}}
{{- end -}}

{{- define "metrics.v1.validate.dropLabels" -}}
{{- range include "metrics.v1.droppedLabels" . | fromJsonArray -}}
{{- if has . (include "metrics.v1.neededLabels" $ | fromJsonArray) -}}
{{- fail (printf "metrics.serviceMonitor.dropLabels.%s is a label that alerts and dashboards need: leave it out." .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The rules of every page: the operator leaves a monitor out whole for one that it does not understand. */}}
{{- define "metrics.v1.validate.relabelings" -}}
{{- range $page := include "metrics.v1.pages" . | fromJsonArray -}}
{{- range $kind := list "relabelings" "metricRelabelings" -}}
{{- range $name, $rule := include "metrics.v1.present" (get $page .) | fromJson -}}
{{- include "metrics.v1.validate.rule" (list (printf "%s.%s.%s" $page.key $kind $name) $rule) -}}
{{- if eq $kind "metricRelabelings" -}}
{{- include "metrics.v1.validate.keepsNeeded" (list (printf "%s.%s.%s" $page.key $kind $name) $rule) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Called with (list "metrics.serviceMonitor.relabelings.zone" $rule). */}}
{{- define "metrics.v1.validate.rule" -}}
{{- $key := first . -}}
{{- $rule := last . -}}
{{- $action := $rule.action | default "replace" -}}
{{- $needs := dict "targetLabel" (list "replace" "hashmod" "lowercase" "uppercase" "keepequal" "dropequal") "modulus" (list "hashmod") "regex" (list "labeldrop" "labelkeep") -}}
{{- range $field, $actions := $needs -}}
{{- if and (has $action $actions) (empty (get $rule $field)) -}}
{{- fail (printf "%s has the action %s, which needs %s: set it." $key $action $field) -}}
{{- end -}}
{{- end -}}
{{- $takes := dict "labeldrop" (list "action" "regex") "labelkeep" (list "action" "regex") "keepequal" (list "action" "sourceLabels" "targetLabel") "dropequal" (list "action" "sourceLabels" "targetLabel") -}}
{{- range $field, $_ := $rule -}}
{{- if not (has $field (get $takes $action | default (list $field))) -}}
{{- fail (printf "%s has the action %s, which takes no %s: leave it out." $key $action $field) -}}
{{- end -}}
{{- end -}}
{{- range concat ($rule.sourceLabels | default list) (list ($rule.targetLabel | default "x")) -}}
{{- if not (regexMatch "^([a-zA-Z_][a-zA-Z0-9_]*|\\$(\\{[a-zA-Z0-9_]+\\}|[0-9]+))$" .) -}}
{{- fail (printf "%s names the label %q, which no label can be called: use letters, digits and underscores only." $key .) -}}
{{- end -}}
{{- end -}}
{{- /* An expression that means something matches the empty text once it may also be empty; one that is wrong never does. */ -}}
{{- $regex := $rule.regex | default "" -}}
{{- if not (and (regexMatch (printf "%s|" $regex) "") (regexMatch (printf "^(?:%s)$|" $regex) "")) -}}
{{- fail (printf "%s.regex is %q, which is no regular expression: correct it." $key $regex) -}}
{{- end -}}
{{- end -}}

{{/* labeldrop and labelkeep go by names: neither may lose a label that is needed. */}}
{{- define "metrics.v1.validate.keepsNeeded" -}}
{{- $rule := last . -}}
{{- $pattern := printf "^(?:%s)$" ($rule.regex | default "") -}}
{{- if has $rule.action (list "labeldrop" "labelkeep") -}}
{{- range include "metrics.v1.neededLabels" . | fromJsonArray -}}
{{- if eq (regexMatch $pattern .) (eq $rule.action "labeldrop") -}}
{{- fail (printf "%s would drop the label %s, which alerts and dashboards need: change its regex." (first $) .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
