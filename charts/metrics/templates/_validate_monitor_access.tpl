{{/* Half a way in is none: Prometheus refuses it, or is refused by the page. */}}
{{- define "metrics.v1.validate.access" -}}
{{- $monitor := .Values.metrics.serviceMonitor -}}
{{- range $path := list "tlsConfig.ca" "tlsConfig.cert" "tlsConfig.keySecret" "basicAuth.username" "basicAuth.password" "authorization.credentials" -}}
{{- $parts := splitList "." . -}}
{{- $block := get $monitor (first $parts) -}}
{{- $secret := get $block (last $parts) | default dict -}}
{{- if and (hasKey $block (last $parts)) (or (empty $secret.name) (empty $secret.key)) -}}
{{- fail (printf "metrics.serviceMonitor.%s needs both name and key, of the Secret and of the value in it: set what is missing, or leave it out." $path) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $monitor.scheme "http") (not (empty $monitor.tlsConfig)) -}}
{{- fail "metrics.serviceMonitor.tlsConfig is set, but metrics.serviceMonitor.scheme is http, which has no TLS: set the scheme to https, or leave tlsConfig out." -}}
{{- end -}}
{{- if ne (empty $monitor.tlsConfig.cert) (empty $monitor.tlsConfig.keySecret) -}}
{{- fail "metrics.serviceMonitor.tlsConfig needs both cert and keySecret, as a certificate is of no use without its key: set the one that is missing, or neither." -}}
{{- end -}}
{{- if ne (empty $monitor.basicAuth.username) (empty $monitor.basicAuth.password) -}}
{{- fail "metrics.serviceMonitor.basicAuth needs both username and password: set the one that is missing, or neither." -}}
{{- end -}}
{{- if and (not (empty $monitor.basicAuth)) (not (empty $monitor.authorization)) -}}
{{- fail "metrics.serviceMonitor has both basicAuth and authorization, but a request has one Authorization header: leave one of them out." -}}
{{- end -}}
{{- if and (not (empty $monitor.authorization)) (empty $monitor.authorization.credentials) -}}
{{- fail "metrics.serviceMonitor.authorization has no credentials: name the Secret and the key where the token is." -}}
{{- end -}}
{{- if eq ($monitor.authorization.type | default "" | lower) "basic" -}}
{{- fail "metrics.serviceMonitor.authorization.type is Basic, which Prometheus does not take here: use metrics.serviceMonitor.basicAuth." -}}
{{- end -}}
{{- end -}}
