package io.sediment.objectstore;

import io.sediment.runtime.EdgeToTheDisk;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * The folder of a {@link LocalObjectStore}, only to be read, beside whoever has it open: it takes
 * no lock, makes no file and syncs nothing, so it works on a copy without the right to write, too.
 * What it shows may not survive a power cut: no protocol may rest on it.
 */
@EdgeToTheDisk
public final class LocalFolderReader extends ReadOnlyObjectStore {
  private final LocalLayout layout;
  private final LocalFiles files;
  private final Executor reads;
  private final OpenCalls calls;

  private LocalFolderReader(LocalLayout layout, Executor reads) {
    this.layout = layout;
    this.files = new LocalFiles(layout, object -> {});
    this.reads = reads;
    this.calls = new OpenCalls("local folder " + layout.root(), LocalErrors::map, () -> {});
  }

  /**
   * @param reads whose threads block; not shut down here
   * @throws ObjectStoreException.Refused if there is no such folder
   */
  public static LocalFolderReader open(Path root, Executor reads) {
    Path absolute = root.toAbsolutePath().normalize();
    if (!Files.isDirectory(absolute)) {
      throw new ObjectStoreException.Refused("no such folder: " + absolute, null);
    }
    return new LocalFolderReader(new LocalLayout(absolute), reads);
  }

  @Override
  public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
    return calls.start(reads, "get " + key, () -> files.read(key, range));
  }

  @Override
  public CompletableFuture<List<ListedObject>> list(String prefix, String startAfter, int limit) {
    ObjectStore.checkListing(prefix, limit);
    return calls.start(
        reads, "list " + prefix, () -> LocalListing.list(layout.root(), prefix, startAfter, limit));
  }

  @Override
  public void close() {
    calls.close();
  }
}
