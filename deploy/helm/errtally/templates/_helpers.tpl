{{- define "errtally.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* 48 characters leave room for what objects and pods have behind it. */}}
{{- define "errtally.fullname" -}}
{{- $name := include "errtally.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 48 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "errtally.selector" -}}
app.kubernetes.io/name: {{ include "errtally.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "errtally.labels" -}}
{{ include "errtally.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "errtally.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "errtally.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Whether exporters share a database: "true" or nothing. */}}
{{- define "errtally.shared" -}}
{{- if or .Values.database.existingSecret (include "errtally.given" . | fromYaml).database -}}true{{- end -}}
{{- end -}}

{{/* Whether there can be more than one pod: "true" or nothing. Fails where they have nothing to share. */}}
{{- define "errtally.several" -}}
{{- if or .Values.autoscaling.enabled (gt (int .Values.replicas) 1) -}}
{{- if not (include "errtally.shared" .) -}}
{{- $asked := ternary "autoscaling.enabled" (printf "replicas: %v" .Values.replicas) .Values.autoscaling.enabled -}}
{{- fail (printf "%s, but without a database the data directory belongs to one exporter: name a PostgreSQL database that they share (database.existingSecret)" $asked) -}}
{{- end -}}
true
{{- end -}}
{{- end -}}

{{- define "errtally.secret" -}}
{{- default (include "errtally.fullname" .) .Values.existingSecret -}}
{{- end -}}

{{- define "errtally.address" -}}
{{- printf "%s.%s.svc:%v" (include "errtally.fullname" .) .Release.Namespace .Values.service.port -}}
{{- end -}}

{{/* What the user configured, as YAML: `configFile` or `config`. */}}
{{- define "errtally.given" -}}
{{- if .Values.configFile -}}
{{- $given := fromYaml .Values.configFile -}}
{{- with $given.Error -}}{{- fail (printf "configFile: %s" .) -}}{{- end -}}
{{- toYaml $given -}}
{{- else -}}
{{- toYaml .Values.config -}}
{{- end -}}
{{- end -}}

{{/* The configuration file: what the user configured, with what the chart knows. */}}
{{- define "errtally.config" -}}
{{- $config := include "errtally.given" . | fromYaml -}}
{{- range $key := list "listen" "data_dir" -}}
{{- if hasKey $config $key -}}{{- fail (printf "config.%s: the chart sets it" $key) -}}{{- end -}}
{{- end -}}
{{- $name := include "errtally.fullname" . -}}
{{- $in := printf "%s.%s" $name .Release.Namespace -}}
{{- $web := default dict $config.web -}}
{{- $hosts := concat (default list $web.allowed_hosts) (list $name $in (printf "%s.svc" $in) (printf "%s.svc.cluster.local" $in)) -}}
{{- $_ := set $web "allowed_hosts" (uniq $hosts) -}}
{{- with .Values.metrics.tokenKey -}}
{{- if not $.Values.existingSecret -}}{{- fail "metrics.tokenKey: names a key of existingSecret, which is not set" -}}{{- end -}}
{{- $_ := set $web "metrics_token_file" (printf "/run/secrets/errtally/%s" .) -}}
{{- end -}}
{{- $_ := set $config "web" $web -}}
{{- $_ := set $config "listen" "0.0.0.0:9765" -}}
{{- toYaml $config -}}
{{- end -}}

{{- define "errtally.externalUrl" -}}
{{- $config := include "errtally.given" . | fromYaml -}}
{{- default "http://127.0.0.1:9765" $config.external_url | trimSuffix "/" -}}
{{- end -}}

{{/* For routes from outside, which have host and path of `external_url`. */}}
{{- define "errtally.outside" -}}
{{- $config := include "errtally.given" . | fromYaml -}}
{{- required "config.external_url: ingress and httpRoute need it, for its host and path" $config.external_url -}}
{{- end -}}

{{/* The text of a file that was generated from the defaults, with the addresses that are configured. */}}
{{- define "errtally.generated" -}}
{{- $config := include "errtally.given" .root | fromYaml -}}
{{- $grafana := default dict $config.grafana -}}
{{- .text | replace "http://127.0.0.1:9765" (include "errtally.externalUrl" .root) | replace "http://127.0.0.1:3000" (default "http://127.0.0.1:3000" $grafana.url | trimSuffix "/") -}}
{{- end -}}

{{/* Fail where a key that is configured changes what was generated from the defaults. */}}
{{- define "errtally.onlyDefaults" -}}
{{- $config := include "errtally.given" .root | fromYaml -}}
{{- $what := .what -}}{{- $instead := .instead -}}
{{- range $place, $keys := .changing -}}
{{- range $key := $keys -}}
{{- if hasKey (default dict (get $config $place)) $key -}}
{{- fail (printf "%s.enabled: the chart has what the defaults give, and config.%s.%s changes it: %s" $what $place $key $instead) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
