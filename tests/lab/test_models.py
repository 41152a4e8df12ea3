import inspect

import attrs

from wikipayam_async.lab import models


def test_every_shape_documents_its_fields() -> None:
    """The docstring of every shape of the lab's API names each field."""
    shapes = [value for value in vars(models).values() if inspect.isclass(value) and attrs.has(value)]
    undocumented = [
        f"{shape.__name__}.{field.name}"
        for shape in shapes
        for field in attrs.fields(shape)
        if f"    {field.name}: " not in (inspect.getdoc(shape) or "")
    ]
    assert (undocumented, len(shapes) >= 7) == ([], True)
