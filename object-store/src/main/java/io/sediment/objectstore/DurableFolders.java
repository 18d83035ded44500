package io.sediment.objectstore;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The folders whose own names this process knows to be durable, up to the root. A folder is never
 * removed, so what is known stays true; one that another process has just created is synced here
 * once more, since that process may die before it does.
 */
final class DurableFolders {
  private final Path root;
  private final Disk disk;
  private final Set<Path> known = ConcurrentHashMap.newKeySet();

  DurableFolders(Path root, Disk disk) {
    this.root = root;
    this.disk = disk;
    known.add(root);
  }

  /** Creates {@code folder} and those above it as needed, and makes their names durable. */
  void ensure(Path folder) throws IOException {
    if (known.contains(folder)) {
      return;
    }
    Path above = folder.getParent();
    if (above == null || !folder.startsWith(root)) {
      throw new IllegalStateException("folder outside the store: " + folder + " root=" + root);
    }
    ensure(above);
    disk.createFolder(folder);
    disk.syncFolder(above);
    known.add(folder);
  }

  /** Somebody has removed a folder by hand: take nothing for granted any more. */
  void forget() {
    known.clear();
    known.add(root);
  }
}
