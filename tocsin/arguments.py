"""Arguments that several commands share, described once."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path, typer.Argument(help="The city's YAML, e.g. configs/baltimore.yaml.", show_default=False)
]
Store = Annotated[Path, typer.Option("--store", help="Folder of the incident store.", show_default=False)]
Model = Annotated[Path, typer.Option("--model", help="Folder that `tocsin train` wrote.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
From = Annotated[str | None, typer.Option("--from", help="First local day, YYYY-MM-DD.", show_default=False)]
To = Annotated[
    str | None, typer.Option("--to", help="Local day after the last, YYYY-MM-DD.", show_default=False)
]
