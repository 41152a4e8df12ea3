from wikipayam_async.emulator.gateway.routes import find, targets


def test_the_endpoints_are_listed() -> None:
    """Every listed endpoint is found by its path, including the one with an id."""
    listed = targets()
    pairs = [target.split(" ") for target in listed]
    assert [method in find(path).methods for method, path in pairs] == [True] * 15
    assert listed[-1] == "GET /receives/{id}"
    assert "GET /receives/mark-read" not in listed
