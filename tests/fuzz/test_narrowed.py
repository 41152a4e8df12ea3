from openapi_spec_validator import validate

from tests.fuzz.narrowed import narrowed_document
from wikipayam_async.emulator import openapi_document


def test_the_description_for_a_fuzzer_is_valid() -> None:
    """It has the operations of the description, names the lines of the emulator, and lets no other status pass."""
    document = narrowed_document()
    validate(document)
    assert document["paths"].keys() == openapi_document()["paths"].keys()
    assert document["components"]["schemas"]["Message"]["properties"]["sender"] == {"enum": ["10002000", "100010000"]}
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert [operation for operation in operations if "default" in operation["responses"]] == []
