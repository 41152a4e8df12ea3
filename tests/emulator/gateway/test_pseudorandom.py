from wikipayam_async.emulator.gateway.pseudorandom import IdSource, fraction


def test_fractions_depend_on_their_parts_only() -> None:
    """The same parts give the same fraction, and other parts another."""
    assert fraction("a", 1) == fraction("a", 1)
    assert fraction("a", 1) != fraction("a", 2)


def test_fractions_are_uniformly_distributed() -> None:
    """About a tenth of many fractions is below 0.1."""
    low = sum(fraction(number) < 0.1 for number in range(10_000))
    assert 900 < low < 1_100


def test_ids_have_the_gateway_s_format() -> None:
    """Ids are 24 hex digits, ascending and unique."""
    ids = [IdSource(1).take(), *(source.take() for source in [IdSource(1)] * 3)]
    assert {len(value) for value in ids} == {24}
    assert all(set(value) <= set("0123456789abcdef") for value in ids)
    assert ids[1:] == sorted(set(ids[1:]))


def test_ids_depend_on_the_seed() -> None:
    """Two sources with the same seed issue the same ids, and another seed gives others."""
    assert IdSource(1).take() == IdSource(1).take()
    assert IdSource(1).take() != IdSource(2).take()
