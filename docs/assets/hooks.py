"""What the site needs beyond Markdown: pages that live elsewhere in the repository, and notebooks as pages.

Pages are written for the repository view. Links that lead out of `docs/` are turned to the site's own pages where
there is one, and into plain text where there is none.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pymdownx.slugs import slugify

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
#: Files of the repository's root that are pages of the site.
ELSEWHERE = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "README.md": "README.md"}
#: Where the theme would load what its search needs on pages without a server.
SHIM = "https://unpkg.com/iframe-worker/shim"
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s#:]+)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Name anchors as repository hosts do, and list every decision under its title."""
    config.mdx_configs.setdefault("toc", {})["slugify"] = slugify(case="lower")
    decisions = sorted(page.relative_to(DOCS).as_posix() for page in (DOCS / "decisions").glob("[0-9]*.md"))
    for section in config.nav or []:
        for entry in next(iter(section.values())):
            if isinstance(entry, dict) and "Decisions" in entry:
                entry["Decisions"] += decisions
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that no file of `docs/` holds."""
    for name, page in ELSEWHERE.items():
        if page not in files.src_uris:
            files.append(File.generated(config, page, abs_src_path=str(ROOT / name)))
    for notebook in sorted((DOCS / "notebooks").glob("*.ipynb")):
        page = f"notebooks/{notebook.stem}.md"
        files.append(File.generated(config, page, content=notebook_as_markdown(notebook)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links that are right in the repository into links that are right on the site."""
    source = next((ROOT / name for name, uri in ELSEWHERE.items() if uri == page.file.src_uri), None)
    if source is None or (DOCS / page.file.src_uri).exists():
        source = DOCS / page.file.src_uri
    return LINK.sub(lambda link: _on_site(link, source, page.file.src_uri), markdown)


def _on_site(link: re.Match[str], source: Path, page: str) -> str:
    text, target, anchor = link[1], link[2], link[3] or ""
    found = Path(os.path.normpath(source.parent / target))
    if not found.exists():
        return link[0]  # a link of the site itself, or a broken one, which the build tells
    inside = found.relative_to(ROOT).as_posix() if found.is_relative_to(ROOT) else ""
    if inside in ELSEWHERE:
        place = ELSEWHERE[inside]
    elif found.is_relative_to(DOCS) and found.is_file():
        place = found.relative_to(DOCS).as_posix()
    else:
        return text
    if place.endswith(".ipynb") and not text.startswith("Download"):
        place = f"{place.removesuffix('.ipynb')}.md"
    return f"[{text}]({os.path.relpath(place, os.path.dirname(page) or '.')}{anchor})"


def notebook_as_markdown(file: Path) -> str:
    """A notebook as a page: its text, its code, and what its cells showed when `upkeep notebooks` ran it last."""
    notebook = json.loads(file.read_text(encoding="utf-8"))
    shown = json.loads((file.parent / "outputs" / f"{file.stem}.json").read_text(encoding="utf-8"))
    parts = [
        _cell(cell) + "".join(map(_output, outputs))
        for cell, outputs in zip(notebook["cells"], shown, strict=True)
    ]
    parts.insert(1, f"[Download this notebook]({file.name})")
    return "\n\n".join(parts) + "\n"


def _cell(cell: dict[str, Any]) -> str:
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return text
    return f"```python\n{text}\n```"


def _output(output: dict[str, str]) -> str:
    """What a cell showed, below it."""
    if "image" in output:
        return f"\n\n![What the cell draws](outputs/{output['image']})"
    if "html" in output:
        body = re.sub(r"<style.*?</style>|\n\s*", "", output["html"], flags=re.DOTALL)
        return f"\n\n<div class='cell-output'>{body}</div>"
    return f"\n\n```text\n{output['text']}\n```"


def on_post_build(config: MkDocsConfig) -> None:
    """Load the search's worker for sites that are opened from a folder from the site itself, not from elsewhere."""
    site = Path(config.site_dir)
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        own = os.path.relpath(site / "assets" / "iframe-worker.js", page.parent)
        page.write_text(text.replace(SHIM, Path(own).as_posix()), encoding="utf-8")
