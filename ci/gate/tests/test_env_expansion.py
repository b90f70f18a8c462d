"""`$(NAME)` in env vars and arguments, as Kubernetes' reference for `env.value` says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion_gate.workload import EnvVar, WorkloadError, expand, resolve_env

KNOWN = {"A": "1", "B": "$(A)", "a.b-c_d": "dotted", "E": ""}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("", ""),
        ("plain", "plain"),
        ("$(A)", "1"),
        ("x$(A)y$(A)z", "x1y1z"),
        ("$(a.b-c_d)", "dotted"),
        ("$(E)", ""),
        ("$(UNKNOWN)", "$(UNKNOWN)"),
        ("$(B)", "$(A)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$$$$(A)", "$$(A)"),
        ("$", "$"),
        ("$$", "$"),
        ("$A ${A}", "$A ${A}"),
        ("$()", "$()"),
        ("$(A", "$(A"),
        ("$(A$(A)", "$(A$(A)"),
        ("$($(A))", "$($(A))"),
        ("$(x$$y)", "$(x$$y)"),
        ("$(A\n)", "$(A\n)"),
    ],
)
def test_references(text: str, expanded: str) -> None:
    assert expand(text, KNOWN) == expanded


PLAIN = st.text(st.characters(exclude_characters="$"))
NAMES = st.text(st.characters(exclude_characters="$()=", exclude_categories=["Cs"]), min_size=1)


@given(text=PLAIN)
def test_text_without_a_dollar_stays(text: str) -> None:
    assert expand(text, KNOWN) == text


@given(text=st.text("$()AB x"))
def test_doubling_every_dollar_keeps_it_from_expansion(text: str) -> None:
    assert expand(text.replace("$", "$$"), KNOWN) == text


@given(before=PLAIN, name=NAMES, value=st.text(), after=PLAIN)
def test_a_known_name_becomes_its_value_once(before: str, name: str, value: str, after: str) -> None:
    assert expand(f"{before}$({name}){after}", {name: value}) == before + value + after


@given(before=PLAIN, name=NAMES, after=PLAIN)
def test_an_unknown_name_stays(before: str, name: str, after: str) -> None:
    text = f"{before}$({name}){after}"
    assert expand(text, {}) == text


def test_only_earlier_variables_are_known() -> None:
    env = [
        EnvVar("LATE", value="$(A)"),
        EnvVar("A", value="1"),
        EnvVar("B", value="$(A)$(A)"),
        EnvVar("C", value="$(B)"),
    ]
    assert resolve_env(env, {}) == {"LATE": "$(A)", "A": "1", "B": "11", "C": "11"}


def test_of_two_of_a_name_the_later_counts() -> None:
    assert resolve_env([EnvVar("A", value="1"), EnvVar("A", value="$(A)2")], {}) == {"A": "12"}


def test_fields_are_filled_in_and_secrets_left_out() -> None:
    env = [
        EnvVar("POD", field="metadata.name"),
        EnvVar("PASS", secret="s/k"),  # noqa: S106 - a reference
        EnvVar("ID", value="$(POD)/$(PASS)"),
    ]
    assert resolve_env(env, {"metadata.name": "demo-0"}) == {"POD": "demo-0", "ID": "demo-0/$(PASS)"}


def test_what_is_replaced_is_what_later_ones_expand() -> None:
    env = [EnvVar("PORT", value="8080"), EnvVar("URL", value=":$(PORT)")]
    assert resolve_env(env, {}, {"PORT": "21000", "OTHER": "x"}) == {"PORT": "21000", "URL": ":21000"}


def test_a_secret_whose_value_is_known_is_expanded() -> None:
    env = [EnvVar("PASS", secret="s/k"), EnvVar("URL", value="u:$(PASS)")]  # noqa: S106 - a reference
    assert resolve_env(env, {}, {"PASS": "x"}) == {"PASS": "x", "URL": "u:x"}


def test_an_unknown_field_is_an_error() -> None:
    with pytest.raises(WorkloadError, match=r"env A reads the pod's field status\.phase"):
        resolve_env([EnvVar("A", field="status.phase")], {"metadata.name": "x"})
