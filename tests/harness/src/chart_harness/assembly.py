"""A chart and the `file://` charts it depends on, put together in one folder that Helm can render.

`helm dependency update` writes archives into the working tree; two test processes that do so at once break each other. Here
the parts are copied to a folder under the cache, named after the hash of their content, by an atomic rename.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from chart_harness.errors import RenderError
from cluster_images.cache import cache_folder

# Written by `helm dependency update`; the sources win over what it once copied.
_LOCK_FILES = frozenset({"Chart.lock"})


def assemble(chart: Path) -> Path:
    """The folder that holds `chart` with its `file://` dependencies under charts/; made once for each content.

    Dependencies with another repository are taken from the chart's own charts/ folder. Safe to call from many processes at
    once. Raises RenderError when the chart or one of its dependencies is not there.
    """
    files = dict(_files(chart, ()))
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


def _metadata(chart: Path) -> dict[str, object]:
    try:
        metadata = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
    except OSError as error:
        raise RenderError(f"{chart} is no chart: it has no Chart.yaml that can be read.") from error
    except yaml.YAMLError as error:
        raise RenderError(f"{chart / 'Chart.yaml'} is not valid YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(metadata, dict) or not metadata.get("name"):
        raise RenderError(f"{chart / 'Chart.yaml'} has no name: add one.")
    return metadata


def _files(chart: Path, above: tuple[Path, ...]) -> Iterator[tuple[str, Path]]:
    chart = chart.resolve()
    if chart in above:
        raise RenderError(f"{chart} depends on itself: remove one of the dependencies that lead back to it.")
    local = {}
    dependencies = _metadata(chart).get("dependencies") or []
    if not isinstance(dependencies, list):
        raise RenderError(f"{chart / 'Chart.yaml'} must hold its dependencies as a list.")
    for dependency in dependencies:
        repository = str(dependency.get("repository") or "")
        if repository.startswith("file://"):
            local[str(dependency["name"])] = chart / repository.removeprefix("file://")
    for path in sorted(chart.rglob("*")):
        name = path.relative_to(chart)
        if path.is_file() and name.name not in _LOCK_FILES and not _vendored(name, local):
            yield name.as_posix(), path
    for dependency_name, folder in local.items():
        if not (folder / "Chart.yaml").is_file():
            raise RenderError(
                f"{chart / 'Chart.yaml'} depends on {dependency_name} in {folder}, where there is no chart."
            )
        for inner, path in _files(folder, (*above, chart)):
            yield f"charts/{dependency_name}/{inner}", path


def _vendored(name: Path, local: dict[str, Path]) -> bool:
    """Whether the file is a copy, in charts/, of a chart that is taken from its source folder."""
    if name.parts[0] != "charts" or len(name.parts) < 2:
        return False
    entry = name.parts[1]
    return entry in local or any(entry.startswith(f"{chart}-") and entry.endswith(".tgz") for chart in local)
