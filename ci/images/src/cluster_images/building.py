"""Builds one image of the table: puts the context together, hands it to the engine, labels what comes out."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.errors import APIError, BuildError

from cluster_images import debian, wheels
from cluster_images.cache import cache_folder
from cluster_images.errors import ImagesError
from cluster_images.go_modules import build as build_programs
from cluster_images.go_modules import sources
from cluster_images.table import DEBIAN, IMAGES, Image

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
CONTENT_LABEL = "cluster-images.content"
ORIGIN_LABEL = "cluster-images.origin"

Say = Callable[[str], None]


class ImageBuildError(ImagesError):
    """The engine refused the build; the message ends with what it said."""


def recipe(image: Image) -> Path:
    return RECIPES / (image.recipe or image.name)


def content(image: Image, base: str = "") -> str:
    """A hash of all that decides what a build of the image holds; `base` is the id of its base image."""
    digest = hashlib.sha256(repr((image.name, image.reference, image.inside, base)).encode())
    for path in sorted(recipe(image).rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(RECIPES)}\0{path.stat().st_mode & 0o111}\0".encode() + path.read_bytes())
    if image.debian:
        digest.update(debian.content(DEBIAN, image.debian, image.debian_without).encode())
    for folder, (module, names) in sorted(image.programs.items()):
        digest.update(f"{folder} {module.content} {names}".encode())
    for name, (module, path_in_module) in sorted(image.sources.items()):
        digest.update(f"{name} {module.content} {path_in_module}".encode())
    for name in image.inside:
        digest.update(content(IMAGES[name]).encode())
    if image.base:
        digest.update(wheels.content().encode())
    return digest.hexdigest()[:20]


def build(
    engine: docker.DockerClient, image: Image, say: Say, base: str = "", base_python: tuple[int, int] = (0, 0)
) -> None:
    """Builds and tags the image. `base` is the reference of its base image, which has `base_python`.

    Raises ImageBuildError, GoBuildError, DebianError or WheelError.
    """
    base_id = str(engine.images.get(base).id) if base else ""
    labels = {
        CONTENT_LABEL: content(image, base_id),
        ORIGIN_LABEL: origin(image),
        "org.opencontainers.image.title": image.name,
        "org.opencontainers.image.version": image.reference.rpartition(":")[2],
    }
    if "coredns" in image.inside:
        labels["cluster-images.coredns"] = IMAGES["coredns"].reference.rpartition(":")[2]
    with _context(engine, image, say, base_python) as folder:
        say("assembling")
        try:
            engine.images.build(
                path=str(folder),
                tag=image.reference,
                labels=labels,
                buildargs={"BASE_IMAGE": base, "PROGRAM": image.name},
                rm=True,
                forcerm=True,
            )
        except BuildError as error:
            said = "".join(str(line.get("stream", "")) for line in error.build_log)
            raise ImageBuildError(f"The build of {image.reference} failed: {error.msg}\n{said[-2000:]}") from None
        except APIError as error:
            raise ImageBuildError(f"The engine refused to build {image.reference}: {error.explanation}") from None


def origin(image: Image) -> str:
    """Says what a build is made of, for its label."""
    parts = [f"Go module {module.requires} {module.version}" for module, _ in image.programs.values()]
    if image.debian:
        parts.append(f"Debian {DEBIAN} packages {' '.join(image.debian)}")
    if image.base:
        parts.append("Python packages of requirements.lock and this checkout")
    return "built from " + "; ".join(parts)


@contextmanager
def _context(engine: docker.DockerClient, image: Image, say: Say, base_python: tuple[int, int]) -> Iterator[Path]:
    parent = cache_folder() / "contexts"
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=f"{image.name}-") as scratch:
        folder = Path(scratch) / "context"
        shutil.copytree(recipe(image), folder)
        if image.debian:
            say("installing Debian packages")
            root = debian.root_file_system(DEBIAN, image.debian, image.debian_version, image.debian_without)
            _link(root, folder / "rootfs.tar")
        for name, (module, programs) in image.programs.items():
            say(f"compiling {module.name}")
            built = build_programs(module)  # all of them: they share most of their packages
            for program in programs:
                _link(built[program], folder / name / program)
        for name, (module, path) in image.sources.items():
            shutil.copytree(sources(module) / path, folder / "sources" / name)
        if image.inside:
            say("saving the images inside")
            for name in image.inside:
                _save(engine, IMAGES[name].reference, folder / "images" / f"{name}.tar")
        if image.base:
            say("building wheels")
            wheels.wheelhouse(base_python, folder / "wheels")
        yield folder


def _link(source: Path, destination: Path) -> None:
    """A hard link: contexts live in the cache folder, beside what is put into them."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.hardlink_to(source)


def _save(engine: docker.DockerClient, reference: str, archive: Path) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    with archive.open("wb") as file:
        for chunk in engine.images.get(reference).save(named=reference):
            file.write(chunk)
