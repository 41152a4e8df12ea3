"""Recognizing network file systems."""

from __future__ import annotations

from pathlib import Path

import pytest

from wikipayam_async.sqlite.filesystem import mount_type_of, network_file_system_of

MOUNTS = r"""/dev/vda / ext4 rw 0 0
nas:/data /data nfs4 rw 0 0
/dev/vdb /data/local xfs rw 0 0
//nas/share /mnt/my\040share cifs rw 0 0
tmpfs /tmp tmpfs rw 0 0
over /tmp overlay rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/eid.db", "ext4"),
        ("/data/eid.db", "nfs4"),
        ("/data", "nfs4"),
        ("/database/eid.db", "ext4"),
        ("/data/local/eid.db", "xfs"),
        ("/mnt/my share/eid.db", "cifs"),
        ("/tmp/eid.db", "overlay"),  # noqa: S108 - only a name
    ],
)
def test_the_longest_mount_point_counts(path: str, kind: str) -> None:
    """Of two on one point the later; a name that only begins like a mount point is not on it."""
    assert mount_type_of(Path(path), MOUNTS) == kind


def test_a_list_without_the_path_says_nothing() -> None:
    """As in a container without a root mount."""
    assert mount_type_of(Path("/home"), "") is None


def test_only_network_file_systems_are_named(tmp_path: Path) -> None:
    """A local one, an unknown one and a system without the list are none; symbolic links are followed."""
    mounts = tmp_path / "mounts"
    link = tmp_path / "link"
    link.symlink_to("/data")
    mounts.write_text(MOUNTS)
    assert network_file_system_of(Path("/data/x"), mounts) == "nfs4"
    assert network_file_system_of(link, mounts) == "nfs4"
    assert network_file_system_of(Path("/home"), mounts) is None
    assert network_file_system_of(Path("/data"), tmp_path / "missing") is None
    assert network_file_system_of(tmp_path) is None
