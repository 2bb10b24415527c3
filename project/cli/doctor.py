"""`ad-metrics doctor`: find what is wrong with the installation."""

import asyncio

import typer

from project.cli.exit_codes import REFUSED, exit_codes
from project.doctor import examine
from project.settings import get_settings

app = typer.Typer(add_completion=False)


@app.command()
def doctor() -> None:
    """Check settings, access, disks, logs, database, partitions and heartbeat; exit 1 where something fails."""
    with exit_codes():
        findings = asyncio.run(examine(get_settings()))
    for finding in findings:
        print(f"{finding.state:4}  {finding.name:10}  {finding.detail}")
        if finding.state != "ok":
            print(f"{'':18}{finding.advice}")
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(REFUSED)
