{{/*
One NetworkPolicy peer, from one of its three ways to say where it runs: a service of the same namespace, addresses, or
selectors. metrics.v1.validate has seen that it is one, and selects something. A service is known by its name alone: its
release may be called otherwise.
*/}}
{{- define "metrics.v1.peer" -}}
{{- with .service }}
podSelector:
  matchLabels:
    app.kubernetes.io/name: {{ . | quote }}
{{- end }}
{{- with .ipBlock }}
ipBlock:
  cidr: {{ .cidr | quote }}
  {{- with .except }}
  except:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- range $selector := list "namespaceSelector" "podSelector" }}
{{- with include "metrics.v1.peerLabels" (list $ $selector) | fromJson }}
{{ $selector }}:
  matchLabels:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The labels of one of a peer's selectors: include "metrics.v1.peerLabels" (list $peer "podSelector"). */}}
{{- define "metrics.v1.peerLabels" -}}
{{- include "metrics.v1.present" (get (first .) (last .) | default dict).matchLabels -}}
{{- end -}}
