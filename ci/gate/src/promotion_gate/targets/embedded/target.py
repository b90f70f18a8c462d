"""The embedded target: the rendered Deployment's replicas as local processes, on a machine with neither Docker nor a cluster."""

from __future__ import annotations

import subprocess
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from chart_harness.host_ports import NoFreePort, PortLease
from promotion_gate.evidence import (
    CpuUse,
    MemoryUse,
    MetricsPage,
    PodLog,
    PodState,
    ProcessEnvironment,
    Substitution,
)
from promotion_gate.log_lines import parse_log
from promotion_gate.scrape import scrape
from promotion_gate.targets.embedded import processes, watchdog
from promotion_gate.targets.embedded.images import LocalImage, resolve
from promotion_gate.targets.embedded.otlp_receiver import OtlpReceiver
from promotion_gate.targets.embedded.pod import Pod, PodSpec
from promotion_gate.targets.target import PlaceKind, TargetError
from promotion_gate.workload import Workload, expand, resolve_env

SAMPLE_SECONDS = 0.25
"""Between two readings of the pods' memory and CPU time."""

_OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_OTLP_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"


class EmbeddedTarget:
    """Runs a release on this host. Files of the pods (logs, temporary files) go to `directory`."""

    name = "embedded"
    kind: PlaceKind = "embedded"
    identity = ""
    fit_for_promotion = False
    note = (
        "Ran as local processes: no kubelet scheduled it, no limit or NetworkPolicy was enforced, no Prometheus scraped it; "
        "only a verdict from a cluster can promote."
    )

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._run = uuid.uuid4().hex
        self._pods: list[Pod] = []
        self._leases: list[PortLease] = []
        self._receiver: OtlpReceiver | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._samples: dict[str, list[tuple[float, int]]] = {}
        self._cpu: dict[str, list[tuple[float, float]]] = {}
        self._stopping = threading.Event()
        self._sampler = threading.Thread(target=self._sample, name="sampler", daemon=True)
        self._workload: Workload | None = None

    def start(self, workload: Workload) -> None:
        self._workload = workload
        if workload.pushes:
            protocol = workload.literal(_OTLP_PROTOCOL, "http/protobuf")
            if protocol != "http/protobuf":
                raise TargetError(
                    f"The embedded target takes OTLP over http/protobuf, the chart renders {protocol}; use a cluster target."
                )
            self._receiver = OtlpReceiver()
            self._receiver.start()
        if not workload.command:
            raise TargetError(
                f"{workload.name}: the chart renders no command, and a local image has no entrypoint of its own; set workload.command."
            )
        image = resolve(workload.image)
        self._watchdog = watchdog.start(self._run)
        self._pods = [Pod(self._spec(workload, image, ordinal)) for ordinal in range(workload.replicas)]
        self._samples = {pod.spec.name: [] for pod in self._pods}
        self._cpu = {pod.spec.name: [] for pod in self._pods}
        for pod in self._pods:
            pod.start()
        self._sampler.start()

    def _spec(self, workload: Workload, image: LocalImage | None, ordinal: int) -> PodSpec:
        name = f"{workload.name}-{ordinal}"
        directory = (self._directory / name).absolute()
        temporary = directory / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        facts = {
            "metadata.name": name,
            "metadata.namespace": workload.namespace,
            "metadata.uid": str(uuid.uuid5(uuid.UUID(self._run), name)),
            "status.podIP": "127.0.0.1",
            "status.hostIP": "127.0.0.1",
            "spec.nodeName": "embedded",
            "spec.serviceAccountName": workload.name,
            **{f"metadata.labels['{key}']": value for key, value in workload.labels.items()},
        }
        substitutions, ports = self._substitutions(workload)
        declared = resolve_env(workload.env, facts, {s.name: s.actual for s in substitutions})
        environment = {
            "PATH": image.path if image else "",
            "HOME": str(directory),
            "HOSTNAME": name,
            "LANG": "C.UTF-8",
            "TMPDIR": str(temporary),
            "PYTHONUNBUFFERED": "1",
            **declared,
            processes.RUN_MARK: self._run,
            processes.POD_MARK: name,
        }
        command = tuple(expand(argument, declared) for argument in workload.command)
        return PodSpec(name, self._run, workload, image, command, environment, substitutions, facts, ports, directory)

    def _substitutions(self, workload: Workload) -> tuple[tuple[Substitution, ...], dict[int, int]]:
        """What this host forces upon a pod: a port of its own, and a collector that exists."""
        substitutions: list[Substitution] = []
        ports: dict[int, int] = {}
        for port_name, port in workload.ports.items():
            carriers = [v.name for v in workload.env if v.name.endswith("PORT") and v.value == str(port)]
            if not carriers:
                raise TargetError(
                    f"{workload.name}: no env var named …PORT carries the container port {port}, so a replica cannot be moved "
                    f"to a port of its own; let the service read it from {_variable(port_name)}={port} in env.standard."
                )
            try:
                lease = PortLease()
            except NoFreePort as error:
                raise TargetError(str(error)) from None
            self._leases.append(lease)
            ports[port] = lease.port
            why = "replicas share this host's ports"
            substitutions += [Substitution(name, str(port), str(lease.port), why) for name in carriers]
        if self._receiver is not None:
            declared = workload.literal(_OTLP_ENDPOINT)
            why = "the gate's own receiver stands in for the collector"
            substitutions.append(Substitution(_OTLP_ENDPOINT, declared, self._receiver.endpoint, why))
        return tuple(substitutions), ports

    def pods(self) -> tuple[PodState, ...]:
        return tuple(pod.state for pod in self._pods)

    def addresses(self) -> Mapping[str, str]:
        if self._workload is None or self._workload.metrics_port not in self._workload.ports.values():
            return {}
        port = self._workload.metrics_port
        return {pod.spec.name: f"http://127.0.0.1:{pod.spec.ports[port]}" for pod in self._pods}

    def logs(self) -> tuple[PodLog, ...]:
        return tuple(PodLog(pod.spec.name, parse_log(_lines(pod.spec.log))) for pod in self._pods)

    def environments(self) -> tuple[ProcessEnvironment, ...]:
        found: list[ProcessEnvironment] = []
        for pod in self._pods:
            for process in processes.of_pod(pod.pid) if pod.pid else ():
                variables = processes.environment(process)
                if variables is not None:
                    command = processes.command(process)
                    found.append(
                        ProcessEnvironment(pod.spec.name, process.pid, command, variables, pod.spec.substitutions)
                    )
        return tuple(found)

    def memory(self) -> tuple[MemoryUse, ...]:
        self._ensure_sampled()
        return tuple(MemoryUse(pod, tuple(samples)) for pod, samples in self._samples.items())

    def cpu(self) -> tuple[CpuUse, ...]:
        self._ensure_sampled()
        return tuple(CpuUse(pod, tuple(samples)) for pod, samples in self._cpu.items())

    def _ensure_sampled(self) -> None:
        if self._sampler.ident is not None and not self._sampler.is_alive() and not self._stopping.is_set():
            raise RuntimeError("the sampler ended early, what it saw is not all")

    def _sample(self) -> None:
        began = time.monotonic()
        while not self._stopping.wait(SAMPLE_SECONDS):
            for pod in self._pods:
                if not pod.pid:
                    continue
                at, size, used = round(time.monotonic() - began, 2), *processes.usage(pod.pid)
                if size:
                    self._samples[pod.spec.name].append((at, size))
                    self._cpu[pod.spec.name].append((at, used))

    def metrics(self) -> tuple[MetricsPage, ...]:
        if self._receiver is not None:
            return self._receiver.pages()
        assert self._workload is not None  # noqa: S101 - started
        return tuple(scrape(pod, address + self._workload.metrics_path) for pod, address in self.addresses().items())

    def stop(self) -> None:
        self._stopping.set()
        for pod in self._pods:
            pod.request_stop()
        for pod in self._pods:
            pod.join(pod.stop_grace + 5)
        processes.kill_run(self._run)
        if self._watchdog is not None and self._watchdog.stdin is not None:
            self._watchdog.stdin.close()
            self._watchdog.wait()
            self._watchdog = None
        if self._receiver is not None:
            self._receiver.stop()
        for lease in self._leases:
            lease.release()


def _lines(path: Path) -> list[str]:
    """Not str.splitlines: it also splits at characters that JSON allows inside a text, e.g. U+2028."""
    return path.read_text(encoding="utf-8", errors="replace").split("\n") if path.exists() else []


def _variable(port_name: str) -> str:
    return f"{port_name.upper().replace('-', '_')}_PORT"
