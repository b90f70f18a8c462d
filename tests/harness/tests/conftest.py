"""A chart small enough to see whole, in a folder that a test may change."""

from __future__ import annotations

from pathlib import Path

import pytest

LIBRARY = {
    "Chart.yaml": "apiVersion: v2\nname: greeting\ntype: library\nversion: 1.0.0\n",
    "values.yaml": "word: hello\n",
    "templates/_greet.tpl": '{{- define "greeting.text" -}}{{ .Values.greeting.word }}{{- end -}}\n',
}
APPLICATION = {
    "Chart.yaml": (
        "apiVersion: v2\nname: speaker\nversion: 0.1.0\n"
        "dependencies:\n  - {name: greeting, version: ^1.0.0, repository: 'file://../greeting'}\n"
    ),
    "values.yaml": "loud: false\n",
    "templates/map.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: speaker}\n"
        'data: {text: {{ include "greeting.text" . | quote }}, kube: {{ .Capabilities.KubeVersion.Version | quote }},'
        ' crd: {{ .Capabilities.APIVersions.Has "monitoring.coreos.com/v1/ServiceMonitor" | quote }}}\n'
        '{{- if .Values.loud }}{{ fail "loud is true: speak quietly." }}{{ end }}\n'
    ),
}


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files, named by their path, and return the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


@pytest.fixture
def speaker(tmp_path: Path) -> Path:
    """An application chart that depends on the library chart beside it."""
    write(tmp_path / "greeting", LIBRARY)
    return write(tmp_path / "speaker", APPLICATION)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SERVICE_METRICS_CACHE", str(folder))
    return folder
