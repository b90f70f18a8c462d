{{/*
A map without the entries that are null, as JSON: `include "metrics.v1.present" $map | fromJson`. null removes an entry, but
Helm itself drops it only where the chart has a default for it. (JSON, since toYaml cuts the last line end off a text.)
*/}}
{{- define "metrics.v1.present" -}}
{{- $present := dict -}}
{{- range $name, $value := . -}}
{{- if not (kindIs "invalid" $value) -}}
{{- $_ := set $present $name $value -}}
{{- end -}}
{{- end -}}
{{- toJson $present -}}
{{- end -}}
