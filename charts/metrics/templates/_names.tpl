{{/* The service's name: the chart's, the same in every environment. Both overrides are those of `helm create`. */}}
{{- define "metrics.v1.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of every object, as `helm create` builds it. */}}
{{- define "metrics.v1.fullname" -}}
{{- $name := include "metrics.v1.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The version that runs: the image tag where the workload chart is used, else the chart's appVersion. */}}
{{- define "metrics.v1.version" -}}
{{- ((.Values.workload).image).tag | default .Chart.AppVersion -}}
{{- end -}}

{{/* The name of what each unit of a service has; that of a service without units is the release's. */}}
{{- define "metrics.v1.unitFullname" -}}
{{- $name := include "metrics.v1.fullname" . -}}
{{- if .unit -}}{{ printf "%s-%s" $name .unit | trunc 63 | trimSuffix "-" }}{{- else -}}{{ $name }}{{- end -}}
{{- end -}}

{{/* What selectors hold: nothing that changes during the life of a release, so neither version nor chart. */}}
{{- define "metrics.v1.selectorLabels" -}}
{{- with .unit -}}
app.kubernetes.io/component: {{ . | quote }}
{{ end -}}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/name: {{ include "metrics.v1.name" . | quote }}
{{- end -}}

{{/* Labels of pods: without the chart's version, whose every bump would restart all pods. */}}
{{- define "metrics.v1.podLabels" -}}
{{- with .unit | default .Values.metrics.role -}}
app.kubernetes.io/component: {{ . | quote }}
{{ end -}}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
app.kubernetes.io/name: {{ include "metrics.v1.name" . | quote }}
app.kubernetes.io/version: {{ include "metrics.v1.version" . | trunc 63 | trimAll "-_." | quote }}
{{- end -}}

{{/* Labels of every other object. */}}
{{- define "metrics.v1.labels" -}}
{{ include "metrics.v1.podLabels" . }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimAll "-_." | quote }}
{{- end -}}

{{/* Name, namespace and labels of an object. */}}
{{- define "metrics.v1.metadata" -}}
name: {{ include "metrics.v1.unitFullname" . | quote }}
namespace: {{ .Release.Namespace | quote }}
labels:
  {{- include "metrics.v1.labels" . | nindent 2 }}
{{- end -}}
