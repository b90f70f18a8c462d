{{/* A unit is named once, under metrics.units; what workload.units and env.units say belongs to one of these. */}}
{{- define "metrics.v1.validate.units" -}}
{{- $units := include "metrics.v1.present" .Values.metrics.units | fromJson -}}
{{- $known := keys $units | sortAlpha | join ", " | default "none" -}}
{{- range $block, $named := dict "env" ((.Values.env).units) "workload" ((.Values.workload).units) -}}
{{- range $unit, $_ := include "metrics.v1.present" $named | fromJson -}}
{{- if not (hasKey $units $unit) -}}
{{- fail (printf "%s.units.%s belongs to no unit: metrics.units names %s, so add it there, or remove it here." $block $unit $known) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $units (not .unit) -}}
{{- fail (printf "metrics.units names %s, and a container belongs to one of them: in place of `include \"metrics.v1.env\" .` write `include \"metrics.v1.inUnit\" (list . \"%s\" \"metrics.v1.env\")`, and the same for the other templates." $known (keys $units | sortAlpha | first)) -}}
{{- end -}}
{{- with .unit -}}
{{- $name := printf "%s-%s" (include "metrics.v1.fullname" $) . -}}
{{- if gt (len $name) 63 -}}
{{- fail (printf "metrics.units.%s makes names such as %s, which has %d characters, and 63 are allowed: use a shorter name for the unit or the release." . $name (len $name)) -}}
{{- end -}}
{{- if hasKey (include "metrics.v1.present" $.Values.metrics.customLabels | fromJson) "unit" -}}
{{- fail "metrics.customLabels.unit is the label that tells the units of metrics.units apart: choose another name." -}}
{{- end -}}
{{- end -}}
{{- end -}}
