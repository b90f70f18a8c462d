"""What the API server refuses although its published schema allows it: the rules that are cheap to say in a schema.

The rest of its validation is not repeated here: what depends on several fields, on other objects or on what is in the
cluster is seen when a chart is installed.
"""

from __future__ import annotations

from typing import Any

METADATA = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_SELECTOR = "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector"
_REQUIREMENT = "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement"
_CORE = "io.k8s.api.core.v1."
_NETWORK = "io.k8s.api.networking.v1."

_LABELS = {
    "propertyNames": {"format": "label-key"},
    "additionalProperties": {"type": "string", "format": "label-value"},
}
_PORT = {"minimum": 1, "maximum": 65535}
_PORT_OR_NAME = {**_PORT, "format": "port-name"}


def _one_of(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


def _defaulted(*values: str) -> dict[str, Any]:
    return _one_of(*values, "")  # the server reads an empty text as one that is not set


_PROTOCOL = _defaulted("TCP", "UDP", "SCTP")

# (definition, field): what its schema says besides
_FIELDS: dict[tuple[str, str], dict[str, Any]] = {
    (METADATA, "labels"): _LABELS,
    (METADATA, "annotations"): {"propertyNames": {"format": "annotation-key"}},
    (_SELECTOR, "matchLabels"): _LABELS,
    (_REQUIREMENT, "key"): {"format": "label-key"},
    (_REQUIREMENT, "operator"): _one_of("In", "NotIn", "Exists", "DoesNotExist"),
    (f"{_CORE}ConfigMap", "data"): {"propertyNames": {"format": "file-name"}},
    (f"{_CORE}Secret", "data"): {"propertyNames": {"format": "file-name"}},
    (f"{_CORE}PodSpec", "nodeSelector"): _LABELS,
    (f"{_CORE}PodSpec", "restartPolicy"): _defaulted("Always", "OnFailure", "Never"),
    (f"{_CORE}PodSpec", "dnsPolicy"): _defaulted("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    (f"{_CORE}Volume", "name"): {"format": "dns-label"},
    (f"{_CORE}Container", "name"): {"format": "dns-label"},
    (f"{_CORE}Container", "imagePullPolicy"): _defaulted("Always", "IfNotPresent", "Never"),
    (f"{_CORE}ContainerPort", "name"): {"format": "port-name"},
    (f"{_CORE}ContainerPort", "containerPort"): _PORT,
    (f"{_CORE}ContainerPort", "protocol"): _PROTOCOL,
    (f"{_CORE}HTTPGetAction", "port"): _PORT_OR_NAME,
    (f"{_CORE}HTTPGetAction", "scheme"): _defaulted("HTTP", "HTTPS"),
    (f"{_CORE}TCPSocketAction", "port"): _PORT_OR_NAME,
    (f"{_CORE}GRPCAction", "port"): _PORT,
    (f"{_CORE}SeccompProfile", "type"): _one_of("RuntimeDefault", "Localhost", "Unconfined"),
    (f"{_CORE}ServiceSpec", "selector"): _LABELS,
    (f"{_CORE}ServiceSpec", "type"): _defaulted("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    (f"{_CORE}ServiceSpec", "sessionAffinity"): _defaulted("ClientIP", "None"),
    (f"{_CORE}ServicePort", "port"): _PORT,
    (f"{_CORE}ServicePort", "targetPort"): _PORT_OR_NAME,
    (f"{_CORE}ServicePort", "protocol"): _PROTOCOL,
    ("io.k8s.api.apps.v1.DeploymentStrategy", "type"): _defaulted("RollingUpdate", "Recreate"),
    (f"{_NETWORK}NetworkPolicyPort", "port"): _PORT_OR_NAME,
    (f"{_NETWORK}NetworkPolicyPort", "protocol"): _PROTOCOL,
    (f"{_NETWORK}NetworkPolicySpec", "policyTypes"): {
        "items": {"type": "string", **_one_of("Ingress", "Egress")},
    },
    (f"{_NETWORK}HTTPIngressPath", "pathType"): _one_of("Exact", "Prefix", "ImplementationSpecific"),
}
_SCHEMA = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
# Definitions that say less than their names.
_TYPES: dict[str, dict[str, Any]] = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["integer", "string"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"], "format": "quantity"},
    f"{_SCHEMA}OrArray": {"$ref": _SCHEMA},  # v1 of the group takes no array
    f"{_SCHEMA}OrBool": {"anyOf": [{"$ref": _SCHEMA}, {"type": "boolean"}]},
}
_NAMES = {
    ("v1", "Service"): "dns-1035-label",
    ("v1", "Namespace"): "dns-label",
    ("networking.k8s.io/v1", "IPAddress"): "path-segment",  # it is an address, with colons
    **{
        ("rbac.authorization.k8s.io/v1", kind): "path-segment"
        for kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
    },
}


def add_server_rules(definitions: dict[str, dict[str, Any]]) -> None:
    """Write the rules into the definitions of a Kubernetes version, in place.

    Raises KeyError for a rule about a definition or a field that the version does not have.
    """
    definitions.update(_TYPES)
    for (definition, field), rule in _FIELDS.items():
        definitions[definition]["properties"][field].update(rule)


def name_rule(api_version: str, kind: str) -> dict[str, Any]:
    """The rule for metadata.name of this kind's objects, as a schema of the whole object."""
    syntax = _NAMES.get((api_version, kind), "dns-subdomain")
    return {"properties": {"metadata": {"properties": {"name": {"format": syntax}}}}}
