"""A cluster's objects as plain dictionaries, as `kubectl get -o json` shows them: listed, read and watched.

The client's own models check every field of every object against one version of Kubernetes; what tests read is a handful of
fields, in the spelling of the manifests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.resource import Resource
from kubernetes.watch import Watch
from urllib3.exceptions import HTTPError

from chart_harness.clusters.cluster import Cluster, ClusterError

Object = dict[str, Any]

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Kind:
    """A kind of object: where the API keeps it."""

    name: str
    plural: str
    group: str = ""
    version: str = "v1"

    def __str__(self) -> str:
        return self.name


POD = Kind("Pod", "pods")
NAMESPACE = Kind("Namespace", "namespaces")
DEPLOYMENT = Kind("Deployment", "deployments", "apps")
REPLICA_SET = Kind("ReplicaSet", "replicasets", "apps")
NETWORK_POLICY = Kind("NetworkPolicy", "networkpolicies", "networking.k8s.io")
PROMETHEUS_RULE = Kind("PrometheusRule", "prometheusrules", "monitoring.coreos.com")
POD_METRICS = Kind("PodMetrics", "pods", "metrics.k8s.io", "v1beta1")


class WatchBroken(Exception):
    """The connection of a watch broke, or the server no longer knows the version to go on from: list again."""


class Objects:
    """The objects of a cluster. For one thread; `close()` or use it as `with Objects(cluster) as objects`."""

    def __init__(self, cluster: Cluster) -> None:
        self._name = cluster.name
        self._client: Any = cluster.client()
        # Our kinds say where they are: there is nothing to discover, and no discovery file to share with other processes.
        self._dynamic: Any = DynamicClient(self._client, discoverer=lambda *_: None)  # type: ignore[no-untyped-call]

    def __enter__(self) -> Objects:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def all(self, kind: Kind, namespace: str = "", selector: str = "") -> list[Object]:
        """The objects of this kind, in `namespace` or everywhere, whose labels `selector` selects. Raises ClusterError."""
        return self.listing(kind, namespace, selector)[0]

    def listing(self, kind: Kind, namespace: str = "", selector: str = "") -> tuple[list[Object], str]:
        """The objects, and the version of the list from which a watch can go on. Raises ClusterError."""
        answer = self._get(kind, namespace=namespace or None, label_selector=selector or None)
        return answer.get("items") or [], str(answer["metadata"].get("resourceVersion", ""))

    def get(self, kind: Kind, name: str, namespace: str = "") -> Object | None:
        """The object of this name, None when there is none. Raises ClusterError."""
        try:
            return self._get(kind, name=name, namespace=namespace or None)
        except ClusterError as error:
            if isinstance(error.__cause__, ApiException) and error.__cause__.status == 404:
                return None
            raise

    def raw(self, path: str, parameters: Mapping[str, str]) -> Object:
        """The JSON object that a GET of `path` answers, such as a Service's through its proxy. Raises ClusterError."""
        with self._errors_named(f"read {path}"):
            answer = self._dynamic.request(
                "get",
                path,
                query_params=list(parameters.items()),
                serializer=lambda _, document: document,
                _request_timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
            )
        if not isinstance(answer, dict):
            raise ClusterError(f"Cluster {self._name} answered {path} with something other than a JSON object.")
        return answer

    def changes(
        self, kind: Kind, namespace: str, selector: str, since: str, seconds: int, watch: Watch
    ) -> Iterator[tuple[str, Object]]:
        """The type (ADDED, MODIFIED, DELETED, BOOKMARK) and object of each change after version `since`, for `seconds`.

        `watch.stop()` from another thread ends it early. Raises WatchBroken when it cannot go on from `since`, ClusterError when
        the server refuses.
        """
        with self._errors_named(f"watch {kind.plural}"):
            try:
                for event in watch.stream(  # type: ignore[no-untyped-call]
                    self._resource(kind).get,
                    namespace=namespace or None,
                    label_selector=selector or None,
                    resource_version=since,
                    timeout_seconds=seconds,
                    allow_watch_bookmarks=True,
                    serialize=False,
                    # the server ends the watch; this is for a server that has gone
                    _request_timeout=(CONNECT_SECONDS, seconds + ANSWER_SECONDS),
                ):
                    if event is not None:  # an empty line
                        yield event["type"], event["raw_object"]
            except HTTPError as error:
                raise WatchBroken from error
            except ApiException as error:
                if error.status == 410:
                    raise WatchBroken from error
                raise

    def _get(self, kind: Kind, **arguments: Any) -> Object:
        with self._errors_named(f"read {kind.plural}"):
            found = self._resource(kind).get(**arguments, _request_timeout=(CONNECT_SECONDS, ANSWER_SECONDS))
            return dict(found.to_dict())

    def _resource(self, kind: Kind) -> Any:
        return Resource(  # type: ignore[no-untyped-call]
            prefix="apis" if kind.group else "api",
            group=kind.group,
            api_version=kind.version,
            kind=kind.name,
            name=kind.plural,
            namespaced=kind != NAMESPACE,
            client=self._dynamic,
        )

    @contextmanager
    def _errors_named(self, what: str) -> Iterator[None]:
        try:
            yield
        except ApiException as error:
            said = f"{error.status} {error.reason}".strip()
            raise ClusterError(f"Cluster {self._name} did not let us {what}: it answered {said}.") from error
        except HTTPError as error:
            raise ClusterError(
                f"Cluster {self._name} does not answer ({error}): look whether it still runs."
            ) from error
