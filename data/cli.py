"""``neuromodels data fetch|info``."""

import argparse
import json
import sys
from typing import Any


class DataCommand:
    """Bring the files of a dataset here, or say what is known of it."""

    summary = "fetch a dataset, or say where it comes from and under which licence"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        fetch = actions.add_parser("fetch", help="download what is missing and verify what is here")
        fetch.add_argument("names", nargs="+", metavar="DATASET")
        fetch.add_argument("--dry-run", action="store_true", help="only say where each file is or would be")
        fetch.add_argument("--offline", action="store_true", help="never open a connection")
        info = actions.add_parser("info", help="citation, licence, access, files with hashes")
        info.add_argument("names", nargs="+", metavar="DATASET")
        info.add_argument("--json", action="store_true", help="one JSON object per dataset")

    def run(self, arguments: argparse.Namespace, toolbox: Any) -> int:
        """Do it for every name."""
        for name in arguments.names:
            if arguments.action == "fetch":
                self._fetch(name, arguments)
            else:
                self._info(name, arguments.json)
        return 0

    @staticmethod
    def _fetch(name: str, arguments: argparse.Namespace) -> None:
        from .catalogue import dataset_info, fetch

        info = dataset_info(name)
        paths = fetch(
            name,
            dry_run=arguments.dry_run,
            offline=arguments.offline or None,
            progress=sys.stderr.isatty(),
        )
        if not paths:
            print(f"{name}: {info.how_to_get}")
        for path in paths:
            missing = "would be downloaded" if info.access == "download" else "is missing, and never downloaded"
            state = "is here" if path.is_file() else missing
            print(f"{path}  {state}" if arguments.dry_run else path)

    @staticmethod
    def _info(name: str, as_json: bool) -> None:
        from dataclasses import asdict

        from .access import is_available
        from .catalogue import dataset_info

        info = dataset_info(name)
        facts: dict[str, Any] = {**asdict(info), "available": is_available(info)}
        facts["splits"] = {key: split.describe() for key, split in info.splits.items()}
        if as_json:
            print(json.dumps(facts))
            return
        print(name)
        for key in ("summary", "citation", "licence", "access", "available", "how_to_get", "units", "notes"):
            if facts[key] != "":
                print(f"    {key.replace('_', ' ')}: {facts[key]}")
        for file in info.files:
            size = "size not recorded" if file.n_bytes is None else f"{file.n_bytes:,} bytes"
            print(f"    file: {file.path}, {size}, {file.description}")
            print(f"        sha256: {file.sha256 or 'not recorded; checked by content'}")
            print(f"        url: {file.url or 'none'}")
        for key, words in facts["splits"].items():
            print(f"    split {key}: {words}")
