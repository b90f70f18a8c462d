"""`gate comment`: a verdict as the one comment of the gate on a merge request."""

from __future__ import annotations

import os
from pathlib import Path

import click

from promotion_gate.commands.ending import give_up, one_sentence
from promotion_gate.reporters import json_report, markdown
from promotion_gate.reporters.forges.forge import Forge, publish
from promotion_gate.reporters.forges.github import GitHub
from promotion_gate.reporters.forges.gitlab import GitLab


@click.command("comment")
@click.argument("verdict", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--github", metavar="OWNER/REPO#N", help="A pull request; GITHUB_TOKEN, GITHUB_API_URL.")
@click.option("--gitlab", metavar="PROJECT!N", help="A merge request; GITLAB_TOKEN, CI_API_V4_URL.")
def command(verdict: Path, github: str | None, gitlab: str | None) -> None:
    """Write VERDICT, a verdict.json, into the gate's comment on a merge request: the one it wrote before, or a new one."""
    if bool(github) == bool(gitlab):
        give_up("Name one merge request: --github OWNER/REPO#N or --gitlab PROJECT!N.")
    with one_sentence("the comment may not be up to date."):
        judged = json_report.read(verdict)
        forge: Forge = GitHub(github, os.environ) if github else GitLab(gitlab or "", os.environ)
        done = publish(forge, markdown.mark(judged), markdown.render(judged))
    click.echo(
        f"{judged.outcome} of {judged.release.service} in {judged.release.environment}: comment {done} on {github or gitlab}."
    )
