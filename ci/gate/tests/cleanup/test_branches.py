"""What the branches of a real checkout refer to, rendered, pinned, written out or signed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from ci.gate.tests.fleet.conftest import Checkout, git, make_checkout
from promotion_gate.cleanup.branches import refs_of
from promotion_gate.cleanup.document import schema
from promotion_gate.cli import main

D1 = f"sha256:{'a' * 64}"
IMAGES = "reference-service:0.2.0-rc1\nreference-service:0.2.0-rc2\nreference-service:0.1.0\n"
PACKAGES = "lib==1.0rc1\nlib==1.0rc2\nlib==0.9\n"
ALL = ["lib==1.0rc1", "lib==1.0rc2", "reference-service:0.2.0-rc1", "reference-service:0.2.0-rc2"]


@pytest.fixture(scope="session")
def one_service(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return make_checkout(tmp_path_factory.mktemp("cleanup"), ["aaa-api"])


@pytest.fixture
def checkout(one_service: Checkout, tmp_path: Path) -> Checkout:
    root = tmp_path / "checkout"
    shutil.copytree(one_service.root, root, symlinks=True)
    return Checkout(root, root / "build" / "verdicts", one_service.signer, one_service.key)


def run(checkout: Checkout, *arguments: str) -> Any:
    (checkout.root / "build").mkdir(exist_ok=True)
    images, packages = checkout.root / "build" / "images.txt", checkout.root / "build" / "packages.txt"
    images.write_text(IMAGES)
    packages.write_text(PACKAGES)
    command = ["cleanup", "--root", str(checkout.root), "--verdicts", str(checkout.store)]
    return CliRunner().invoke(main, [*command, "--images", str(images), "--packages", str(packages), *arguments])


def listed(checkout: Checkout, *arguments: str) -> list[str]:
    done = run(checkout, "--json", *arguments)
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    jsonschema.validate(document, schema())
    assert len(document["unreferenced"]) + len(document["kept"]) == len(ALL)
    return sorted(item["name"] for item in document["unreferenced"])


def test_what_nothing_refers_to_is_listed(checkout: Checkout) -> None:
    assert listed(checkout) == ALL


def put(name: str, text: str) -> Callable[[Checkout], None]:
    def write(checkout: Checkout) -> None:
        (checkout.root / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout.root / name).write_text(text)

    return write


def tag(checkout: Checkout) -> None:
    """Repository and tag stand on two lines: only a render puts them together."""
    values = checkout.root / "charts/services/aaa-api/environments/staging/values.yaml"
    values.write_text(values.read_text() + "\nworkload:\n  image:\n    tag: 0.2.0-rc1\n")


def signed(store: bool) -> Callable[[Checkout], None]:
    def write(checkout: Checkout) -> None:
        verdict = checkout.verdict(changes={"image": "registry.example/reference-service:0.2.0-rc1"})
        if store:
            checkout.keep(verdict)
        else:
            checkout.promote(verdict)

    return write


RC1, LIB = "reference-service:0.2.0-rc1", "lib==1.0rc1"


@pytest.mark.parametrize(
    ("write", "kept"),
    [
        (tag, RC1),
        (put("requirements.lock", "lib==1.0rc1\n"), LIB),
        (put("sub/pyproject.toml", "[project]\ndependencies = ['lib==1.0rc1']\n"), LIB),
        (put("ci/job.yml", "image: registry.example/reference-service:0.2.0-rc1\n"), RC1),
        (put("Dockerfile", "FROM reference-service:0.2.0-rc1\nRUN pip install x\n"), RC1),
        (signed(store=False), RC1),
    ],
)
@pytest.mark.parametrize("where", ["checkout", "branch", "remote"])
def test_what_is_referred_to_stays(
    write: Callable[[Checkout], None], kept: str, where: str, checkout: Checkout, tmp_path: Path
) -> None:
    if where == "checkout":
        write(checkout)
    else:
        git(checkout.root, "switch", "--quiet", "--create", "feature")
        write(checkout)
        checkout.commit()
        git(checkout.root, "switch", "--quiet", "main")
        if where == "remote":
            git(checkout.root, "clone", "--quiet", ".", str(tmp_path / "clone"))
            checkout = Checkout(tmp_path / "clone", tmp_path / "store", checkout.signer, checkout.key)
    assert listed(checkout) == [name for name in ALL if name != kept]
    if where == "branch":
        assert listed(checkout, "--without-ref", "feature") == ALL
        assert listed(checkout, "--ref", "main") == ALL


def test_a_verdict_that_is_not_promoted_yet_speaks_for_its_image(checkout: Checkout) -> None:
    signed(store=True)(checkout)
    assert listed(checkout) == [name for name in ALL if name != RC1]


def test_what_a_changelog_tells_of_is_not_in_use(checkout: Checkout) -> None:
    put("CHANGELOG.md", "reference-service:0.2.0-rc1 was a mistake\n")(checkout)
    assert listed(checkout) == ALL


def test_the_table_says_why_and_how_and_deletes_nothing(checkout: Checkout) -> None:
    put("requirements.lock", "lib==1.0rc1\n")(checkout)
    done = run(checkout, "--kept", "--delete-package", "devpi remove -y {name}=={version}")
    assert done.exit_code == 0
    text = " ".join(done.output.split())
    assert "docker image rm reference-service:0.2.0-rc1" in text
    assert "devpi remove -y lib==1.0rc2" in text
    assert "requirements.lock" in text
    assert text.endswith(
        "3 pre-releases that nothing refers to, 1 that something does. Looked at the checkout and main."
    )
    assert "give yours with --delete-package" in run(checkout).output


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (
            put("charts/services/aaa-api/environments/staging/values.yaml", "nonsense: 1\n"),
            "does not render for staging in feature",
        ),
        (put("charts/services/aaa-api/environments/production/promotion.dsse.json", "{}"), "is no signed verdict"),
    ],
)
def test_a_branch_that_cannot_be_read_is_not_one_that_refers_to_nothing(
    write: Callable[[Checkout], None], says: str, checkout: Checkout
) -> None:
    git(checkout.root, "switch", "--quiet", "--create", "feature")
    write(checkout)
    checkout.commit()
    git(checkout.root, "switch", "--quiet", "main")
    done = run(checkout)
    assert done.exit_code == 3
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert listed(checkout, "--without-ref", "feature") == ALL


def test_branches_that_are_the_same_are_looked_at_once_and_too_many_are_refused(checkout: Checkout) -> None:
    for name in ("one", "two"):
        git(checkout.root, "branch", name)
    assert [ref.name for ref in refs_of(checkout.root, (), (), 1)] == ["main", "one", "two"]
    git(checkout.root, "switch", "--quiet", "two")
    put("x", "x")(checkout)
    checkout.commit()
    done = run(checkout, "--most-refs", "1")
    assert done.exit_code == 3
    assert "There are 2 branches that differ, and at most 1 are looked at" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--ref", "nowhere"], "There is no commit 'nowhere' here"),
        (["--ref", "--help"], "There is no commit '--help' here"),
        (["--without-ref", "nowhere"], "--without-ref 'nowhere' is none of those that are looked at"),
        (["--index", "https://x.example"], "--index and --package belong together"),
        (["--repository", "x"], "--repository names one of a registry"),
        (["--registry", "http://registry.example"], "is not encrypted"),
        (["--registry", "registry.example"], "is no address"),
        (["--registry", "https://me:secret@registry.example"], "holds a password"),
    ],
)
def test_what_cannot_be_asked_is_told_in_a_sentence(arguments: list[str], sentence: str, checkout: Checkout) -> None:
    done = run(checkout, *arguments)
    assert done.exit_code == 3
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "secret" not in done.stderr


def test_it_has_to_be_told_where_to_look(checkout: Checkout, tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["cleanup"]).exit_code == 3
    done = CliRunner().invoke(main, ["cleanup", "--root", str(tmp_path), "--images", "-"], input="a:rc1\n")
    assert done.exit_code == 3
    assert "name a checkout with --root" in done.stderr


def test_a_shallow_clone_says_what_it_does_not_know(checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit()
    git(checkout.root, "clone", "--quiet", "--depth", "1", f"file://{checkout.root}", str(tmp_path / "shallow"))
    done = run(Checkout(tmp_path / "shallow", tmp_path / "store", checkout.signer, checkout.key))
    assert "This clone is shallow" in done.output
