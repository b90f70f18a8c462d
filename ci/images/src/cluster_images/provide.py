"""Brings images into the engine, the quickest way for each: what is there stays, what a registry has is pulled, the rest is built."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

import docker
from docker.errors import APIError, DockerException, ImageNotFound

from cluster_images import building, engine
from cluster_images.cache import exclusive
from cluster_images.errors import ImagesError
from cluster_images.table import IMAGES, Image

Way = Literal["present", "pulled", "built"]
From = Literal["auto", "registry", "build"]

_AT_ONCE = 4
"""Builds side by side: one compiles, as a compiler takes every core, while others unpack, copy and wait for the network."""

PYTHONS = {"pulled": (3, 12), "built": (3, 11)}
"""The Python version of the base image, as it was pulled or built."""


class ImageError(ImagesError):
    """An image can neither be pulled nor built; the message says why."""


@dataclass(frozen=True)
class Provided:
    """An image that is in the engine now."""

    name: str
    reference: str
    """What to run: a pulled image may have another tag than a built one."""
    way: Way
    seconds: float
    why: str = ""
    """Why it was not pulled."""


Progress = Callable[[str, str], None]
"""Called with an image's name and what happens to it now, from many threads."""


def provided(*names: str) -> dict[str, str]:
    """References, by name, of images that are in the engine when this returns. Safe from many processes at once.

    Raises ImagesError with a sentence.
    """
    return {name: image.reference for name, image in provide(names, lambda _name, _what: None).items()}


def provide(names: Iterable[str], progress: Progress, source: From = "auto") -> dict[str, Provided]:
    """As `provided`, with all that is known of each. `source` says whether a registry, a build or both may be used."""
    client = engine.provide()
    provider = _Provider(client, progress, source)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="image") as pool:
        futures = [pool.submit(provider.provide, IMAGES[name]) for name in names]
        try:
            return {future.result().name: future.result() for future in futures}
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _Provider:
    """Provides images on one engine. Threads share it; an image is provided once."""

    def __init__(self, client: docker.DockerClient, progress: Progress, source: From) -> None:
        self._client = client
        self._progress = progress
        self._source = source
        self._mirror = os.environ.get("IMAGE_MIRROR", "").rstrip("/")
        self._registries: dict[str, str] = {}
        self._registries_lock = threading.Lock()

    def provide(self, image: Image) -> Provided:
        began = time.monotonic()
        with exclusive(f"image-{image.name}"):
            way, reference, why = self._provide(image)
        self._progress(image.name, f"{way} in {time.monotonic() - began:.0f} s" if way != "present" else way)
        return Provided(image.name, reference, way, time.monotonic() - began, why)

    def _provide(self, image: Image) -> tuple[Way, str, str]:
        if self._source != "build" and self._pulled_before(image):
            return "present", image.pulled_name, ""
        base, base_python = self._base(image)
        content = building.content(image, str(self._client.images.get(base).id) if base else "")
        if self._source != "registry" and (self._labels(image.reference) or {}).get(building.CONTENT_LABEL) == content:
            return "present", image.reference, ""
        why = self._pull(image) if image.pulled and self._source != "build" else "no registry has it"
        if not why:
            return "pulled", image.pulled_name, ""
        if self._source == "registry" and image.pulled:
            raise ImageError(f"{image.pulled} could not be pulled: {why}.")
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=image.name) as pool:
            list(pool.map(self.provide, (IMAGES[name] for name in image.inside)))
        building.build(self._client, image, partial(self._progress, image.name), base, base_python)
        return "built", image.reference, why

    def _base(self, image: Image) -> tuple[str, tuple[int, int]]:
        if not image.base:
            return "", (0, 0)
        base = self.provide(IMAGES[image.base])
        return base.reference, PYTHONS["built" if base.reference == IMAGES[image.base].reference else "pulled"]

    def _labels(self, reference: str) -> Mapping[str, str] | None:
        """The labels of an image of the engine; None if it has no such image."""
        try:
            return dict(self._client.images.get(reference).labels or {})
        except ImageNotFound:
            return None

    def _pulled_before(self, image: Image) -> bool:
        """Whether the engine has it from a registry; one of ours under the same name carries our label."""
        if not image.pulled:
            return False
        labels = self._labels(image.pulled_name)
        return labels is not None and building.CONTENT_LABEL not in labels

    def _pull(self, image: Image) -> str:
        """Why it could not be pulled; empty if it was."""
        source = f"{self._mirror}/{image.pulled.partition('/')[2]}" if self._mirror else image.pulled
        if silent := self._registry_is_silent(source):
            return silent
        self._progress(image.name, f"pulling {source}")
        try:
            pulled = self._client.images.pull(source)
        except (APIError, DockerException) as error:
            return _first_line(error)
        repository, _, tag = image.pulled_name.rpartition(":")
        pulled.tag(repository, tag)  # from a mirror, or by a digest, it came under another name
        return ""

    def _registry_is_silent(self, reference: str) -> str:
        """Why the registry cannot be used, asked once for each: the engine is asked, as it may know mirrors and proxies."""
        host = reference.partition("/")[0]
        with self._registries_lock:
            if host not in self._registries:
                try:
                    self._client.images.get_registry_data(reference)
                except (APIError, DockerException) as error:
                    reached = isinstance(error, APIError) and error.status_code in {401, 403, 404}
                    self._registries[host] = "" if reached else f"{host} does not answer"
                else:
                    self._registries[host] = ""
            return self._registries[host]


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
