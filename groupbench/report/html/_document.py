"""From content to one HTML file: the template, and the safe way to put data and assets into it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from groupbench.core.files import writing
from groupbench.report.html._leaderboard import Content
from groupbench.report.palette import css_variables

SCRIPTS = ("state.js", "draw.js", "tables.js", "sections.js", "main.js")
"""In the order in which they are put together."""

_ESCAPED: dict[str, str | int | None] = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


@dataclass(frozen=True, repr=False)
class Page:
    """A finished page; notebooks show it in a frame of its own.

    Attributes:
        text: the HTML.
    """

    text: str

    def write(self, file: Path) -> None:
        """Write the page, whole or not at all; folders are made.

        Raises:
            ResultError: if the file cannot be written.
        """
        with writing(file, "choose another file with -o") as temporary:
            temporary.write_text(self.text, encoding="utf-8")

    def __repr__(self) -> str:
        return f"Page({len(self.text) // 1024} KiB of HTML; write(FILE) saves it)"

    def _repr_html_(self) -> str:
        """The page in a frame that may run its own script but reach nothing around it."""
        return (
            f'<iframe title="groupbench report" sandbox="allow-scripts" srcdoc="{html.escape(self.text)}" '
            'style="width:100%;height:720px;border:0"></iframe>'
        )


def make_page(content: Content, *, title: str = "Group recommenders compared") -> Page:
    """Put the content into the template.

    The page may load nothing and run only its own script: a policy with the hashes of its script and style
    is part of it.

    Args:
        content: what `groupbench.report.html.page_content` returns.
        title: the heading.
    """
    import jinja2

    from groupbench.core.version import VERSION

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    script = _joined()
    style = css_variables() + _asset("style.css")
    text = environment.from_string(_asset("page.html.j2")).render(
        title=title,
        version=VERSION,
        jobs=content["jobs"],
        finished=content["finished"],
        datasets=sorted({section["dataset"] for section in content["sections"]}),
        methods=len({method["name"] for method in content["methods"] if not method["reference"]}),
        references=len({method["name"] for method in content["methods"] if method["reference"]}),
        policy=_policy(script, style),
        script=script,
        style=style,
        data=embedded(content),
    )
    return Page(text)


def embedded(content: Content) -> str:
    """The content as JSON that may stand inside a script element: nothing in it can end the element."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(str.maketrans(dict(_ESCAPED)))


def _joined() -> str:
    """All scripts as one function, so that no name of theirs becomes global."""
    body = "\n".join(_asset(name) for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{body}\n}})();'


def _policy(script: str, style: str) -> str:
    sources = {"script-src": script, "style-src": style}
    hashes = [f"{kind} '{_hash(text)}'" for kind, text in sources.items()]
    return "; ".join(["default-src 'none'", *hashes, "base-uri 'none'", "form-action 'none'"])


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _asset(name: str) -> str:
    return (resources.files("groupbench.report.html") / "assets" / name).read_text(encoding="utf-8")
