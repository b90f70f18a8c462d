"""What a service must say because no default can be right."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from chart_harness.fleet import service_release
from chart_harness.render import RenderError
from tests.charts.blocks import workload
from tests.charts.sentences.workload import ELSEWHERE

NO_TAG, NO_LIMIT = ELSEWHERE


@pytest.mark.parametrize(
    ("file", "leave_out", "sentence", "mended"),
    [
        ("Chart.yaml", 'appVersion: "0.1.0"', NO_TAG, workload(image={"tag": "1.2.3"})),
        ("values.yaml", "limits:\n      memory: 368Mi", NO_LIMIT, workload(resources={"limits": {"memory": "1Gi"}})),
    ],
)
def test_what_a_service_must_have(
    root: Path, tmp_path: Path, file: str, leave_out: str, sentence: str, mended: dict[str, Any]
) -> None:
    shutil.copytree(root / "charts", tmp_path / "charts")
    path = tmp_path / "charts" / "services" / "aaa-api" / file
    assert path.read_text().count(leave_out) == 1
    path.write_text(path.read_text().replace(leave_out, ""))
    with pytest.raises(RenderError) as caught:
        service_release(tmp_path, "aaa-api", "staging")
    assert caught.value.sentence == sentence
    assert service_release(tmp_path, "aaa-api", "staging", overrides=mended).one("Deployment")
