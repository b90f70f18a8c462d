"""Unquoted scalars: this package, and so every check of a render, reads them as Helm's own YAML parser does."""

from __future__ import annotations

import json

import pytest
import yaml

from chart_harness.helm import Helm
from chart_harness.manifest import documents
from tests.harness.tests.conftest import write

LINES = """
12e3 1234567e8 1e3 1E5 1.5e3 1e+3 -1e3 0e0 1.e5 .5 5. 0.0 -.5 +.5 08.5 1_0.5 .1_0
0 00 -0 +12 7 007 089 09 -089 0777 0o17 0x1F 0X1f 0b11 1_000 1__0 1_ 9007199254740993 12345678901234567890
0o8 0xg 0b2 0x _1 1e .e3 . .. + =
10:20 190:20:30 1:30.5 2020-01-01 2020-01-01T10:00:00Z 2001-12-14t21:59:43.10-05:00
y n Y N yes no Yes on off On OFF true True TRUE false tRUE yEs nO
null Null NULL ~ nULL
'12e3' "1" 'y' v1 1.2.3 1Gi 250m 1-2 x86
"""
SCALARS = LINES.split()
FILES = {
    "Chart.yaml": "apiVersion: v2\nname: scalars\nversion: 0.1.0\n",
    "templates/map.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n"
        '{{- range .Values.scalars }}\n  - {{ printf "it: %s" . | fromYaml | toJson | quote }}\n{{- end }}\n'
    ),
}


@pytest.fixture(scope="module")
def of_helm(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """What Helm's parser, kubectl's too, makes of each of SCALARS."""
    chart = write(tmp_path_factory.mktemp("scalars"), FILES)
    stdin = json.dumps({"scalars": SCALARS})
    (rendered,) = yaml.safe_load_all(Helm().run(["template", "x", str(chart), "--values", "-"], stdin=stdin))
    return [json.loads(text)["it"] for text in rendered["data"]]


def typed(value: object) -> tuple[str, object]:
    """JSON knows one type of number, Python two, and for Python true is 1."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number", float(value)
    return type(value).__name__, value


def test_each_scalar_is_read_as_helm_reads_it(of_helm: list[object]) -> None:
    ours = [documents(f"it: {scalar}")[0]["it"] for scalar in SCALARS]
    differing = {
        scalar: (mine, theirs)
        for scalar, mine, theirs in zip(SCALARS, ours, of_helm, strict=True)
        if typed(mine) != typed(theirs)
    }
    assert differing == {}


def test_pyyaml_would_read_many_otherwise(of_helm: list[object]) -> None:
    # The control: these differences are what the test above is about.
    pairs = [(scalar, theirs) for scalar, theirs in zip(SCALARS, of_helm, strict=True) if scalar != "="]
    assert {"12e3", "089", "y", "10:20", "2020-01-01"} <= {
        scalar for scalar, theirs in pairs if typed(yaml.safe_load(f"it: {scalar}")["it"]) != typed(theirs)
    }
    with pytest.raises(yaml.YAMLError, match="value"):
        yaml.safe_load("it: =")
