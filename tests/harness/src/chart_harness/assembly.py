"""A chart and the `file://` charts it depends on, put together in one folder that Helm can render.

`helm dependency update` writes archives into the working tree; two test processes that do so at once break each other. Here
the parts are copied to a folder under the cache, named after the hash of their content, by an atomic rename.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import yaml

from chart_harness.errors import RenderError
from cluster_images.cache import cache_folder

# Written by `helm dependency update`; the sources win over what it once copied.
_LOCK_FILES = frozenset({"Chart.lock"})
_BaseLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Known = dict[tuple[Path, bool], dict[str, Path]]
"""The files of charts that were asked for already, by their folder and whether as they are packaged."""


def assemble(chart: Path) -> Path:
    """The folder that holds `chart` with its `file://` dependencies under charts/; made once for each content.

    Dependencies with another repository are taken from the chart's own charts/ folder. Safe to call from many processes at
    once. Raises RenderError when the chart or one of its dependencies is not there.
    """
    files = chart_files(chart)
    digest = hashlib.sha256()
    for name in sorted(files):
        content = files[name].read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    chart_name = str(_metadata(chart)["name"])
    # Helm wants no particular folder name, but says it in errors: keep the chart's.
    target = cache_folder() / "charts" / digest.hexdigest() / chart_name
    if not target.is_dir():
        _copy(files, target)
    return target


def _copy(files: dict[str, Path], target: Path) -> None:
    target.parent.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent.parent, prefix=".new-") as scratch:
        folder = Path(scratch) / "chart" / target.name
        for name, source in files.items():
            destination = folder / name
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, destination)
        try:
            folder.parent.rename(target.parent)
        except OSError:
            if not target.is_dir():  # somebody else's rename came first, with the same content
                raise


def chart_files(chart: Path, known: Known | None = None) -> dict[str, Path]:
    """What `assemble` puts together: the source of each file by its path in the whole chart.

    Of a dependency, the files that its own .helmignore names stay away, as they do from its package. `known` spares a fleet
    from reading the library that all its charts depend on again for each. Raises RenderError as `assemble` does.
    """
    return dict(_files(chart.resolve(), (), {} if known is None else known))


def _metadata(chart: Path) -> dict[str, object]:
    try:
        metadata = yaml.load((chart / "Chart.yaml").read_text(encoding="utf-8"), Loader=_BaseLoader)  # noqa: S506  # both are safe loaders
    except OSError as error:
        raise RenderError(f"{chart} is no chart: it has no Chart.yaml that can be read.") from error
    except yaml.YAMLError as error:
        raise RenderError(f"{chart / 'Chart.yaml'} is not valid YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(metadata, dict) or not metadata.get("name"):
        raise RenderError(f"{chart / 'Chart.yaml'} has no name: add one.")
    return metadata


def _files(chart: Path, above: tuple[Path, ...], known: Known) -> dict[str, Path]:
    if (chart, False) in known:
        return known[chart, False]
    if chart in above:
        raise RenderError(f"{chart} depends on itself: remove one of the dependencies that lead back to it.")
    local = _local_dependencies(chart)
    found = {
        name.as_posix(): chart / name
        for name in sorted(_names(chart))
        if name.name not in _LOCK_FILES and not _vendored(name, local)
    }
    for dependency_name, folder in local.items():
        if not (folder / "Chart.yaml").is_file():
            raise RenderError(
                f"{chart / 'Chart.yaml'} depends on {dependency_name} in {folder}, where there is no chart."
            )
        inner = _packaged(folder.resolve(), (*above, chart), known)
        found |= {f"charts/{dependency_name}/{name}": path for name, path in inner.items()}
    known[chart, False] = found
    return found


def _packaged(chart: Path, above: tuple[Path, ...], known: Known) -> dict[str, Path]:
    """The chart's files without those that its .helmignore names."""
    if (chart, True) not in known:
        files = _files(chart, above, known)
        rules = _ignore_rules(files)
        known[chart, True] = {name: path for name, path in files.items() if not _ignored(name, rules)}
    return known[chart, True]


def _names(chart: Path) -> list[Path]:
    folders = os.walk(chart)
    return [Path(folder, file).relative_to(chart) for folder, _, files in folders for file in files]


def _local_dependencies(chart: Path) -> dict[str, Path]:
    dependencies = _metadata(chart).get("dependencies") or []
    if not isinstance(dependencies, list):
        raise RenderError(f"{chart / 'Chart.yaml'} must hold its dependencies as a list.")
    repositories = {str(entry["name"]): str(entry.get("repository") or "") for entry in dependencies}
    return {
        name: chart / repository.removeprefix("file://")
        for name, repository in repositories.items()
        if repository.startswith("file://")
    }


def _vendored(name: Path, local: dict[str, Path]) -> bool:
    """Whether the file is a copy, in charts/, of a chart that is taken from its source folder."""
    if name.parts[0] != "charts" or len(name.parts) < 2:
        return False
    entry = name.parts[1]
    return entry in local or any(entry.startswith(f"{chart}-") and entry.endswith(".tgz") for chart in local)


def _ignore_rules(files: Mapping[str, Path]) -> tuple[str, ...]:
    """The lines of .helmignore that a library needs: names, patterns of names, and folders with a slash at the end."""
    if ".helmignore" not in files:
        return ()
    lines = (line.strip() for line in files[".helmignore"].read_text(encoding="utf-8").splitlines())
    return tuple(line.removeprefix("/") for line in lines if line and not line.startswith(("#", "!")))


def _ignored(name: str, rules: tuple[str, ...]) -> bool:
    path = PurePosixPath(name)
    for rule in rules:
        places = path.parents if rule.endswith("/") else (path, *path.parents)
        pattern = rule.rstrip("/")
        if any(fnmatch.fnmatchcase(str(place) if "/" in pattern else place.name, pattern) for place in places):
            return True
    return False
