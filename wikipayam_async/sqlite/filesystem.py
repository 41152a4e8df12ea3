"""Network file systems, on which SQLite's write-ahead log does not work. Pure but for reading the list of mounts."""

from __future__ import annotations

from pathlib import Path

__all__ = ["mount_type_of", "network_file_system_of"]

_NETWORK = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "davfs",
        "fuse.blobfuse2",
        "fuse.ceph",
        "fuse.gcsfuse",
        "fuse.glusterfs",
        "fuse.goofys",
        "fuse.juicefs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "fuse.vmhgfs-fuse",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "smb2",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
    }
)
_FIELDS = 3
_ESCAPES = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\"))


def mount_type_of(path: Path, mounts: str) -> str | None:
    """Return the type of the file system that a path is on; None if the list does not say.

    Args:
        path: An absolute path without symbolic links.
        mounts: The list of mounts, as in `/proc/mounts`.
    """
    best, found = -1, None
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < _FIELDS:
            continue
        point = fields[1]
        for escape, character in _ESCAPES:
            point = point.replace(escape, character)
        # Of two mounts on one point the later hides the earlier.
        if path.is_relative_to(point) and len(point) >= best:
            best, found = len(point), fields[2]
    return found


def network_file_system_of(path: Path, mounts_file: Path = Path("/proc/mounts")) -> str | None:
    """Return the type of the network file system that a path is on; None if it is local, or the system does not say.

    Args:
        path: The path.
        mounts_file: The system's list of mounts. Systems other than Linux have no such file; nothing is known there.
    """
    try:
        mounts = mounts_file.read_text("utf-8", "surrogateescape")
    except OSError:
        return None
    kind = mount_type_of(path.resolve(), mounts)
    return kind if kind in _NETWORK else None
