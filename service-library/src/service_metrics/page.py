"""The /metrics page: what the process itself has, and what all workers of the pod have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from service_metrics.backend import REGISTRY, CollectorRegistry
from service_metrics.compression import accepts_gzip, compressed
from service_metrics.exposition.constant_labels import ConstantLabels
from service_metrics.exposition.negotiation import Choice, negotiate
from service_metrics.identity import instance_id
from service_metrics.pacing import paced, whole
from service_metrics.recording.reading import families
from service_metrics.settings import INSTANCE_LABEL, Settings
from service_metrics.workers.exchange import EXCHANGE


class Page:
    """Renders the page; blocks, so call it from a thread of its own. Safe in threads and in forked children.

    In prometheus_client's process mode (see `Settings.multiprocess_directory`) the page is what the files in that
    directory say about all processes together: no worker is asked, and no series has a worker's id.

    Args:
        registry: What to publish; None is REGISTRY.
        settings: Gives the custom labels; None reads the environment.

    Raises:
        SettingsError: the environment has a value that is not allowed.
    """

    def __init__(self, registry: CollectorRegistry | None = None, settings: Settings | None = None) -> None:
        self.settings = Settings.from_env() if settings is None else settings
        self._registry = REGISTRY if registry is None else registry
        self._process_mode = self.settings.multiprocess_directory is not None

    def join_workers(self) -> None:
        """Make this process visible to its siblings, from now to its end."""
        if not self._process_mode:
            EXCHANGE.join(self.own)

    def leave_workers(self) -> None:
        """Be invisible to siblings, until the page is asked for again."""
        EXCHANGE.leave()

    def own(self, accept: str = "") -> bytes:
        """Return the series of this process.

        Args:
            accept: An Accept header, or the content type of an answer; the empty string is text 0.0.4.
        """
        return whole(self._own(negotiate(accept)))

    def all_workers(self, accept: str = "") -> bytes:
        """Return the series of all live workers of the pod; `accept` as for `own`."""
        return whole(self._all(negotiate(accept)))

    def answer(self, accept: str, accept_encoding: str) -> tuple[dict[str, str], bytes]:
        """Return headers and body of the HTTP answer.

        Args:
            accept: The request's header of that name, or an empty string.
            accept_encoding: Likewise.
        """
        choice = negotiate(accept)
        headers = {"content-type": choice.content_type, "vary": "accept, accept-encoding"}
        slices: Iterable[bytes | memoryview] = self._all(choice)
        if accepts_gzip(accept_encoding):
            slices = compressed(slices)
            headers["content-encoding"] = "gzip"
        body = whole(slices)
        headers["content-length"] = str(len(body))
        return headers, body

    def _own(self, choice: Choice) -> Iterator[bytes]:
        identity = {} if self._process_mode else {INSTANCE_LABEL: instance_id()}
        labels = ConstantLabels(dict(self.settings.custom_labels), identity)
        return paced(choice.exposition.render(self._families(), labels, choice.escaping))

    def _families(self) -> Iterable[Metric]:
        if not self._process_mode:
            return families(self._registry)
        files = CollectorRegistry()
        MultiProcessCollector(files, self.settings.multiprocess_directory)  # type: ignore[no-untyped-call]
        return files.collect()

    def _all(self, choice: Choice) -> Iterator[bytes | memoryview]:
        self.join_workers()
        siblings = [] if self._process_mode else EXCHANGE.ask_siblings(choice.content_type)
        if not siblings:  # then no page has to be whole
            return self._own(choice)
        return paced(choice.exposition.merge([whole(self._own(choice)), *siblings]))
