"""A git repository with a fleet of two services in two environments and the library chart that both depend on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.harness.tests.conftest import write

LIBRARY = """
{{- define "tiny.all" -}}
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Chart.Name }}}
spec:
  replicas: {{ .Values.tiny.replicas }}
  selector: {matchLabels: {app: {{ .Values.tiny.label | default .Chart.Name }}}}
  template:
    metadata: {labels: {app: {{ .Values.tiny.label | default .Chart.Name }}}}
    spec:
      containers:
        - {name: app, image: {{ printf "%s:%s" .Chart.Name .Values.tiny.tag }}, ports: [{name: http, containerPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: {{ .Chart.Name }}}
spec:
  podSelector: {matchLabels: {app: {{ .Values.tiny.label | default .Chart.Name }}}}
  policyTypes: [Ingress]
  ingress:
    {{- range .Values.tiny.callers }}
    - {from: [{podSelector: {matchLabels: {app: {{ . }}}}}], ports: [{port: 8080}]}
    {{- end }}
{{- if .Values.tiny.broken }}{{ fail "tiny.broken is true: mend it." }}{{ end }}
{{- end -}}
"""
FLEET = {
    "charts/tiny/Chart.yaml": "apiVersion: v2\nname: tiny\ntype: library\nversion: 1.0.0\n",
    "charts/tiny/values.yaml": 'replicas: 2\ntag: "1"\nlabel: ""\ncallers: [door]\nbroken: false\n',
    "charts/tiny/templates/_all.tpl": LIBRARY,
    **{
        f"charts/services/{service}/{name}": content
        for service in ("shop", "till")
        for name, content in {
            "Chart.yaml": f"apiVersion: v2\nname: {service}\nversion: 0.1.0\n"
            "dependencies:\n  - {name: tiny, version: ^1.0.0, repository: 'file://../../tiny'}\n",
            "values.yaml": "{}\n",
            "templates/all.yaml": '{{ include "tiny.all" . }}\n',
            "environments/staging/values.yaml": "{}\n",
            "environments/production/values.yaml": "tiny: {replicas: 3}\n",
        }.items()
    },
}

_NOBODY = {"NAME": "Nobody", "EMAIL": "nobody@example.com"}
_IDENTITY = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _NOBODY.items()}


class Clone:
    """The repository; its first commit, tagged `first`, holds FLEET."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit(FLEET)
        self.git("tag", "first")

    def git(self, *arguments: str) -> str:
        """Run git in the repository, as nobody and without anybody's settings, and return what it wrote."""
        settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        return subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, **settings, **_IDENTITY},
        ).stdout

    def edit(self, **values: str) -> None:
        """Give services values in the working tree, for all environments: shop="{tag: '2'}"."""
        files = {f"charts/services/{service}/values.yaml": f"tiny: {value}\n" for service, value in values.items()}
        write(self.folder, files)

    def commit(self, files: dict[str, str] | None = None, message: str = "A commit") -> None:
        """Commit the working tree, with these files in it."""
        write(self.folder, files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", f"--message={message}")
