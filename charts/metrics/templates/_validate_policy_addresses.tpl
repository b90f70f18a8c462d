{{/* An ipBlock is a network, and what it excepts lies inside. Called with (list "metrics.networkPolicy.peers.web" $block). */}}
{{- define "metrics.v1.validate.ipBlock" -}}
{{- $key := printf "%s.ipBlock" (first .) -}}
{{- $block := last . -}}
{{- $network := include "metrics.v1.network" ($block.cidr | default "") -}}
{{- if not $network -}}
{{- fail (printf "%s.cidr is %q, which is no network: write its first address and the bits all have in common, as in 203.0.113.0/24." $key ($block.cidr | default "")) -}}
{{- end -}}
{{- range $block.except -}}
{{- $except := include "metrics.v1.network" . -}}
{{- if or (eq $except $network) (not (hasPrefix $network $except)) -}}
{{- fail (printf "%s.except has %q, which is no network inside %s: correct it, or leave it out." $key . $block.cidr) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
The bits that all addresses of a network have in common, after the family: `4:11001011`, so that one network lies inside
another when the other's text is a prefix of its own. Nothing for what is no network, or names no network's first address:
Kubernetes would read 10.1.2.3/8 as 10.0.0.0/8, which is more than it says.
*/}}
{{- define "metrics.v1.network" -}}
{{- $parts := splitList "/" . -}}
{{- if and (eq (len $parts) 2) (regexMatch "^(0|[1-9][0-9]{0,2})$" (last $parts)) -}}
{{- $address := first $parts -}}
{{- $bits := ternary (include "metrics.v1.bits6" $address) (include "metrics.v1.bits4" $address) (contains ":" $address) -}}
{{- $length := last $parts | int -}}
{{- if and $bits (le $length (len $bits)) (not (contains "1" (substr $length -1 $bits))) -}}
{{- printf "%s:%s" (ternary "6" "4" (contains ":" $address)) (trunc $length $bits) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The 32 bits of an IPv4 address. */}}
{{- define "metrics.v1.bits4" -}}
{{- $octet := "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])" -}}
{{- if regexMatch (printf "^(%s\\.){3}%s$" $octet $octet) . -}}
{{- range splitList "." . -}}{{- printf "%08b" (int .) -}}{{- end -}}
{{- end -}}
{{- end -}}

{{/* The 128 bits of an IPv6 address; `::` stands for the groups that are not there, and an address has it at most once. */}}
{{- define "metrics.v1.bits6" -}}
{{- $halves := splitList "::" . -}}
{{- $groups := list -}}
{{- $missing := sub 8 (len (regexFindAll "[^:]+" . -1)) | int -}}
{{- range $index, $half := $halves -}}
{{- if eq $index 1 -}}
{{- range until $missing -}}{{- $groups = append $groups "0" -}}{{- end -}}
{{- end -}}
{{- if $half -}}{{- $groups = concat $groups (splitList ":" $half) -}}{{- end -}}
{{- end -}}
{{- $whole := join ":" $groups -}}
{{- if and (regexMatch "^([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}$" $whole) (le (len $halves) 2) (or (eq (len $halves) 1) (gt $missing 0)) -}}
{{- range $groups -}}
{{- range regexFindAll "." (printf "000%s" . | trunc -4 | lower) -1 -}}
{{- get (dict "0" "0000" "1" "0001" "2" "0010" "3" "0011" "4" "0100" "5" "0101" "6" "0110" "7" "0111" "8" "1000" "9" "1001" "a" "1010" "b" "1011" "c" "1100" "d" "1101" "e" "1110" "f" "1111") . -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
