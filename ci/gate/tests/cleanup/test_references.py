"""What refers to what: names of images, requirements, and the one property that counts: what is referred to is never listed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from chart_harness.checks.image_tags import unfinished
from promotion_gate.cleanup.errors import CleanupError
from promotion_gate.cleanup.found import Image, Listing, Package
from promotion_gate.cleanup.image_reference import ImageReference, in_text, parse
from promotion_gate.cleanup.listed_files import images_in, packages_in
from promotion_gate.cleanup.moments import moment
from promotion_gate.cleanup.pins import requirements_in
from promotion_gate.cleanup.references import References, sort

D1, D2, D3 = (f"sha256:{letter * 64}" for letter in "abc")


def ref(text: str) -> ImageReference:
    found = parse(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "path", "tag", "digest"),
    [
        ("app", ("app",), "latest", ""),
        ("app:1.0", ("app",), "1.0", ""),
        ("team/app:1.0", ("team", "app"), "1.0", ""),
        ("localhost/app:1.0", ("app",), "1.0", ""),
        ("localhost:5000/app", ("app",), "latest", ""),
        ("registry.example/team/app:1.0-RC1", ("team", "app"), "1.0-RC1", ""),
        ("registry.example:443/team/app:1@" + D1, ("team", "app"), "1", D1),
        (f"app@{D1}", ("app",), "", D1),
    ],
)
def test_a_reference_is_read(text: str, path: tuple[str, ...], tag: str, digest: str) -> None:
    assert ref(text) == ImageReference(path, tag, digest)


@pytest.mark.parametrize(
    "text", ["", ":", "app:", "App", "a b", "app:-1", "app@sha256:12", "/app", "app/", "a//b", "app:" + "x" * 129]
)
def test_what_is_no_reference(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("app:rc1", "registry.example/app:rc1", True),
        ("mirror.example/hub/team/app:rc1", "team/app:rc1", True),
        ("app:rc1", "app:rc2", False),
        ("app:rc1", "app2:rc1", False),
        ("team/app:rc1", "other/app:rc1", False),
    ],
)
def test_two_names_of_one_image(one: str, other: str, same: bool) -> None:
    assert ref(one).may_mean(ref(other)) is same
    assert ref(other).may_mean(ref(one)) is same


@pytest.mark.parametrize(
    "text",
    [
        "image: team/app:1.0-rc1",
        'image: "team/app:1.0-rc1"',
        "image:team/app:1.0-rc1",
        "FROM team/app:1.0-rc1 AS build",
        "FROM registry.example:5000/team/app:1.0-rc1",
        "docker://registry.example/team/app:1.0-rc1",
        "[team/app:1.0-rc1, other]",
        "IMAGE=team/app:1.0-rc1.",
        '{"image":"team/app:1.0-rc1"}',
        "x: (team/app:1.0-rc1)",
        f"team/app:1.0-rc1@{D1}",
    ],
)
def test_a_reference_is_found_in_text(text: str) -> None:
    assert any(found.may_mean(ref("team/app:1.0-rc1")) for found in in_text(text))


COMPONENT = st.from_regex(r"[a-z0-9]{1,6}([._-][a-z0-9]{1,4})?", fullmatch=True)
TAG = st.sampled_from(
    ["1.0-rc1", "dev", "1.2.0a1", "experiment-x", "main", "1.0", "2.3.4", "sha-12ab"]
) | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
NAMES = st.lists(COMPONENT, min_size=1, max_size=3).map("/".join)


@given(name=NAMES, tag=TAG, host=st.sampled_from(["", "localhost:5000/", "registry.example/", "r.example:8443/"]),
       around=st.sampled_from(['"{}"', "image: {}", "FROM {}\n", "[{}, x]", "docker://{}"]))  # fmt: skip
def test_whatever_is_written_is_found(name: str, tag: str, host: str, around: str) -> None:
    whole = parse(f"{host}{name}:{tag}")
    if whole is not None:
        end = tag.rstrip(".-")  # a sentence's full stop is not told from a tag's; such a tag is looked for without it
        assert any(
            found.path[-1] == whole.path[-1] and found.tag.rstrip(".-") == end
            for found in in_text(around.format(f"{host}{name}:{tag}"))
        )


def image(name: str, digest: str = "", parts: frozenset[str] = frozenset()) -> Image:
    return Image(ref(name), "registry", name, digest, parts)


def unreferenced(listing: Listing, references: References) -> list[str]:
    found = sort(listing, references)
    return [item.name if isinstance(item, Image) else f"{item.name}=={item.version}" for item in found.unreferenced]


def naming(*images: str, digests: tuple[str, ...] = (), requirements: tuple[str, ...] = ()) -> References:
    return References(
        dict.fromkeys(map(ref, images), "x"), dict.fromkeys(digests, "x"), dict.fromkeys(requirements, "x")
    )


@pytest.mark.parametrize(
    ("images", "references", "listed"),
    [
        ([image("app:rc1"), image("app:1.0")], naming(), ["app:rc1"]),
        ([image("app:rc1")], naming("registry.example/app:rc1"), []),
        ([image("app:rc1", D1)], naming(digests=(D1,)), []),
        ([image("app:rc1", D1, frozenset({D2}))], naming(digests=(D2,)), []),  # one platform of an index
        ([image(f"app:rc1@{D1}")], naming(digests=(D1,)), []),
        # the release and the candidate are one manifest: deleting the one deletes the other
        ([image("app:rc1", D1), image("app:1.0", D1)], naming(), []),
        ([image("app:rc1", D1), image("app:rc2", D1)], naming("app:rc2"), []),
        ([image("app:rc1", D1), image("app:1.0", D2, frozenset({D1}))], naming(), []),
        (
            [image("app:rc1", D1), image("app:rc2", D1), image("web:dev", D1, frozenset({D2})), image("web:rc1", D2)],
            naming("app:rc1"),
            [],
        ),
        ([image("app:rc1", D1), image("app:rc2", D2)], naming("app:rc2"), ["app:rc1"]),
        ([image("app:sha-12ab")], naming(), []),  # nothing says that it is a pre-release
    ],
)
def test_images(images: list[Image], references: References, listed: list[str]) -> None:
    assert unreferenced(Listing(images=tuple(images)), references) == listed


def packages(name: str, *versions: str) -> Listing:
    return Listing(packages=tuple(Package(canonicalize_name(name), Version(v), "index") for v in versions))


@pytest.mark.parametrize(
    ("versions", "requirements", "listed"),
    [
        (("1.0", "1.1rc1", "1.1.dev3"), (), ["lib==1.1rc1", "lib==1.1.dev3"]),
        (("1.0", "1.1rc1", "1.1.dev3"), ("lib==1.1rc1",), ["lib==1.1.dev3"]),
        (("1.0", "1.1rc1"), ("Lib == 1.1.RC1",), []),
        (("1.0", "1.1rc1"), ("lib>=1.0",), ["lib==1.1rc1"]),  # no installer takes it
        (("1.0", "1.1rc1"), ("lib>=1.1rc1",), []),
        (("1.1rc1", "1.1rc2"), ("lib",), []),  # there is no release, so an installer takes one of them
        (("1.0", "1.1rc1"), ("lib>1.0",), []),
        (("1.0", "1.1rc1"), ("other==1.1rc1",), ["lib==1.1rc1"]),
        (("1.0", "1.0.post1"), (), []),
    ],
)
def test_packages(versions: tuple[str, ...], requirements: tuple[str, ...], listed: list[str]) -> None:
    assert unreferenced(packages("lib", *versions), naming(requirements=requirements)) == listed


IMAGES = st.builds(
    image,
    st.tuples(st.sampled_from(["app", "team/app", "r.example/team/app", "web"]), TAG)
    .map(":".join)
    .filter(lambda t: parse(t) is not None),
    st.sampled_from(["", D1, D2, D3]),
    st.frozensets(st.sampled_from([D1, D2, D3]), max_size=2),
)
VERSIONS = st.sampled_from(["1.0", "1.1rc1", "1.1rc2", "2.0.dev1", "2.0a1", "2.0"])
REQUIREMENTS = st.builds(
    lambda how, v: f"lib{how}{v}", st.sampled_from(["==", ">=", "~=", "<", "!=", ">"]), VERSIONS
) | st.just("lib")


@settings(max_examples=500)
@given(
    images=st.lists(IMAGES, max_size=6, unique=True),
    versions=st.lists(VERSIONS, max_size=5, unique=True),
    named=st.lists(IMAGES.map(lambda found: found.reference), max_size=4),
    digests=st.lists(st.sampled_from([D1, D2, D3]), max_size=1),
    requirements=st.lists(REQUIREMENTS, max_size=3),
)
def test_what_is_referred_to_is_never_listed(
    images: list[Image], versions: list[str], named: list[ImageReference], digests: list[str], requirements: list[str]
) -> None:
    listing = Listing(images=tuple(images)) + packages("lib", *versions)
    references = References(dict.fromkeys(named, "x"), dict.fromkeys(digests, "x"), dict.fromkeys(requirements, "x"))
    found = sort(listing, references)
    kept = {one.item for one in found.kept}
    for item in found.unreferenced:
        assert item not in kept
        if isinstance(item, Image):
            assert unfinished(item.reference.tag)
            assert not any(reference.may_mean(item.reference) for reference in named)
            assert not {item.digest, *item.parts} & set(digests)
            # nor would its deletion take anything with it that stays
            staying = [other for other in images if other not in found.unreferenced]
            assert not item.digest or all(item.digest not in {other.digest, *other.parts} for other in staying)
        else:
            assert item.version.is_prerelease
            assert not any(
                item.version in list(Requirement(text).specifier.filter(map(Version, versions)))
                for text in requirements
            )
    wanted = [i for i in images if unfinished(i.reference.tag)] + [
        p for p in listing.packages if p.version.is_prerelease
    ]
    assert sorted(map(repr, wanted)) == sorted(map(repr, [*found.unreferenced, *kept]))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("requirements.lock", "lib==1.0rc1 \\\n    --hash=sha256:00\n", "lib==1.0rc1"),
        ("requirements-dev.txt", "-r other.txt\nlib>=1.0rc1 # why\n", "lib>=1.0rc1"),
        ("constraints.txt", "lib[extra]>=1.0rc1; python_version > '3'", "lib[extra]>=1.0rc1; python_version > '3'"),
        ("free-threaded.lock", "lib>1\n", "lib>1"),
        ("pyproject.toml", "[project]\ndependencies = ['lib~=1.0rc1']", "lib~=1.0rc1"),
        ("pyproject.toml", "[dependency-groups]\ndev = ['lib']", "lib"),
        ("pyproject.toml", "[build-system]\nrequires = ['lib>=1.0rc1']", "lib>=1.0rc1"),
        ("uv.lock", "[[package]]\nname = 'lib'\nversion = '1.0rc1'", "lib==1.0rc1"),
        ("poetry.lock", "[[package]]\nname = 'lib'\nversion = '1.0rc1'", "lib==1.0rc1"),
        ("pylock.toml", "[[packages]]\nname = 'lib'\nversion = '1.0rc1'", "lib==1.0rc1"),
        ("Dockerfile", "RUN pip install 'lib[x] == 1.0rc1' other", "lib==1.0rc1"),
        ("x.sh", "curl https://packages.example/lib-1.0rc1-py3-none-any.whl", "lib==1.0rc1"),
        ("x.yml", "script: pip install lib-1.0rc1.tar.gz", "lib==1.0rc1"),
        ("broken.toml", "a = [\n'lib==1.0rc1'", "lib==1.0rc1"),
    ],
)  # fmt: skip
def test_requirements_are_found(name: str, text: str, expected: str) -> None:
    assert expected in list(requirements_in(name, text))


@given(name=st.sampled_from(["requirements.txt", "pyproject.toml", "uv.lock", "x"]), text=st.text(max_size=80))
def test_any_text_is_read(name: str, text: str) -> None:
    assert all(Requirement(found) for found in requirements_in(name, text))


def test_files_that_name_what_there_is() -> None:
    found = images_in("# all\n\nteam/app:rc1\nteam/app:rc1 # twice\n<none>:<none>\n", "f")
    assert [one.name for one in found.images] == ["team/app:rc1"]
    assert found.images[0].command == "docker image rm team/app:rc1"
    listed = packages_in(
        "Lib==1.0rc1\nlib-1.0rc1.tar.gz\nhttps://x.example/lib-1.0rc1-py3-none-any.whl\n", "f"
    ).packages
    assert [(one.name, str(one.version), one.files) for one in listed] == [
        ("lib", "1.0rc1", ("lib-1.0rc1-py3-none-any.whl", "lib-1.0rc1.tar.gz"))
    ]
    for text in ("lib", "lib>=1", "lib==1.*", "a b"):
        with pytest.raises(CleanupError, match=r"f, line 1: .* write NAME==VERSION"):
            packages_in(text, "f")
    with pytest.raises(CleanupError, match="f, line 2: 'App' is no image"):
        images_in("app:1\nApp", "f")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2025-11-21T10:42:07.123456789Z", datetime(2025, 11, 21, 10, 42, 7, 123456, tzinfo=UTC)),
        ("2025-11-21T10:42:07", datetime(2025, 11, 21, 10, 42, 7, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        (7, None),
    ],
)
def test_moments(said: object, expected: datetime | None) -> None:
    assert moment(said) == expected
