"""Templates, mails and texts: from a marketer's words to messages ready for a gateway."""

from dispatcher.rendering.batch import render_batch
from dispatcher.rendering.compiled import CompiledTemplate, Letterhead, compile_template
from dispatcher.rendering.links import Links
from dispatcher.rendering.people import Addressee, Unrenderable
from dispatcher.rendering.source import load
from dispatcher.rendering.watchdog import check

__all__ = [
    "Addressee",
    "CompiledTemplate",
    "Letterhead",
    "Links",
    "Unrenderable",
    "check",
    "compile_template",
    "load",
    "render_batch",
]
