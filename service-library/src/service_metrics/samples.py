"""prometheus_client.samples's public names."""

from __future__ import annotations

from prometheus_client.samples import BucketSpan, Exemplar, NativeHistogram, Sample, Timestamp

__all__ = ["BucketSpan", "Exemplar", "NativeHistogram", "Sample", "Timestamp"]
