"""The same change in many services is one group, with an ID that says just what somebody acknowledges."""

from __future__ import annotations

from chart_harness.blast_radius.change import Change, Difference, Kind
from chart_harness.blast_radius.grouping import ENVIRONMENT, SERVICE, group


def change(service: str, environment: str = "staging", *, kind: Kind = Kind.IMAGE_CHANGED, after: str = "2") -> Change:
    return Change(service, environment, Difference(kind, f"Deployment {service}-web", "image", "1", after))


def test_the_same_in_many_services_is_told_once() -> None:
    (one,) = group([change("shop"), change("till"), change("shop", "production")])
    assert one.difference.where == f"Deployment {SERVICE}-web"
    assert one.releases == (("shop", "production"), ("shop", "staging"), ("till", "staging"))


def test_what_is_in_one_service_keeps_its_name() -> None:
    (one,) = group([change("shop", after="in staging"), change("shop", "production", after="in production")])
    assert (one.difference.where, one.difference.after) == ("Deployment shop-web", f"in {ENVIRONMENT}")
    (one,) = group([change("shop", after="in staging")])
    assert one.difference.after == "in staging"


def test_another_value_is_another_group() -> None:
    assert len(group([change("shop"), change("till", after="3")])) == 2


def test_names_are_whole_words() -> None:
    def of(service: str, after: str) -> Change:
        return Change(service, "staging", Difference(Kind.ENV_CHANGED, "x", "y", None, after))

    assert len(group([of("web", "webhook"), of("api", "apihook")])) == 2
    (one,) = group([of("web", "a.web.b/web-x_web"), of("api", "a.api.b/api-x_api")])
    assert one.difference.after == f"a.{SERVICE}.b/{SERVICE}-x_{SERVICE}"
    # The peer of one service that is another one's own name is not the same peer.
    assert len(group([of("web", "app=web"), of("api", "app=web")])) == 2


def test_the_identity_is_of_the_change_and_its_releases() -> None:
    (one,) = group([change("shop")])
    (again,) = group([change("shop"), change("shop")])
    assert one.identity == again.identity
    others = [
        [change("till")],
        [change("shop"), change("till")],
        [change("shop", after="3")],
        [change("shop", "production")],
    ]
    others.append([change("shop", kind=Kind.ENV_CHANGED)])
    assert len({one.identity, *(group(changes)[0].identity for changes in others)}) == 1 + len(others)


def test_what_else_changes_leaves_it_as_it_is() -> None:
    (one,) = group([change("shop")])
    assert one.identity in {each.identity for each in group([change("shop"), change("till", after="9")])}


def test_the_most_dangerous_comes_first_then_what_is_in_most_releases() -> None:
    changes = [
        change("c", kind=Kind.PODS_RESTART),
        change("a"),
        *(change(service, after="3") for service in ("a", "b")),
        change("d", kind=Kind.POLICY_WIDENED),
        change("e", kind=Kind.SELECTOR_CHANGED),
    ]
    assert [(one.difference.kind, len(one.releases)) for one in group(changes)] == [
        (Kind.POLICY_WIDENED, 1),
        (Kind.SELECTOR_CHANGED, 1),
        (Kind.IMAGE_CHANGED, 2),
        (Kind.IMAGE_CHANGED, 1),
        (Kind.PODS_RESTART, 1),
    ]
    assert [one.blocks for one in group(changes)] == [True, True, False, False, False]
