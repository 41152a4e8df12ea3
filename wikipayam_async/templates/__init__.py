"""Message templates: a text with fields, and a row of values for each message."""

from wikipayam_async.publish import publish
from wikipayam_async.templates.template import Rendering, Template, TemplatePreview, messages_from, preview, render

__all__ = ["Rendering", "Template", "TemplatePreview", "messages_from", "preview", "render"]

publish(__name__, __all__, globals())
