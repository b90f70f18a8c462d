"""Brings images of the engine into a cluster's node.

The engine writes an image into an archive once, for as long as the image stays the same; the node imports the archive.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException, ImageNotFound

from chart_harness.clusters.cluster import ClusterError
from cluster_images.cache import cache_folder, exclusive

IMPORT_SECONDS = 300.0
# As `kind load image-archive` does it, without looking up the snapshotter first: this is the node's default.
_IMPORT = ("ctr", "--namespace=k8s.io", "images", "import", "-")


@dataclass(frozen=True)
class LocalImage:
    """An image that the engine has."""

    reference: str
    id: str


def local_image(engine: docker.DockerClient, reference: str) -> LocalImage:
    """The engine's image of this name. Raises ClusterError when it has none."""
    try:
        return LocalImage(reference, str(engine.images.get(reference).id))
    except ImageNotFound:
        raise ClusterError(
            f"The engine has no image {reference}: run make images, or docker pull {reference}."
        ) from None
    except DockerException as error:
        raise ClusterError(f"The engine cannot show image {reference}: {error}.") from error


def node_of(cluster_name: str) -> str:
    """The container that is the one node of a kind cluster."""
    return f"{cluster_name}-control-plane"


def load(engine: docker.DockerClient, cluster_name: str, references: Iterable[str]) -> None:
    """Bring images of the engine into the node of a kind cluster, whatever the node has.

    Safe from several processes at once. Raises ClusterError when the engine has no such image or the node does not take it.
    """
    for reference in references:
        import_archive(node_of(cluster_name), archive(engine, local_image(engine, reference)))


def archive(engine: docker.DockerClient, image: LocalImage) -> Path:
    """The image's archive in the cache folder, written if it is not there; older ones of the same name go. Raises ClusterError."""
    folder = cache_folder() / "archives"
    name = re.sub(r"[^A-Za-z0-9.]+", "-", image.reference)
    path = folder / f"{name}@{image.id.removeprefix('sha256:')[:20]}.tar"
    if path.exists():
        return path
    with exclusive(f"archive-{name}"):
        if path.exists():
            return path
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        try:
            with partial.open("wb") as file:
                for chunk in engine.images.get(image.reference).save(chunk_size=1 << 20, named=image.reference):
                    file.write(chunk)
        except (DockerException, OSError) as error:
            partial.unlink(missing_ok=True)
            raise ClusterError(f"Image {image.reference} could not be written to {path}: {error}.") from error
        for older in folder.glob(f"{name}@*.tar"):
            older.unlink()
        partial.replace(path)
        return path


def import_archive(node: str, path: Path) -> None:
    """Import an archive in the node. Raises ClusterError with what the node said."""
    command = ["docker", "exec", "--interactive", node, *_IMPORT]
    try:
        with path.open("rb") as content:
            done = subprocess.run(command, stdin=content, capture_output=True, timeout=IMPORT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"Node {node} did not import {path} within {IMPORT_SECONDS:.0f} s.") from error
    except OSError as error:
        raise ClusterError(f"{path} could not be imported in node {node}: {error.strerror}.") from error
    if done.returncode:
        said = done.stderr.decode(errors="backslashreplace").strip()
        raise ClusterError(f"Node {node} did not import {path}: {said or f'ctr ended with {done.returncode}'}.")


class Loading:
    """The images of a boot on their way into the node, one after the other, in the order in which `begin` is told of them."""

    def __init__(self, engine: docker.DockerClient, node: str, pool: ThreadPoolExecutor) -> None:
        self._engine, self._node, self._pool = engine, node, pool
        self._loads: dict[str, Future[None]] = {}

    def begin(self, images: Iterable[LocalImage]) -> None:
        """Loads these too; the node's containerd must run."""
        for image in images:
            if image.reference not in self._loads:
                self._loads[image.reference] = self._pool.submit(self._load, image)

    def _load(self, image: LocalImage) -> None:
        import_archive(self._node, archive(self._engine, image))

    def wait_for(self, image: LocalImage) -> None:
        """Returns when the node has this image. Raises ClusterError when it will not."""
        self.begin([image])
        self._loads[image.reference].result()


@contextmanager
def loading(engine: docker.DockerClient, node: str) -> Iterator[Loading]:
    """Loads images while the node still boots. What has not begun by the end, does not."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="load")  # more would take the processors from the control plane
    try:
        yield Loading(engine, node, pool)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
