"""A kind cluster of our own: booted with everything in it, found again while it fits, deleted whole."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import docker
from docker.errors import DockerException, NotFound

from chart_harness.clusters.booted import Booted
from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.components import (
    COMPONENTS,
    NODE,
    Component,
    apply,
    apply_definitions,
    content,
    until_ready,
)
from chart_harness.clusters.kind_command import KindFailed, end_orphans, run_kind
from chart_harness.clusters.loading import Loading, LocalImage, archive, import_archive, loading, local_image, node_of
from chart_harness.clusters.namespaces import RUN_LABEL
from chart_harness.clusters.node_configuration import configuration
from chart_harness.clusters.provider import ClusterChanged, Progress, Stopwatch, to_standard_error
from chart_harness.clusters.service_addresses import keep_inside
from chart_harness.clusters.session import folder
from cluster_images import engine
from cluster_images.cache import cache_folder
from cluster_images.errors import ImagesError
from cluster_images.provide import provided

LOGS = Path("build/cluster-logs")
UNDER_TEST = "reference-service"
"""The image that changes with the checkout; a newer one goes into the running cluster, for the pods that start from then on."""

_CONTAINERD_RUNS = "Starting control-plane"
"""What kind says when the node's systemd has started all its units, and before kubeadm begins."""


def own_name() -> str:
    """The name of this cache folder's cluster. Two users of one engine have two, and neither takes the other's for its own left-over."""
    return f"service-metrics-{hashlib.sha256(str(cache_folder().resolve()).encode()).hexdigest()[:6]}"


class KindProvider:
    """Boots the cluster `name` with kind, and installs the components. `session` lets one process at a time call it.

    Arguments:
        name: a cluster of this name that kind knows is taken for ours; by default `own_name`.
        components: what to install; without any, the node has no network plugin and is not Ready.
        progress: told what is done, a line for each stage.
        logs: the folder for the node's logs of a boot that failed.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        components: Sequence[Component] = COMPONENTS,
        progress: Progress = to_standard_error,
        logs: Path = LOGS,
    ) -> None:
        self._name = name = name or own_name()
        self._components = components
        self._progress = progress
        self._logs = logs
        self._folder = folder(name)
        self._booted = self._folder / "booted.json"
        self._cluster = Cluster(name, self._folder / "kubeconfig", f"kind-{name}")

    @property
    def name(self) -> str:
        """What kind calls the cluster."""
        return self._name

    def find(self) -> Cluster | None:
        """The cluster, if it answers and was booted from what there is now; brings a newer image under test into it.

        Raises ClusterChanged when it was booted from something else, ClusterError when the images cannot be had.
        """
        booted = Booted.read(self._booted)
        if booted is None or not self._answers(booted.container):
            return None
        images = self._images()
        changes = booted.changes(self._made_from(images))
        if changes:
            raise ClusterChanged(f"Cluster {self._name} was booted from other versions of: {', '.join(changes)}.")
        self._load_newer(booted, images)
        return self._cluster

    def start(self) -> Cluster:
        """Deletes what there is of the cluster and boots it anew.

        When that fails the node's logs are saved and what there is of it is deleted. Raises ClusterError.
        """
        say = Stopwatch(self._progress)
        images = self._images()
        say(f"{len(images)} images are in the engine")
        self.stop()
        try:
            return self._boot(images, say)
        except ClusterError as error:
            logs = self._save_logs()
            self.stop()
            raise ClusterError(f"Cluster {self._name} did not boot. {logs}\n{error}") from error
        except BaseException:  # an interrupt: no time for logs
            self.stop()
            raise

    def stop(self) -> None:
        """Deletes the cluster, or what a killed session has left of it. Raises ClusterError when kind cannot."""
        self._booted.unlink(missing_ok=True)  # from here on there is no whole cluster
        end_orphans(self._name)
        self._engine()
        run_kind(self._name, ["delete", "cluster", "--kubeconfig", str(self._cluster.kubeconfig)])
        self._cluster.kubeconfig.unlink(missing_ok=True)

    def tidy(self, cluster: Cluster) -> None:
        """Deletes what killed test runs have left: pods in namespaces that stay, and whole namespaces, until they are gone.

        Raises ClusterError.
        """
        cluster.kubectl("delete", "pods", "--all-namespaces", "--selector", RUN_LABEL, "--wait=false")
        cluster.kubectl(
            "delete", "namespace", "--selector", RUN_LABEL, "--ignore-not-found", "--wait", "--timeout=100s"
        )

    def _engine(self) -> docker.DockerClient:
        try:
            return engine.connect()
        except engine.EngineError as error:
            raise ClusterError(str(error)) from error

    def _images(self) -> dict[str, LocalImage]:
        """All images of this cluster by their name in the table, as the engine has them; pulled or built where it had not."""
        names = dict.fromkeys(["node", *(image for component in self._components for image in component.images)])
        try:
            references = provided(*names)
        except ImagesError as error:
            raise ClusterError(f"Cluster {self._name} has not all its images. {error}") from error
        client = self._engine()
        return {name: local_image(client, reference) for name, reference in references.items()}

    def _made_from(self, images: Mapping[str, LocalImage]) -> dict[str, str]:
        parts = {f"image {name}": image.id for name, image in images.items() if name != UNDER_TEST}
        return {**parts, "manifests": content(self._components), "configuration of kind": self._configuration(images)}

    def _configuration(self, images: Mapping[str, LocalImage]) -> str:
        labels = self._engine().images.get(images["node"].reference).labels or {}
        return configuration(lacks_capabilities=engine.lacks_capabilities(), node_labels=labels)

    def _boot(self, images: Mapping[str, LocalImage], say: Stopwatch) -> Cluster:
        client = self._engine()
        with loading(client, node_of(self._name)) as loads:
            self._create_node(images, loads, say)
            for component in self._components:
                self._install(component, images, loads)
                say(f"{component.name} applied")
                loads.begin(self._images_of(self._components, images))
        if self._components:
            state = until_ready(self._cluster, self._components)
            say(f"all ready; the node was at {_ready_since(state[NODE][0])}")
        booted = Booted(
            container=str(client.containers.get(node_of(self._name)).id),
            made_from=self._made_from(images),
            loaded=_under_test(images),
            seconds=say.seconds,
        )
        booted.write(self._booted)
        return self._cluster

    def _create_node(self, images: Mapping[str, LocalImage], loads: Loading, say: Stopwatch) -> None:
        def follow(line: str) -> None:
            if _CONTAINERD_RUNS in line and "..." in line:
                say("the node's containerd runs")
                # Only the network plugin's: the others would keep the control plane waiting for the disk and the processors.
                loads.begin(self._images_of(self._components[:1], images))
                keep_inside(self._engine(), node_of(self._name))

        self._folder.mkdir(parents=True, exist_ok=True)
        image, kubeconfig = images["node"].reference, str(self._cluster.kubeconfig)
        arguments = ["create", "cluster", "--image", image, "--kubeconfig", kubeconfig, "--config", "-", "--retain"]
        run_kind(self._name, arguments, stdin=self._configuration(images), on_line=follow)
        say("kind has created the cluster")

    def _install(self, component: Component, images: Mapping[str, LocalImage], loads: Loading) -> None:
        if component.name == "prometheus-operator":
            apply_definitions(self._cluster)
        for image in self._images_of([component], images):
            loads.wait_for(image)
        apply(self._cluster, component)

    @staticmethod
    def _images_of(components: Sequence[Component], images: Mapping[str, LocalImage]) -> list[LocalImage]:
        return [images[name] for component in components for name in component.images]

    def _load_newer(self, booted: Booted, images: Mapping[str, LocalImage]) -> None:
        newer = {reference: id for reference, id in _under_test(images).items() if booted.loaded.get(reference) != id}
        for reference, id in newer.items():
            self._progress(f"loading the newer {reference}")
            import_archive(node_of(self._name), archive(self._engine(), LocalImage(reference, id)))
        if newer:
            record = Booted(booted.container, booted.made_from, {**booted.loaded, **newer}, booted.seconds)
            record.write(self._booted)

    def _answers(self, container: str) -> bool:
        try:
            node = self._engine().containers.get(node_of(self._name))
        except NotFound:
            return False
        except DockerException as error:
            raise ClusterError(f"The engine cannot show node {node_of(self._name)}: {error}.") from error
        if node.id != container or node.status != "running":
            return False
        try:
            self._cluster.kubectl("get", "--raw", "/readyz", timeout=20)
        except ClusterError:
            return False
        return True

    def _save_logs(self) -> str:
        """Where the node's logs are now, as a sentence."""
        target = self._logs / self._name
        try:
            run_kind(self._name, ["export", "logs", str(target)], timeout=60)
        except KindFailed as error:
            return f"Its logs could not be saved either ({error})."
        return f"The logs of its node and pods are in {target}."


def _under_test(images: Mapping[str, LocalImage]) -> dict[str, str]:
    image = images.get(UNDER_TEST)
    return {image.reference: image.id} if image else {}


def _ready_since(node: Mapping[str, object]) -> str:
    status = node["status"]
    assert isinstance(status, Mapping)
    return str(next(c["lastTransitionTime"] for c in status["conditions"] if c["type"] == "Ready"))
