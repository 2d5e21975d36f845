"""The page of a run as one HTML file: text, pictures, tables and the libraries that draw them."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mthn_automl.catalogue import members
from mthn_automl.report.figures import Drawn, Pictures, Undrawn, vega_lite
from mthn_automl.report.page import sections
from mthn_automl.report.page.banner import Banner
from mthn_automl.report.page.listings import as_html
from mthn_automl.report.page.pictures import neutral_colours, picture
from mthn_automl.report.page.section import Found, Listing, Section
from mthn_automl.storage import write_text

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

HERE: Final = Path(__file__).parent


def write_page(path: Path, found: Found, drawn: Pictures) -> None:
    """The page as a file that is there whole, or as it was."""
    write_text(path, page(found, drawn))


def page(found: Found, drawn: Pictures) -> str:
    """HTML that needs nothing beside itself; nothing in it that came from the data can become code.

    drawn: the pictures of the same tables.
    """
    return rendered(found.name, list(filter(None, (module.section(found) for module in _modules()))), drawn)


def rendered(name: str, given: list[Section], drawn: Pictures, banner: Banner | None = None) -> str:
    """Sections as a page; name: its heading."""
    shown = {name: drawn[name] for section in given for name in section.pictures if name in drawn}
    pictures = {name: picture(name, each) for name, each in shown.items() if isinstance(each, Drawn)}
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            name=name,
            sections=given,
            pictures=pictures,
            undrawn={name: each for name, each in shown.items() if isinstance(each, Undrawn)},
            listings={each.title: as_html(each) for each in _listings(given)},
            style=(HERE / "page.css").read_text(),
            script=(HERE / "page.js").read_text(),
            libraries=_libraries() if pictures else "",
            neutral=neutral_colours(),
            banner=banner,
        )
    )


def _modules() -> list[Any]:
    found = [import_module(f"{sections.__name__}.{name}") for name in members(Path(sections.__path__[0]))]
    return sorted(found, key=lambda module: module.ORDER)


def _listings(given: list[Section]) -> list[Listing]:
    return [listing for section in given for listing in section.listings]


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.filters["code"] = _with_code
    return found


def _with_code(sentence: str) -> "Markup":
    """What stands between backticks in the type of a command; of an odd number one is a part of a name: all stay."""
    from markupsafe import Markup, escape

    if sentence.count("`") % 2:
        return escape(sentence)
    parts = enumerate(sentence.split("`"))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in parts
    )


@cache
def _libraries() -> str:
    """Vega, Vega-Lite and vega-embed as one script that defines `vegaEmbed`."""
    import vl_convert

    bundled: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=vega_lite())
    return bundled.replace("</script", "<\\/script")
