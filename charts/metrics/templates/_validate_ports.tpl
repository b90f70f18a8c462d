{{/* One declaration of the port, and names and numbers that each stand for one port. */}}
{{- define "metrics.v1.validate.port" -}}
{{- $own := include "metrics.v1.portName" . -}}
{{- $used := dict (int .Values.metrics.port | toString) $own -}}
{{- range $name, $port := include "metrics.v1.extraPorts" . | fromJson -}}
{{- if eq $name $own -}}
{{- fail (printf "workload.extraPorts.%s has the name of the port that metrics.port declares: give it another name, or change metrics.portName." $name) -}}
{{- end -}}
{{- $number := int $port | toString -}}
{{- if hasKey $used $number -}}
{{- fail (printf "workload.extraPorts.%s is %s, the number of the port `%s`: one number is one port, so declare it once." $name $number (get $used $number)) -}}
{{- end -}}
{{- $_ := set $used $number $name -}}
{{- end -}}
{{- end -}}
