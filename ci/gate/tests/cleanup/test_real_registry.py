"""A real registry, Debian's docker-registry: what is pushed there is listed, unless something refers to it, and the command deletes it."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from ci.gate.tests.fleet.conftest import Checkout, make_checkout
from promotion_gate.cli import main

pytestmark = pytest.mark.live

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


class Registry:
    """Pushes images over the API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def blob(self, repository: str, content: bytes) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        begun = requests.post(f"{self.url}/v2/{repository}/blobs/uploads/", timeout=10)
        place = begun.headers["Location"]
        done = requests.put(place, params={"digest": digest}, data=content, timeout=10)
        assert done.status_code == 201, done.text
        return {"digest": digest, "size": len(content)}

    def manifest(self, repository: str, tag: str, document: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps(document)
        headers = {"Content-Type": document["mediaType"]}
        done = requests.put(f"{self.url}/v2/{repository}/manifests/{tag}", data=text, headers=headers, timeout=10)
        assert done.status_code == 201, done.text
        return {"mediaType": document["mediaType"], "digest": done.headers["Docker-Content-Digest"], "size": len(text)}

    def push(self, repository: str, tag: str, content: str = "") -> dict[str, Any]:
        config = json.dumps(
            {
                "created": "2025-11-20T08:00:00.123456789Z",
                "architecture": "amd64",
                "os": "linux",
                "note": content or tag,
            }
        )
        described = {"mediaType": CONFIG, **self.blob(repository, config.encode())}
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}
        return self.manifest(repository, tag, document)

    def tags(self, repository: str) -> set[str]:
        return set(requests.get(f"{self.url}/v2/{repository}/tags/list", timeout=10).json()["tags"] or ())


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    configuration = tmp_path / "registry.yml"
    storage = f"{{filesystem: {{rootdirectory: {tmp_path}/data}}, delete: {{enabled: true}}}}"
    configuration.write_text(f"version: 0.1\nstorage: {storage}\nhttp: {{addr: '127.0.0.1:0'}}\n")
    process = subprocess.Popen(["docker-registry", "serve", configuration], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    address = next(match[1] for line in process.stderr if (match := re.search(r"listening on ([\d.:]+)", line)))
    threading.Thread(target=process.stderr.read, daemon=True).start()  # a full pipe would stop it
    yield Registry(f"http://{address}")
    process.terminate()
    process.wait(10)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return make_checkout(tmp_path, ["aaa-api"])


def cleanup(checkout: Checkout, registry: Registry, *arguments: str) -> Any:
    command = ["cleanup", "--root", str(checkout.root), "--verdicts", str(checkout.store), "--json"]
    done = CliRunner().invoke(main, [*command, "--registry", registry.url, *arguments])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_what_nothing_refers_to_is_listed_and_its_command_deletes_it_alone(
    registry: Registry, checkout: Checkout
) -> None:
    host = registry.url.removeprefix("http://")
    for tag in ("0.1.0", "0.2.0-rc1", "0.2.0-rc2", "experiment-fast"):
        registry.push("reference-service", tag)
    registry.push("reference-service", "0.3.0-rc1", "promoted as it is")
    registry.push("reference-service", "0.3.0", "promoted as it is")
    amd = registry.push("team/app", "amd64-dev")
    index = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [amd | {"platform": {"architecture": "amd64", "os": "linux"}}],
    }
    registry.manifest("team/app", "1.0", index)
    registry.push("team/app", "nightly")
    for number in range(120):  # more than a page
        registry.push(f"many/repo-{number:03}", "1.0", "the same")
    registry.push("many/repo-119", "dev")
    values = checkout.root / "charts/services/aaa-api/environments/staging/values.yaml"
    values.write_text(values.read_text() + "\nworkload:\n  image:\n    tag: 0.2.0-rc2\n")

    document = cleanup(checkout, registry)
    assert {item["name"]: item["since"] for item in document["unreferenced"]} == dict.fromkeys(
        (
            f"{host}/many/repo-119:dev",
            f"{host}/reference-service:0.2.0-rc1",
            f"{host}/reference-service:experiment-fast",
            f"{host}/team/app:nightly",
        ),
        "2025-11-20T08:00:00.123456Z",
    )
    because = {item["name"].removeprefix(f"{host}/"): item["because"] for item in document["kept"]}
    assert because.keys() == {"reference-service:0.2.0-rc2", "reference-service:0.3.0-rc1", "team/app:amd64-dev"}
    assert because["reference-service:0.2.0-rc2"] == "named in aaa-api in staging, the checkout"
    assert because["reference-service:0.3.0-rc1"] == f"the same manifest as {host}/reference-service:0.3.0, which stays"
    assert because["team/app:amd64-dev"] == f"the same manifest as {host}/team/app:1.0, which stays"

    assert registry.tags("reference-service") >= {"0.2.0-rc1", "experiment-fast"}  # nothing was deleted
    one = next(item for item in document["unreferenced"] if item["name"].endswith("0.2.0-rc1"))
    subprocess.run([*shlex.split(one["command"]), "--silent"], check=True)
    assert registry.tags("reference-service") == {"0.1.0", "0.2.0-rc2", "0.3.0", "0.3.0-rc1", "experiment-fast"}
    left = [
        item["name"].rpartition("/")[2]
        for item in cleanup(checkout, registry, "--repository", "reference-service")["unreferenced"]
    ]
    assert left == ["reference-service:experiment-fast"]


def test_an_image_that_a_verdict_proved_stays(registry: Registry, checkout: Checkout) -> None:
    digest = registry.push("elsewhere", "0.2.0-rc1")["digest"]
    assert len(cleanup(checkout, registry)["unreferenced"]) == 1
    checkout.promote(checkout.verdict(changes={"image_digests": (digest,)}))
    document = cleanup(checkout, registry)
    assert document["unreferenced"] == []
    assert "promotion.dsse.json" in document["kept"][0]["because"]
