"""The /metrics page: what the process itself has, and what all workers of the pod have."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from service_metrics.backend import REGISTRY, CollectorRegistry
from service_metrics.compression import accepts_gzip, compress
from service_metrics.exposition.merging import merge
from service_metrics.exposition.text import render
from service_metrics.identity import instance_id
from service_metrics.settings import INSTANCE_LABEL, Settings
from service_metrics.workers.exchange import EXCHANGE


class Page:
    """Renders the page; blocks, so call it from a thread of its own. Safe in threads and in forked children.

    Args:
        registry: What to publish; None is REGISTRY.
        settings: Gives the custom labels; None reads the environment.

    Raises:
        SettingsError: the environment has a value that is not allowed.
    """

    def __init__(self, registry: CollectorRegistry | None = None, settings: Settings | None = None) -> None:
        self.settings = Settings.from_env() if settings is None else settings
        self._registry = REGISTRY if registry is None else registry
        self._labels = dict(self.settings.custom_labels)

    def join_workers(self) -> None:
        """Make this process visible to its siblings, from now to its end."""
        EXCHANGE.join(self.own)

    def leave_workers(self) -> None:
        """Be invisible to siblings, until the page is asked for again."""
        EXCHANGE.leave()

    def own(self) -> bytes:
        """Return the series of this process."""
        return render(self._registry, defaults=self._labels, identity={INSTANCE_LABEL: instance_id()})

    def all_workers(self) -> bytes:
        """Return the series of all live workers of the pod."""
        self.join_workers()
        own = self.own()
        siblings = EXCHANGE.ask_siblings()
        return merge([own, *siblings]) if siblings else own

    def answer(self, accept_encoding: str) -> tuple[dict[str, str], bytes]:
        """Return headers and body of the HTTP answer.

        Args:
            accept_encoding: The request's header of that name, or an empty string.
        """
        body = self.all_workers()
        headers = {"content-type": CONTENT_TYPE_PLAIN_0_0_4, "vary": "accept-encoding"}
        if accepts_gzip(accept_encoding):
            body = compress(body)
            headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(body))
        return headers, body
