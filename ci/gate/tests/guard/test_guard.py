"""`gate guard` on real commits: what a merge request may bring to production, and each thing that it may not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner

from ci.gate.tests.promotion_checkout import BACKEND, Checkout, baseline_of
from promotion_gate.attestation.envelope import seal
from promotion_gate.attestation.keys import new_pair
from promotion_gate.policy import POLICY_FILE
from promotion_gate.promotion.audit_log import AUDIT_LOG

PRODUCTION = "charts/services/aaa-api/environments/production"
VALUES, PROOF = f"{PRODUCTION}/values.yaml", f"{PRODUCTION}/promotion.dsse.json"


def promote(checkout: Checkout, service: str = "aaa-api", **changes: Any) -> None:
    """Verified and promoted, as it should be; not yet committed."""
    checkout.keep(checkout.verified(service, **changes))
    result = checkout.promote(service)
    assert result.exit_code == 0, result.output


def findings(checkout: Checkout, base: str = "main", head: str = "HEAD") -> tuple[int, list[tuple[str, str, bool]]]:
    result = checkout.guard(base, head, "--json")
    assert result.exit_code in {0, 1}, result.output
    document = json.loads(result.output)
    assert document["refused"] == (result.exit_code == 1)
    return result.exit_code, [(one["file"], one["what"], one["refuses"]) for one in document["findings"]]


@pytest.fixture
def branch(checkout: Checkout) -> Checkout:
    """On a branch, on which a merge request is made."""
    checkout.git("checkout", "-q", "-b", "change")
    return checkout


def test_a_promotion_may_be_merged(branch: Checkout) -> None:
    promote(branch)
    branch.commit()
    result = branch.guard("main")
    assert (result.exit_code, result.output) == (0, "main..HEAD: nothing speaks against it.\n")


def test_of_two_services_both_are_judged(branch: Checkout) -> None:
    for service in ("aaa-api", "outage-mock-server"):
        branch.keep(branch.verified(service))
    for service in ("aaa-api", "outage-mock-server"):
        assert branch.promote(service).exit_code == 0
    branch.commit()
    assert findings(branch) == (0, [])
    branch.change(branch.values("outage-mock-server"), "series:", "series:  ")
    branch.proof("outage-mock-server").unlink()
    branch.commit()
    code, found = findings(branch)
    assert (code, [file for file, _, _ in found]) == (1, [VALUES.replace("aaa-api", "outage-mock-server")])


def test_what_does_not_touch_production_may_be_merged(branch: Checkout) -> None:
    (branch.root / "README.md").write_text("said")
    branch.change(branch.values(environment="staging"), "series: 1500", "series: 1501")
    branch.commit()
    assert findings(branch) == (0, [])


def test_nothing_is_checked_out_and_nothing_is_left(branch: Checkout, tmp_path: Path) -> None:
    promote(branch)
    branch.commit()
    branch.git("checkout", "-q", "main")
    files, worktrees = branch.files(), branch.git("worktree", "list")
    assert findings(branch, head="change") == (0, [])
    assert (branch.files(), branch.git("worktree", "list"), branch.git("status", "--porcelain")) == (
        files,
        worktrees,
        "",
    )


Spoil = Callable[[Checkout], object]


def edited(old: str, new: str, environment: str = "production") -> Spoil:
    return lambda c: c.change(c.values(environment=environment), old, new)


def promoted_then(*spoil: Spoil) -> Spoil:
    def change(checkout: Checkout) -> None:
        promote(checkout)
        for one in spoil:
            one(checkout)

    return change


def changed_then_promoted(*spoil: Spoil) -> Spoil:
    """What is spoilt was verified with the rest; the promotion itself is made by hand, as `gate promote` would refuse it."""

    def change(checkout: Checkout) -> None:
        for one in spoil:
            one(checkout)
        checkout.commit("spoilt")
        path = checkout.keep(checkout.verified())
        checkout.proof().write_text(path.read_text())
        values = checkout.values()
        if "PROMETHEUS_BACKEND" not in values.read_text():
            values.write_text(values.read_text() + "\nenv:\n  standard:\n    PROMETHEUS_BACKEND: otel\n")

    return change


def proof_of(**changes: Any) -> Spoil:
    def change(checkout: Checkout) -> None:
        promote(checkout)
        checkout.git("stash", "-q", "-u")
        one = checkout.verified(**changes)
        checkout.git("stash", "pop", "-q")
        checkout.proof().write_text(seal(one, checkout.signer))

    return change


def own_key(checkout: Checkout) -> None:
    """The merge request brings the key that signs."""
    signer = new_pair("mine", checkout.root / "ci" / "keys", checkout.store.parent / "mine.pem")
    checkout.commit("a key")
    checkout.keep(checkout.verified(), signer)
    assert checkout.promote().exit_code == 0


def own_policy(checkout: Checkout) -> None:
    """The merge request brings the policy that lets it in."""
    checkout.change(checkout.root / POLICY_FILE, "max_age_hours: 24", "max_age_hours: 2400")
    checkout.commit("a policy")
    promote(checkout)


def own_override(checkout: Checkout) -> None:
    """The merge request brings the override that lets it in."""
    checkout.override("restarts")
    checkout.commit("an override")
    promote(checkout, said={"restarts": "-"})


def everywhere(text: str) -> Spoil:
    def change(checkout: Checkout) -> None:
        base = checkout.values(environment="")
        base.write_text(base.read_text() + text)

    return change


def tag(value: str) -> Spoil:
    return lambda c: c.change(
        c.values(environment=""), "repository: reference-service", f"repository: reference-service\n    tag: {value}"
    )


def hours_ago(hours: float) -> datetime:
    return datetime.now(UTC) - timedelta(hours=hours)


def another_image(checkout: Checkout) -> None:
    checkout.change(checkout.values(), "workload:\n", "workload:\n  image: {tag: 0.2.0}\n")


CHART = "charts/services/aaa-api/Chart.yaml"

REFUSED: dict[str, tuple[Spoil, str, str]] = {
    "a value by hand": (edited("series: 3000", "series: 3001"), VALUES, "no verdict says that staging proved it"),
    "a comment by hand": (edited("metrics:\n", "metrics:  # said\n"), VALUES, "no verdict says that staging proved it"),
    "half a promotion: values": (promoted_then(lambda c: c.proof().unlink()), VALUES, "no verdict says"),
    "half a promotion: the verdict": (promoted_then(lambda c: c.git("checkout", "-q", "--", VALUES)), VALUES, f"{BACKEND} is not set"),
    "another value than proved": (
        promoted_then(edited("PROMETHEUS_BACKEND: otel", "PROMETHEUS_BACKEND: shadow")),
        VALUES, f'{BACKEND} is "shadow" in production and "otel" was',
    ),
    "production is taken out": (lambda c: c.values().unlink(), VALUES, "has no values for production any more"),
    "an unsigned verdict": (promoted_then(lambda c: c.proof().write_text("{}")), PROOF, "is no DSSE envelope"),
    "a stranger's verdict": (
        promoted_then(lambda c: c.proof().write_text(seal(c.verified(), CryptoSigner.generate_ed25519()))), PROOF, "is signed by",
    ),
    "an altered verdict": (
        promoted_then(lambda c: c.proof().write_text(c.proof().read_text().replace("eyJ", "eyK", 1))), PROOF, "altered after it was signed",
    ),
    "a key of its own": (own_key, PROOF, "ci/keys of the base trusts"),
    "a policy of its own": (own_policy, PROOF, "the promotion policy"),
    "an override of its own": (own_override, PROOF, "restarts is FAIL, and its override is in this range"),
    "FAIL": (proof_of(said={"restarts": "-"}), PROOF, "restarts is FAIL"),
    "INCONCLUSIVE": (proof_of(said={"memory": "?"}), PROOF, "memory is INCONCLUSIVE"),
    "too old": (proof_of(started_at=hours_ago(26), finished_at=hours_ago(25)), PROOF, "h old, and 24.0 h are the most"),
    "from the future": (proof_of(started_at=hours_ago(-1), finished_at=hours_ago(-2)), PROOF, "from the future"),
    "another service's": (proof_of(service="outage-mock-server"), PROOF, "about the service outage-mock-server"),
    "the embedded target's": (proof_of(target={"fit_for_promotion": False, "name": "embedded"}), PROOF, "embedded target never promotes"),
    "staging changed after it": (promoted_then(edited("series: 1500", "series: 1501", "staging")), PROOF, "about rendered manifests"),
    "the library changed after it": (
        promoted_then(lambda c: c.change(c.root / "charts/metrics/Chart.yaml", "name: metrics", "name: metrics # x")),
        PROOF, "about a chart",
    ),
    "a pre-release image": (changed_then_promoted(tag("1.0.0-rc.1")), VALUES, "1.0.0-rc.1 is of no release (rc)"),
    "a development image": (changed_then_promoted(tag("dev")), VALUES, "reference-service:dev is of no release (dev)"),
    "an experiment's image": (changed_then_promoted(tag("experiment-abc")), VALUES, "(experiment)"),
    "a pre-release by the values of all environments alone": (tag("2.0.0-beta"), VALUES, "2.0.0-beta is of no release (beta)"),
    "a pre-release application": (
        lambda c: c.change(c.root / CHART, 'appVersion: "0.1.0"', 'appVersion: "0.1.0.dev3"'),
        CHART, "appVersion 0.1.0.dev3 is of no release (dev)",
    ),
    "a pre-release dependency": (
        lambda c: c.change(c.root / CHART, "version: ^1.0.0", "version: ^1.0.0-alpha"), CHART, "dependency metrics ^1.0.0-alpha",
    ),
    "a pre-release pin": (
        everywhere('\nenv: {standard: {EXTRA: "service-metrics==1.0.0rc1"}}\n'),
        VALUES, "env.standard.EXTRA is 'service-metrics==1.0.0rc1'",
    ),
    "another image than proved": (changed_then_promoted(another_image), VALUES, "would run reference-service:0.2.0"),
    "what does not render": (everywhere("\nworklod: {}\n"), "charts/services/aaa-api", "does not render"),
    "a private key": (
        lambda c: (c.root / "ci/keys/mine.pem").write_bytes(c.private.read_bytes()), "ci/keys/mine.pem", "is a private key",
    ),
    "a broken policy": (lambda c: (c.root / POLICY_FILE).write_text("version: 1\n"), POLICY_FILE.as_posix(), "promotion-policy.yaml: "),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "file", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(branch: Checkout, spoil: Spoil, file: str, says: str) -> None:
    spoil(branch)
    branch.commit()
    code, found = findings(branch)
    assert code == 1
    assert [one for one in found if one[0] == file and says in one[1] and one[2]], found
    assert not any(str(branch.root) in what or "gate-guard-" in what for _, what, _ in found)


def test_what_a_range_is_judged_by_is_said_and_may_be_merged_by_itself(branch: Checkout) -> None:
    branch.change(branch.root / POLICY_FILE, "max_age_hours: 24", "max_age_hours: 12")
    new_pair("next", branch.root / "ci" / "keys", branch.store.parent / "next.pem")
    (branch.root / "ci" / "keys" / "staging.pem").unlink()
    branch.override("restarts")
    branch.commit()
    code, found = findings(branch)
    assert code == 0
    said = {file: what for file, what, _ in found}
    assert "this range is judged by that of the base" in said[POLICY_FILE.as_posix()]
    assert "is trusted once this is merged" in said["ci/keys/next.pem"]
    assert "is trusted no more" in said["ci/keys/staging.pem"]
    assert "An override is given for aaa-api in staging: restarts by sam" in said[AUDIT_LOG.as_posix()]


def test_an_override_that_was_merged_before_counts_and_is_said(branch: Checkout) -> None:
    branch.override("restarts")
    base = branch.commit()
    promote(branch, said={"restarts": "-"})
    branch.commit()
    code, found = findings(branch, base)
    assert code == 0
    assert [(file, what.startswith("It is promoted, overridden: restarts by sam")) for file, what, _ in found] == [
        (PROOF, True)
    ]


def test_an_override_in_the_verdict_has_to_be_in_the_log(branch: Checkout) -> None:
    given = branch.override("restarts")
    (branch.root / AUDIT_LOG).unlink()
    promote(branch, overrides=(given,))
    branch.commit()
    code, found = findings(branch)
    assert (code, [what[:59] for _, what, _ in found]) == (
        1,
        ["The verdict names an override that is not in the audit log:"],
    )


LOG: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a line is taken out": (lambda log: b"".join(log.splitlines(keepends=True)[1:]), "was changed, where it may only grow"),
    "the last line is taken out": (lambda log: b"".join(log.splitlines(keepends=True)[:-1]), "was changed, where it may only grow"),
    "all is taken out": (lambda _: b"", "was changed, where it may only grow"),
    "a line is changed": (lambda log: log.replace(b"sam", b"kim", 1), "was changed, where it may only grow"),
    "a line that does not follow": (lambda log: log + log.splitlines(keepends=True)[0], "line 3, does not follow"),
    "half a line": (lambda log: log + log.splitlines()[0][:40], "line 3, is cut off"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "says"), LOG.values(), ids=LOG)
def test_the_log_may_only_grow(branch: Checkout, change: Callable[[bytes], bytes], says: str) -> None:
    for check in ("restarts", "memory"):
        branch.override(check)
    base = branch.commit()
    path = branch.root / AUDIT_LOG
    path.write_bytes(change(path.read_bytes()))
    branch.commit()
    code, found = findings(branch, base)
    assert code == 1
    assert [(file, says in what) for file, what, _ in found] == [(AUDIT_LOG.as_posix(), True)]


def test_the_log_may_not_be_deleted(branch: Checkout) -> None:
    branch.override("restarts")
    base = branch.commit()
    (branch.root / AUDIT_LOG).unlink()
    branch.commit()
    assert findings(branch, base)[0] == 1


def test_an_override_for_too_long_is_not_merged(branch: Checkout) -> None:
    branch.override("restarts", expires_at=datetime.now(UTC) + timedelta(days=60))
    branch.commit()
    code, found = findings(branch)
    assert (code, "holds for more than the 30 days" in found[0][1]) == (1, True)


KEPT = "outage-mock-server"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c.change(c.values(KEPT, ""), "dd_trace_enabled: false\n", ""), "dd_trace_enabled was false and is not set"),
        (lambda c: c.change(c.values(KEPT, ""), "dd_trace_enabled: false", "dd_trace_enabled: true"), "was false and is true"),
        (lambda c: c.values(KEPT).write_text("dd_trace_enabled: true\n" + c.values(KEPT).read_text()), "was false and is true"),
        (lambda c: c.values(KEPT).write_text("dd_trace_enabled: null\n" + c.values(KEPT).read_text()), "was false and is null"),
    ],
)  # fmt: skip
def test_a_key_on_the_keep_list_stays(branch: Checkout, change: Spoil, says: str) -> None:
    change(branch)
    branch.commit()
    code, found = findings(branch)
    assert code == 1
    assert any(says in what and refuses for _, what, refuses in found), found


def test_a_key_on_the_keep_list_may_move_to_another_file(branch: Checkout) -> None:
    branch.change(branch.values(KEPT, ""), "dd_trace_enabled: false\n", "")
    for environment in ("staging", "production"):
        values = branch.values(KEPT, environment)
        values.write_text("dd_trace_enabled: false\n" + values.read_text())
    branch.commit()
    promote(branch, KEPT)
    branch.commit()
    assert findings(branch) == (0, [])


def test_an_image_that_is_not_to_go_yet_stays_out(branch: Checkout) -> None:
    branch.change(branch.root / POLICY_FILE, "not_yet: []", 'not_yet: ["reference-*"]')
    base = branch.commit()
    branch.change(branch.values(environment=""), "replicas: 2", "replicas: 3")
    branch.commit()
    code, found = findings(branch, base)
    assert (code, ["does not go to production yet" in what for _, what, _ in found]) == (1, [True])


def test_the_second_promotion_is_held_to_the_first(branch: Checkout) -> None:
    first = branch.verified()
    branch.keep(first)
    branch.promote()
    base = branch.commit()
    branch.proof().write_text(seal(branch.verified(), branch.signer))
    branch.commit()
    code, found = findings(branch, base)
    assert (code, any("another release than the one promoted last" in what for _, what, _ in found)) == (1, True)
    branch.git("revert", "--no-edit", "HEAD")
    promote(branch, baseline=baseline_of(first))
    branch.commit()
    assert findings(branch, base) == (0, [])


def test_with_the_same_verdict_production_may_change_while_it_is_fresh(branch: Checkout) -> None:
    promote(branch)
    base = branch.commit()
    branch.change(branch.values(), "series: 3000", "series: 3200")
    branch.commit()
    assert findings(branch, base) == (0, [])


def test_the_promotion_of_a_key_that_is_trusted_no_more_may_be_taken_out(branch: Checkout) -> None:
    promote(branch)
    branch.commit()
    (branch.root / "ci" / "keys" / "staging.pem").unlink()
    base = branch.commit()
    branch.proof().unlink()
    branch.commit()
    code, found = findings(branch, base)
    assert (code, [(file, refuses) for file, _, refuses in found]) == (0, [(PROOF, False)])


def test_a_promotion_that_can_be_used_may_not_be_taken_out(branch: Checkout) -> None:
    promote(branch)
    base = branch.commit()
    branch.proof().unlink()
    branch.commit()
    assert findings(branch, base)[0] == 1


def test_a_service_may_be_taken_out_whole(branch: Checkout) -> None:
    branch.git("rm", "-rq", "charts/services/aaa-gateway")
    branch.commit()
    code, found = findings(branch)
    assert (code, ["is there no more" in what for _, what, _ in found]) == (0, [True])


def test_a_branch_that_is_behind_is_refused_where_there_is_something_to_judge(branch: Checkout) -> None:
    (branch.root / "README.md").write_text("said")
    branch.commit()
    branch.git("checkout", "-q", "main")
    branch.change(branch.values("aaa-gateway", "staging"), "series:", "series:  ")
    branch.commit()
    branch.git("checkout", "-q", "change")
    assert findings(branch) == (0, [])
    promote(branch)
    branch.commit()
    code, found = findings(branch)
    assert (code, "is not built on BASE" in found[0][1]) == (1, True)


def test_what_it_says_to_a_person(branch: Checkout) -> None:
    branch.change(branch.values(), "series: 3000", "series: 3001")
    branch.commit()
    result = branch.guard("main")
    assert result.exit_code == 1
    assert result.output == (
        f"REFUSED  {VALUES}\n"
        "         Production changes and no verdict says that staging proved it: there is no promotion.dsse.json.\n"
        "    do:  Run `gate verify` and `gate promote` again, and commit what it writes.\n"
        "main..HEAD: refused, once.\n"
    )


def linked(checkout: Checkout) -> None:
    checkout.values().unlink()
    checkout.values().symlink_to("/etc/hostname")


@pytest.mark.parametrize(
    ("spoil", "said", "says"),
    [
        (None, "HEAD", "is no range of commits"),
        (None, "..HEAD", "is no range of commits"),
        (None, "main..", "is no range of commits"),
        (None, "main...HEAD", "is no range of commits"),
        (None, "nobody..HEAD", "'nobody' is no commit"),
        (None, "main..--all", "'--all' is no commit"),
        (lambda c: c.git("checkout", "-q", "--orphan", "other"), "main..HEAD", "have no commit in common"),
        (linked, "main..HEAD", "is a link or a submodule"),
        (lambda c: ((c.root / POLICY_FILE).unlink(), c.commit()), "HEAD..HEAD", "The base cannot be judged by: The promotion policy ci/"),
        (lambda c: ((c.root / "ci/keys/staging.pem").write_text("x"), c.commit()), "HEAD..HEAD", "is no public key"),
    ],
)  # fmt: skip
def test_a_range_that_cannot_be_read(branch: Checkout, spoil: Spoil | None, said: str, says: str) -> None:
    if spoil is not None:
        spoil(branch)
        branch.commit()
    result = branch.gate("guard", said)
    assert result.exit_code == 3, result.output
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_outside_a_repository(tmp_path: Path, checkout: Checkout) -> None:
    (tmp_path / "elsewhere").mkdir()
    checkout.root = tmp_path / "elsewhere"
    result = checkout.guard("main")
    assert (result.exit_code, "not a git repository" in result.stderr) == (3, True)


def test_attributes_of_the_commit_change_nothing(branch: Checkout) -> None:
    """What would hide files from `git archive`, or rewrite them."""
    (branch.root / ".gitattributes").write_text("charts/services/** export-ignore\n*.yaml export-subst text eol=crlf\n")
    branch.change(branch.values(), "series: 3000", "series: 3001")
    branch.commit()
    assert findings(branch)[0] == 1
