"""A release with one object of each kind that is understood, small enough to see whole, and its variants."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from chart_harness.frozen import freeze
from chart_harness.render import Release

PANELS = [
    {"id": 1, "title": "Requests", "gridPos": {"x": 0}, "targets": [{"expr": "sum(rate(http_requests_total[5m]))"}]},
    {"id": 2, "title": "Memory", "gridPos": {"x": 1}, "targets": [{"expr": "process_resident_memory_bytes"}]},
]

SHOP = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  labels: {app.kubernetes.io/name: shop, app.kubernetes.io/version: 1.0.0, helm.sh/chart: shop-0.1.0}
spec:
  replicas: 2
  strategy: {type: RollingUpdate}
  selector: {matchLabels: {app.kubernetes.io/name: shop}}
  template:
    metadata:
      annotations: {prometheus.io/scrape: "true"}
      labels: {app.kubernetes.io/name: shop, app.kubernetes.io/version: 1.0.0}
    spec:
      serviceAccountName: shop
      securityContext: {runAsNonRoot: true}
      containers:
        - name: app
          image: shop:1.0.0
          command: [serve, --fast]
          env:
            - {name: METRICS_PORT, value: "8080"}
            - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 5}
          resources: {limits: {memory: 1Gi}, requests: {cpu: 200m}}
          securityContext: {readOnlyRootFilesystem: true}
          volumeMounts: [{name: tmp, mountPath: /tmp}]
      volumes: [{name: tmp, emptyDir: {}}]
---
apiVersion: v1
kind: Service
metadata: {name: shop, labels: {app.kubernetes.io/name: shop}}
spec:
  type: ClusterIP
  selector: {app.kubernetes.io/name: shop}
  ports: [{name: http, port: 80, targetPort: http}]
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: shop, labels: {release: stack}}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: shop}}
  sampleLimit: 1000
  endpoints: [{port: http, path: /metrics, interval: 30s}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shop}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: shop}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{podSelector: {matchLabels: {app.kubernetes.io/name: till}}}]
      ports: [{port: 8080, protocol: TCP}]
  egress:
    - to: [{ipBlock: {cidr: 10.0.0.0/8}}]
      ports: [{port: 5432, protocol: TCP}]
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: shop, labels: {release: stack}}
spec:
  groups:
    - name: shop
      interval: 1m
      rules:
        - {alert: Slow, expr: "p99 > 1", for: 5m, labels: {severity: page}, annotations: {summary: It is slow.}}
        - {record: "shop:requests:rate5m", expr: "sum(rate(http_requests_total[5m]))"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop-dashboard, labels: {grafana_dashboard: "1"}}
data: {shop.json: '%s', notes: read me}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: shop}
automountServiceAccountToken: false
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: shop}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec: {minReplicas: 2, maxReplicas: 4, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: shop}
spec: {maxUnavailable: 1, selector: {matchLabels: {app.kubernetes.io/name: shop}}}
"""

Objects = dict[str, dict[str, Any]]
"""The objects of the shop by their kind."""
Edit = Callable[[Objects], object]


def objects() -> Objects:
    """The shop's objects, anew."""
    return {item["kind"]: item for item in yaml.safe_load_all(SHOP % json.dumps({"title": "Shop", "panels": PANELS}))}


def release(*items: Mapping[str, Any], name: str = "shop", environment: str = "staging") -> Release:
    """A release of these objects."""
    return Release(name, environment, Path("nowhere"), tuple(freeze(copy.deepcopy(dict(item))) for item in items))


def shop(*edits: Edit, environment: str = "staging") -> Release:
    """The shop with edits; an edit may change objects, take them out, or put more in."""
    made = objects()
    for edit in edits:
        edit(made)
    return release(*made.values(), environment=environment)


def container(made: Objects) -> dict[str, Any]:
    """The container of the shop's Deployment."""
    found: dict[str, Any] = made["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    return found


def put(kind: str, path: str, value: Any) -> Edit:
    """An edit that sets what is at a path of the object of a kind (`~` is a / in a key); None takes it out."""

    def edit(made: Objects) -> None:
        *steps, last = path.split("/")
        place: Any = made[kind]
        for step in steps:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        key = int(last) if isinstance(place, list) else last.replace("~", "/")
        if value is None:
            del place[key]
        elif isinstance(place, list) and key == len(place):
            place.append(value)
        else:
            place[key] = value

    return edit


def panels(*new: Any) -> Edit:
    """An edit of the dashboard that gives it these panels."""
    return put("ConfigMap", "data/shop.json", json.dumps({"title": "Shop", "panels": list(new)}, indent=1))
