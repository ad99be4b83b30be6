{{- define "xmlx.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
{{- end }}

{{- define "xmlx.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "xmlx.labels" -}}
{{ include "xmlx.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* The URLs of all coordinators: each has a name of its own, which its certificate has to have. */}}
{{- define "xmlx.coordinators" -}}
{{- $name := include "xmlx.name" . -}}
{{- range $i := until (int .Values.coordinator.replicas) -}}
{{- if $i }},{{ end }}https://{{ $name }}-coordinator-{{ $i }}.{{ $name }}-coordinator.{{ $.Release.Namespace }}.svc:7400
{{- end -}}
{{- end }}

{{/* Settings are variables, by the key's name: `name` alone has another one. */}}
{{- define "xmlx.settings" -}}
{{- range $key, $value := . }}
- name: {{ if eq $key "name" }}XMLX_WORKER_NAME{{ else }}XMLX_{{ upper $key }}{{ end }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{/* What both kinds of program are given. */}}
{{- define "xmlx.variables" -}}
- name: XMLX_DATABASE_FILE
  value: /run/xmlx/database/{{ .component }}
{{- if .root.Values.database.caSecret }}
- name: XMLX_DATABASE_CA
  value: /run/xmlx/database-ca/ca.crt
{{- end }}
- name: XMLX_TLS_CA
  value: /run/xmlx/tls/ca.crt
- name: XMLX_TLS_CERT
  value: /run/xmlx/tls/tls.crt
- name: XMLX_TLS_KEY
  value: /run/xmlx/tls/tls.key
- name: XMLX_LOG_FORMAT
  value: json
- name: XMLX_METRICS_LISTEN
  value: "0.0.0.0:9400"
{{- end }}

{{/* Who reads metrics. */}}
{{- define "xmlx.monitored" -}}
- ports:
    - {port: 9400, protocol: TCP}
  from: {{- toYaml .Values.monitoring.clients | nindent 4 }}
{{- end }}

{{- define "xmlx.mounts" -}}
- name: database
  mountPath: /run/xmlx/database
  readOnly: true
- name: tls
  mountPath: /run/xmlx/tls
  readOnly: true
{{- if .Values.database.caSecret }}
- name: database-ca
  mountPath: /run/xmlx/database-ca
  readOnly: true
{{- end }}
{{- end }}

{{/* A pod sees its own connection string alone; keys are readable by the program's group and nobody else. */}}
{{- define "xmlx.volumes" -}}
- name: database
  secret:
    secretName: {{ .root.Values.database.secret }}
    defaultMode: 0440
    items:
      - key: {{ .component }}
        path: {{ .component }}
- name: tls
  secret:
    secretName: {{ .tls }}
    defaultMode: 0440
{{- if .root.Values.database.caSecret }}
- name: database-ca
  secret:
    secretName: {{ .root.Values.database.caSecret }}
{{- end }}
{{- end }}

{{- define "xmlx.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "xmlx.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "xmlx.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* Names, and the database. */}}
{{- define "xmlx.egress" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
- ports:
    - {port: {{ .Values.database.port }}, protocol: TCP}
  {{- with .Values.database.cidrs }}
  to:
    {{- range . }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
  {{- end }}
{{- end }}
