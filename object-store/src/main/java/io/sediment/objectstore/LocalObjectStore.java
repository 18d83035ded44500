package io.sediment.objectstore;

import io.sediment.runtime.EdgeToTheDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Objects as files of a local disk, shared by the processes of one machine.
 *
 * <p>An object is written to a temporary file, synced, and then given its name with link(2), which
 * fails if the name is taken: so a name appears at once, whole, and for one writer only. The
 * temporary name is taken away only after the folder was synced. A file with two names is therefore
 * one whose name might not survive a power cut, perhaps because its writer died; whoever meets one,
 * reading or losing a race, syncs file and folder before answering. That costs a stat per read and
 * no memory, and holds across processes.
 *
 * <p>A replace renames over the old file under a lock that spans processes; {@link LocalFile} says
 * what tells versions apart. Folders are never removed.
 *
 * <p>No call blocks its caller: three executors do the work, so that catch-up reads and compaction
 * never stand in the way of a WAL object.
 */
@EdgeToTheDisk
public final class LocalObjectStore implements ObjectStore, FileRanges {
  /**
   * Whose threads do the blocking work. The store does not shut them down.
   *
   * @param commits creates and replaces of up to {@value #BULK_BODY_BYTES} bytes: WAL objects,
   *     manifests
   * @param reads gets
   * @param bulk larger creates, multipart uploads, deletes, listings
   */
  public record Executors(Executor commits, Executor reads, Executor bulk) {}

  static final int BULK_BODY_BYTES = 8 << 20;

  private final LocalLayout layout;
  private final LocalFiles files;
  private final Disk disk;
  private final Executors executors;
  private final ProcessFolder temp;
  private final DurableFolders folders;
  private final ReplaceLock replaceLock;
  private final OpenCalls calls;
  private final boolean isView;

  private LocalObjectStore(LocalLayout layout, Disk disk, Executors executors, ProcessFolder temp) {
    this.layout = layout;
    this.files = new LocalFiles(layout, this::makeDurable);
    this.disk = disk;
    this.executors = executors;
    this.temp = temp;
    this.folders = new DurableFolders(layout.root(), disk);
    this.replaceLock = new ReplaceLock(layout.replaceLock());
    this.calls = new OpenCalls("local " + layout.root(), LocalErrors::map, temp::close);
    this.isView = false;
  }

  private LocalObjectStore(LocalObjectStore whole, Executor reads) {
    this.layout = whole.layout;
    this.files = whole.files;
    this.disk = whole.disk;
    this.executors = new Executors(whole.executors.commits, reads, whole.executors.bulk);
    this.temp = whole.temp;
    this.folders = whole.folders;
    this.replaceLock = whole.replaceLock;
    this.calls = whole.calls;
    this.isView = true;
  }

  /**
   * Opens the store at {@code root}, creating the folder if need be, and sweeps what processes now
   * dead have left behind. Blocks.
   *
   * @throws ObjectStoreException.Refused on a filesystem that cannot carry it
   */
  public static LocalObjectStore open(Path root, Executors executors, RandomGenerator random) {
    return open(root, executors, random, folder -> new Disk(DirectIo.probe(folder)));
  }

  /** Makes the disk that a folder is on. */
  interface DiskAt {
    Disk folder(Path folder) throws IOException;
  }

  static LocalObjectStore open(
      Path root, Executors executors, RandomGenerator random, DiskAt disks) {
    String what = "open local store " + root;
    try {
      Path absolute = root.toAbsolutePath().normalize();
      createDurably(absolute, new Disk());
      LocalLayout layout = new LocalLayout(absolute.toRealPath());
      refuseNetwork(Files.getFileStore(layout.root()).type(), layout.root());
      Files.createDirectories(layout.temp());
      Disk disk = disks.folder(layout.temp());
      ProcessFolder temp = ProcessFolder.claim(layout, disk, random);
      proveLinks(temp, layout.root());
      ProcessFolder.sweep(layout, disk);
      return new LocalObjectStore(layout, disk, executors, temp);
    } catch (IOException | RuntimeException e) {
      throw LocalErrors.map(what, e);
    }
  }

  static void refuseNetwork(String type, Path root) {
    if (LocalFilesystem.isNetwork(type)) {
      throw new ObjectStoreException.Refused(
          "local store: unsupported network filesystem, its links and syncs cannot be relied on:"
              + " type="
              + type
              + " path="
              + root
              + "; use a local disk, or an object store",
          null);
    }
  }

  /** The same store, closed with it, whose gets run on {@code reads}: for catch-up readers. */
  public LocalObjectStore readingOn(Executor reads) {
    return new LocalObjectStore(this, reads);
  }

  @Override
  public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
    return calls.start(writerOf(body), "create " + key, () -> create(key, body));
  }

  @Override
  public CompletableFuture<PutResult> putIfMatch(ObjectKey key, ETag expected, ObjectBody body) {
    return calls.start(
        writerOf(body),
        "replace " + key,
        () -> replaceLock.holding(() -> replaceIfMatch(key, expected, body)));
  }

  @Override
  public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
    return calls.start(executors.reads, "get " + key, () -> files.read(key, range));
  }

  @Override
  public CompletableFuture<OptionalLong> read(
      ObjectKey key, long position, Supplier<ReadTarget> memory) {
    return calls.start(executors.reads, "read " + key, () -> readInto(key, position, memory.get()));
  }

  @Override
  public CompletableFuture<Optional<FileRange>> openRange(
      ObjectKey key, ByteRange range, Inspection inspection) {
    return calls
        .start(executors.reads, "open " + key, () -> openInspected(key, range, inspection))
        .thenApply(Inspected::fileOrThrow);
  }

  @Override
  public CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
    List<ObjectKey> doomed = List.copyOf(keys);
    return calls.start(
        executors.bulk,
        "delete",
        () -> {
          replaceLock.holding(() -> deleteAll(doomed));
          return null;
        });
  }

  @Override
  public CompletableFuture<List<ListedObject>> list(String prefix, String startAfter, int limit) {
    ObjectStore.checkListing(prefix, limit);
    return calls.start(
        executors.bulk,
        "list " + prefix,
        () -> LocalListing.list(layout.root(), prefix, startAfter, limit));
  }

  @Override
  public CompletableFuture<MultipartUpload> startMultipart(ObjectKey key) {
    return calls.start(
        executors.bulk,
        "start multipart " + key,
        () -> new LocalUpload(key, disk, calls, executors.bulk, new UploadTarget(key)));
  }

  @Override
  public void close() {
    if (!isView) {
      calls.close();
    }
  }

  /** Ends as a killed process does: for tests of what the next one finds. */
  void abandon() {
    temp.abandon();
  }

  private Executor writerOf(ObjectBody body) {
    return body.length() > BULK_BODY_BYTES ? executors.bulk : executors.commits;
  }

  // ---- What follows blocks; it runs on the executors.

  private PutResult create(ObjectKey key, ObjectBody body) throws IOException {
    Path object = layout.object(key);
    Path tempFile = temp.newFile(key);
    ETag eTag;
    try {
      disk.writeAndSync(tempFile, body.buffers());
      eTag = require(tempFile).eTag();
      folders.ensure(folderOf(object));
      if (!disk.link(object, tempFile)) {
        disk.unlink(tempFile);
        return lostTo(object);
      }
    } catch (IOException e) {
      if (e instanceof NoSuchFileException) {
        folders.forget();
      }
      unlinkQuietly(tempFile, e);
      throw e;
    }
    // If this fails the second name stays, and says so to everybody who reads the object.
    disk.syncFolder(folderOf(object));
    disk.unlink(tempFile);
    return new PutResult.Created(eTag);
  }

  private PutResult lostTo(Path object) throws IOException {
    Optional<LocalFile> winner = LocalFile.stat(object);
    if (winner.isPresent() && winner.get().isFolder()) {
      throw new ObjectStoreException.Refused("key is a folder of other keys: " + object, null);
    }
    if (winner.isPresent() && winner.get().isFolderSyncPending()) {
      makeDurable(object);
    }
    return new PutResult.PreconditionFailed();
  }

  /** Under the replace lock. */
  private PutResult replaceIfMatch(ObjectKey key, ETag expected, ObjectBody body)
      throws IOException {
    Optional<LocalFile> current = LocalFiles.statObject(layout.object(key));
    if (current.isEmpty() || !current.get().eTag().equals(expected)) {
      return new PutResult.PreconditionFailed();
    }
    Path tempFile = temp.newFile(key);
    try {
      disk.write(tempFile, body.buffers());
    } catch (IOException e) {
      unlinkQuietly(tempFile, e);
      throw e;
    }
    return new PutResult.Created(publish(key, tempFile, current));
  }

  /**
   * Syncs {@code tempFile} and gives it the object's name, over {@code replaced} if there is one.
   * Under the replace lock.
   */
  private ETag publish(ObjectKey key, Path tempFile, Optional<LocalFile> replaced)
      throws IOException {
    Path object = layout.object(key);
    Path secondName = temp.newFile(key);
    ETag eTag;
    try {
      if (replaced.isPresent()) {
        replaced.get().makeLater(tempFile);
      }
      disk.syncFile(tempFile);
      eTag = require(tempFile).eTag();
      folders.ensure(folderOf(object));
      if (!disk.link(secondName, tempFile)) {
        throw new IllegalStateException("a new temporary name is taken: " + secondName);
      }
      disk.rename(tempFile, object);
    } catch (IOException e) {
      unlinkQuietly(tempFile, e);
      unlinkQuietly(secondName, e);
      throw e;
    }
    disk.syncFolder(folderOf(object));
    disk.unlink(secondName);
    return eTag;
  }

  /** An open file, or what somebody found wrong with it, which is no failure of the store. */
  private record Inspected(Optional<FileRange> file, @Nullable RuntimeException wrong) {
    Optional<FileRange> fileOrThrow() {
      if (wrong != null) {
        throw wrong;
      }
      return file;
    }
  }

  private Inspected openInspected(ObjectKey key, ByteRange range, Inspection inspection)
      throws IOException {
    FileRange file = files.open(key, range);
    if (file == null) {
      return new Inspected(Optional.empty(), null);
    }
    try {
      inspection.inspect(file);
    } catch (IOException e) {
      file.close();
      throw e;
    } catch (RuntimeException e) {
      file.close();
      return new Inspected(Optional.empty(), e);
    }
    return new Inspected(Optional.of(file), null);
  }

  private OptionalLong readInto(ObjectKey key, long position, ReadTarget target)
      throws IOException {
    try (FileRange file = files.open(key, ByteRange.of(position, target.remaining()))) {
      if (file == null) {
        return OptionalLong.empty();
      }
      long read = 0;
      ByteBuffer buffer = target.current();
      while (read < file.length() && buffer != null) {
        int more = file.channel().read(buffer, file.position() + read);
        if (more < 0) {
          throw new IOException("file is shorter than it was: range=" + file);
        }
        read += more;
        buffer = target.current();
      }
      return OptionalLong.of(read);
    }
  }

  /** Under the replace lock; returns how many objects there were. */
  private int deleteAll(List<ObjectKey> keys) throws IOException {
    int deleted = 0;
    Set<Path> changed = new LinkedHashSet<>();
    for (ObjectKey key : keys) {
      Path object = layout.object(key);
      if (LocalFiles.statObject(object).isPresent() && disk.unlink(object)) {
        changed.add(folderOf(object));
        deleted++;
      }
    }
    for (Path folder : changed) {
      disk.syncFolder(folder); // a deleted object must not come back
    }
    return deleted;
  }

  private void makeDurable(Path object) throws IOException {
    try {
      disk.syncFile(object);
      disk.syncFolder(folderOf(object));
    } catch (NoSuchFileException e) {
      // Deleted meanwhile: nothing is left to be made durable.
    }
  }

  private static LocalFile require(Path file) throws IOException {
    return LocalFile.stat(file).orElseThrow(() -> new NoSuchFileException(file.toString()));
  }

  private void unlinkQuietly(Path tempFile, IOException reason) {
    try {
      disk.unlink(tempFile);
    } catch (IOException e) {
      reason.addSuppressed(e); // swept at the next start
    }
  }

  private static Path folderOf(Path file) {
    Path folder = file.getParent();
    if (folder == null) {
      throw new IllegalStateException("no folder above " + file);
    }
    return folder;
  }

  private static void createDurably(Path folder, Disk disk) throws IOException {
    Path above = folder.getParent();
    if (Files.isDirectory(folder) || above == null) {
      return;
    }
    createDurably(above, disk);
    disk.createFolder(folder);
    disk.syncFolder(above);
  }

  /** Some filesystems have no hard links, or do not count them; then nothing here would hold. */
  private static void proveLinks(ProcessFolder temp, Path root) throws IOException {
    Path one = temp.newFile(new ObjectKey("probe"));
    Path two = temp.newFile(new ObjectKey("probe"));
    Files.createFile(one);
    boolean works;
    try {
      Files.createLink(two, one);
      works = require(one).links() == 2;
    } catch (UnsupportedOperationException | IOException e) {
      throw new ObjectStoreException.Refused(
          "local store: the filesystem has no hard links: path=" + root, e);
    }
    Files.delete(two);
    Files.delete(one);
    if (!works) {
      throw new ObjectStoreException.Refused(
          "local store: the filesystem does not count hard links: path=" + root, null);
    }
  }

  /** What an upload needs of its store. */
  private final class UploadTarget implements LocalUpload.Target {
    private final ObjectKey key;

    UploadTarget(ObjectKey key) {
      this.key = key;
    }

    @Override
    public Path newFile() throws IOException {
      return temp.newFile(key);
    }

    @Override
    public @Nullable FileRange open(ObjectKey source, ByteRange range) throws IOException {
      return files.open(source, range);
    }

    @Override
    public ETag publish(Path whole) throws IOException {
      return replaceLock.holding(
          () ->
              LocalObjectStore.this.publish(key, whole, LocalFiles.statObject(layout.object(key))));
    }
  }
}
