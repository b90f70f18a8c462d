"""Pulling, from a real registry: the way that every ordinary host takes."""

from __future__ import annotations

import io
import re
import socket
import subprocess
import tarfile
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
from docker.errors import APIError, ImageNotFound

from cluster_images import engine, provide
from cluster_images.table import Image

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def client() -> docker.DockerClient:
    return engine.provide()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The host and port of a registry of our own, from Debian's docker-registry; engines trust one on this host without TLS."""
    folder = tmp_path_factory.mktemp("registry")
    configuration = folder / "config.yml"
    configuration.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n"
    )
    process = subprocess.Popen(["docker-registry", "serve", configuration], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    address = next(match[1] for line in process.stderr if (match := re.search(r"listening on ([\d.:]+)", line)))
    threading.Thread(target=process.stderr.read, daemon=True).start()  # a full pipe would stop it
    yield address
    process.terminate()
    process.wait(10)


@dataclass(frozen=True)
class Published:
    image: Image
    content: bytes


@pytest.fixture
def published(
    registry: str, client: docker.DockerClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Published]:
    """An image that the registry has and the engine has not, as an entry of the table; the registry is its mirror."""
    name = f"cluster-images-test-{uuid.uuid4().hex[:8]}"
    content = uuid.uuid4().bytes
    mirrored = f"{registry}/{name}:1.0"
    client.api.import_image_from_data(_tar(content), repository=f"{registry}/{name}", tag="1.0")
    client.images.push(mirrored)
    client.images.remove(mirrored)
    image = Image(name, reference=f"example.test/{name}:1.0", pulled=f"example.test/{name}:1.0")
    monkeypatch.setattr(provide, "IMAGES", {name: image})
    monkeypatch.setenv("IMAGE_MIRROR", registry)
    monkeypatch.setenv("SERVICE_METRICS_CACHE", str(tmp_path))
    yield Published(image, content)
    for reference in (mirrored, image.pulled):
        _remove(client, reference)


def _tar(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("content")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _remove(client: docker.DockerClient, reference: str) -> None:
    try:
        client.images.remove(reference, force=True)
    except (ImageNotFound, APIError):
        return


def test_an_image_comes_from_the_registry_under_the_name_that_manifests_say(
    published: Published, client: docker.DockerClient
) -> None:
    result = provide.provide([published.image.name], lambda _name, _what: None)[published.image.name]
    assert (result.way, result.reference) == ("pulled", published.image.pulled)
    saved = b"".join(client.images.get(published.image.pulled).save())
    assert published.content in saved, "the very content that was published"
    again = provide.provide([published.image.name], lambda _name, _what: None)[published.image.name]
    assert again.way == "present"


def test_without_the_registry_the_same_image_cannot_be_had(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: nothing but the registry gave the image."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        monkeypatch.setenv("IMAGE_MIRROR", f"127.0.0.1:{nobody.getsockname()[1]}")
        with pytest.raises(provide.ImageError, match="does not answer"):
            provide.provide([published.image.name], lambda _name, _what: None, "registry")
