{{/* A peer says in one way where it runs, and selects something. Called with (list "peers.web" $peer). */}}
{{- define "metrics.v1.validate.peer" -}}
{{- $key := printf "metrics.networkPolicy.%s" (first .) -}}
{{- $peer := last . | default dict -}}
{{- $selectors := list -}}
{{- range list "namespaceSelector" "podSelector" -}}
{{- if include "metrics.v1.peerLabels" (list $peer .) | fromJson -}}
{{- $selectors = append $selectors . -}}
{{- end -}}
{{- end -}}
{{- $ways := list -}}
{{- range list "service" "ipBlock" -}}
{{- if get $peer . -}}
{{- $ways = append $ways . -}}
{{- end -}}
{{- end -}}
{{- $ways = concat $ways $selectors -}}
{{- if empty $ways -}}
{{- fail (printf "%s selects nothing, which would allow everyone: set its namespaceSelector.matchLabels or podSelector.matchLabels, its service or its ipBlock." $key) -}}
{{- end -}}
{{- if and (gt (len $ways) 1) (ne (len $ways) (len $selectors)) -}}
{{- fail (printf "%s has %s, but only one of them can say where it runs: keep one, and set a default's label to null." $key (join " and " $ways)) -}}
{{- end -}}
{{- if not (regexMatch "^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?$" ($peer.service | default "")) -}}
{{- fail (printf "%s.service is %q, which no service can be called: write its name, in small letters, digits and dashes." $key $peer.service) -}}
{{- end -}}
{{- with $peer.ipBlock -}}
{{- include "metrics.v1.validate.ipBlock" (list $key .) -}}
{{- end -}}
{{- end -}}

{{/* A peer that may call the pods: never the whole world. */}}
{{- define "metrics.v1.validate.caller" -}}
{{- include "metrics.v1.validate.peer" . -}}
{{- with (last .).ipBlock -}}
{{- if hasSuffix "/0" .cidr -}}
{{- fail (printf "metrics.networkPolicy.%s.ipBlock.cidr is %s, which would allow everyone: name the addresses that are meant." (first $) .cidr) -}}
{{- end -}}
{{- end -}}
{{- end -}}
