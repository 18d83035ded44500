package io.sediment.objectstore;

import java.util.Locale;
import java.util.Set;

/** Which filesystems a {@link LocalObjectStore} can rest on. */
final class LocalFilesystem {
  /**
   * Filesystems reached over a network or shared with a host, by the names the system gives them.
   * Their links, locks and syncs promise less than those of a local disk: a link may succeed and
   * answer an error, a sync may end at a server's memory, a cache may show a name that is gone.
   */
  private static final Set<String> NETWORK_TYPES =
      Set.of(
          "9p",
          "afs",
          "afpfs",
          "beegfs",
          "ceph",
          "cifs",
          "coda",
          "davfs",
          "glusterfs",
          "gpfs",
          "lustre",
          "ncpfs",
          "nfs",
          "nfs3",
          "nfs4",
          "ocfs2",
          "orangefs",
          "prl_fs",
          "smb",
          "smb2",
          "smb3",
          "smbfs",
          "vboxsf",
          "vmhgfs",
          "webdav");

  /**
   * Filesystems in user space are named {@code fuse.} and what they are; few of those are local.
   */
  private static final Set<String> LOCAL_FUSE_TYPES =
      Set.of("fuseblk", "fuse.ext2", "fuse.ext4", "fuse.fuse-overlayfs", "fuse.lxcfs", "fuse.zfs");

  private LocalFilesystem() {}

  static boolean isNetwork(String type) {
    String name = type.toLowerCase(Locale.ROOT);
    return NETWORK_TYPES.contains(name)
        || (name.startsWith("fuse") && !LOCAL_FUSE_TYPES.contains(name));
  }
}
