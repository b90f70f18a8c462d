"""The schemas: derived without drift, strict, self-contained, explained; and Helm's use of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from charts import derive_schemas

from chart_harness.assembly import assemble
from chart_harness.fleet import services
from chart_harness.helm import Helm, HelmError
from chart_harness.render import RenderError, render

LIMITS = (
    "bodySizeLimit",
    "keepDroppedTargets",
    "labelNameLengthLimit",
    "labelValueLengthLimit",
    "nativeHistogramBucketLimit",
    "targetLimit",
)


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """A copy of the source and the charts that a test may change."""
    shutil.copy(root / "values-schema.json", tmp_path)
    shutil.copytree(root / "charts", tmp_path / "charts")
    return tmp_path


def nodes(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema within a schema, with its dotted path."""
    yield path, schema
    for key, inner in schema.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{key}")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from nodes(schema["additionalProperties"], f"{path}.*")
    for inner in schema.get("patternProperties", {}).values():
        yield from nodes(inner, f"{path}.*")


def schemas(root: Path) -> dict[str, Any]:
    return {
        path.parent.name: json.loads(path.read_text()) for path in sorted(root.glob("charts/**/values.schema.json"))
    }


def test_no_schema_has_drifted(root: Path) -> None:
    derived = derive_schemas.derive(root)
    assert [path.parent.name for path in derived] == ["metrics", "workload", *services(root)]
    assert {path: path.read_text(encoding="utf-8") for path in derived} == derived


@pytest.mark.parametrize("changed", ["values-schema.json", "charts/metrics/values.schema.json"])
def test_drift_is_found_and_mended(
    copy: Path, changed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(derive_schemas, "__file__", str(copy / "charts" / "derive_schemas.py"))
    assert derive_schemas.main(["--check"]) == 0
    path = copy / changed
    path.write_text(path.read_text().replace("Path of the metrics page", "Path of the page"))
    assert derive_schemas.main(["--check"]) == 1
    assert "charts/metrics/values.schema.json: out of date, run `make schema`" in capsys.readouterr().out
    assert derive_schemas.main([]) == 0
    assert derive_schemas.main(["--check"]) == 0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("#/definitions/duration", "#/definitions/durations", "which is not among its definitions"),
        ('"words": { "type": "array"', '"words": { "$ref": "#/definitions/words"', "refers to itself"),
        ('"title"', "title]", "is malformed"),
    ],
)
def test_a_broken_source_is_one_sentence(
    copy: Path,
    old: str,
    new: str,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(derive_schemas, "__file__", str(copy / "charts" / "derive_schemas.py"))
    source = copy / "values-schema.json"
    source.write_text(source.read_text().replace(old, new))
    assert derive_schemas.main([]) == 1
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_a_chart_with_another_dependency_may_set_its_values(copy: Path) -> None:
    chart = copy / "charts" / "services" / "aaa-api" / "Chart.yaml"
    chart.write_text(chart.read_text() + "  - {name: redis, version: 1.0.0, alias: cache, repository: 'file://x'}\n")
    derived = derive_schemas.derive(copy)
    allowed = json.loads(derived[chart.with_name("values.schema.json")])["properties"]
    assert set(allowed) == {"global", "dd_trace_enabled", "env", "metrics", "workload", "cache"}
    assert allowed["cache"] == {"description": "Values of the redis chart.", "type": "object"}


def test_a_service_leaves_what_is_below_a_library_to_the_library(root: Path) -> None:
    for name in services(root):
        properties = schemas(root)[name]["properties"]
        assert properties["env"]["additionalProperties"] is False
        for library in ("metrics", "workload"):
            assert properties[library].keys() == {"description", "type"}


def test_every_schema_stands_alone_and_is_valid(root: Path) -> None:
    found = schemas(root)
    assert set(found) == {"metrics", "workload", *services(root)}
    for schema in found.values():
        assert "$ref" not in json.dumps(schema)
        assert "propertyNames" not in json.dumps(schema)  # Helm's validator says the wrong place: use patternProperties
        jsonschema.Draft7Validator.check_schema(schema)


def test_every_object_is_closed_and_every_key_explained(root: Path) -> None:
    seen = 0
    for name, schema in schemas(root).items():
        for path, node in nodes(schema):
            last = path.rpartition(".")[2]
            subchart = path in {".metrics", ".workload"} and name not in {"metrics", "workload"}
            if "object" in (node.get("type") or ()) and last != "global" and not subchart:
                assert "additionalProperties" in node, path
            if path and last != "*":
                assert node.get("description"), path
                seen += 1
    assert seen > 200


# What has no default: what a service must say, and parts of what is left out whole.
WITHOUT_DEFAULT = {
    "metrics": {
        "role",
        *(f"networkPolicy.{peer}.ipBlock" for peer in ("dns", "prometheus", "collector")),
        *(
            f"networkPolicy.{peer}.ipBlock.{key}"
            for peer in ("dns", "prometheus", "collector")
            for key in ("cidr", "except")
        ),
        "networkPolicy.dns.podSelector",
        "networkPolicy.dns.podSelector.matchLabels",
        *(f"serviceMonitor.limits.{key}" for key in LIMITS),
        *(f"serviceMonitor.tlsConfig.{key}" for key in ("ca", "cert", "insecureSkipVerify", "keySecret", "serverName")),
        *(f"serviceMonitor.basicAuth.{key}" for key in ("password", "username")),
        *(f"serviceMonitor.authorization.{key}" for key in ("credentials", "type")),
        *(
            f"serviceMonitor.{secret}.{key}"
            for secret in (
                "authorization.credentials",
                "basicAuth.password",
                "basicAuth.username",
                "tlsConfig.ca",
                "tlsConfig.cert",
                "tlsConfig.keySecret",
            )
            for key in ("key", "name")
        ),
    },
    "workload": {f"resources.{kind}{key}" for kind in ("requests", "limits") for key in ("", ".cpu", ".memory")},
}


@pytest.mark.parametrize("library", ["metrics", "workload"])
def test_every_default_has_a_schema_and_every_key_a_default(root: Path, library: str) -> None:
    schema = schemas(root)[library]
    required = {f"{path}.{key}".lstrip(".") for path, node in nodes(schema) for key in node.get("required", ())}
    named = {path.lstrip(".") for path, _ in nodes(schema) if path and "*" not in path and ".global" not in path}
    assert named - required == WITHOUT_DEFAULT[library]
    assert set(defaults(yaml.safe_load((root / "charts" / library / "values.yaml").read_text()), schema)) == required


def defaults(values: dict[str, Any], schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """The keys of values.yaml that the schema names."""
    for key, value in values.items():
        if key in schema.get("properties", {}):
            yield f"{path}{key}"
            if isinstance(value, dict):
                yield from defaults(value, schema["properties"][key], f"{path}{key}.")
        else:  # an entry whose name is free, such as excludedHandlers.health
            assert "additionalProperties" in schema, f"{path}{key} has a default and no schema"
            assert schema["additionalProperties"] or schema.get("patternProperties"), f"{path}{key}"


def test_global_values_are_let_through(root: Path) -> None:
    chart = root / "charts" / "services" / "aaa-api"
    rendered = render(
        chart, name="aaa-api", values=[chart / "environments/staging/values.yaml"], overrides={"global": {"x": 1}}
    )
    assert rendered.one("Deployment")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--set-string", "metrics.port=8080"], "metrics:\n- at '/port': got string, want integer"),
        (["--set", "metrics.prot=8080"], "prot"),
        (["--set", "env.standard.PROMETHEUS_BACKEND=statsd"], "/env/standard/PROMETHEUS_BACKEND"),
        (["--set", "metrics.role=web"], "metrics:\n- at '/role': value must be one of"),
        (["--set", "metrics.serviceMonitor.port=web"], "metrics.serviceMonitor.port"),
    ],
)
def test_plain_helm_names_the_key(root: Path, arguments: list[str], names: str) -> None:
    chart = root / "charts" / "services" / "aaa-api"
    command = ["template", "x", str(assemble(chart)), "-f", str(chart / "environments/staging/values.yaml")]
    Helm().run(command)
    with pytest.raises(HelmError, match=names):
        Helm().run([*command, *arguments])


def test_the_librarys_own_schema_guards_a_chart_without_one(root: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    (bare / "templates").mkdir(parents=True)
    (bare / "Chart.yaml").write_text(
        "apiVersion: v2\nname: bare\nversion: 0.1.0\ndependencies:\n"
        f"  - {{name: metrics, version: ^1.0.0, repository: 'file://{root}/charts/metrics'}}\n"
    )
    with pytest.raises(RenderError) as caught:
        render(bare, name="bare", overrides={"metrics": {"prot": 8080}})
    assert caught.value.sentence.startswith("metrics.prot is not a known value")
