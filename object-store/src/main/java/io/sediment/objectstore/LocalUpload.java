package io.sediment.objectstore;

import io.sediment.runtime.EdgeToTheDisk;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A multipart upload of {@link LocalObjectStore}. Parts that come in order, as they mostly do, grow
 * one file, which becomes the object as it is. A part out of order, sent again, or sent beside
 * another gets a file of its own; then the object is copied together at the end.
 */
@EdgeToTheDisk
final class LocalUpload implements MultipartUpload {
  /** The store, as far as an upload needs it. Its methods block. */
  interface Target {
    /** A temporary name that nobody else has. */
    Path newFile() throws IOException;

    /** Opens an object; null where there is none. */
    @Nullable FileRange open(ObjectKey source, ByteRange range) throws IOException;

    /** Makes the finished file durable and gives it the object's name; its temporary name goes. */
    ETag publish(Path whole) throws IOException;
  }

  private interface Content {
    void addTo(GrowingFile file) throws IOException;
  }

  private record StoredPart(Path file, long position, long length, Part part) {}

  private final ObjectKey key;
  private final Disk disk;
  private final OpenCalls calls;
  private final Executor executor;
  private final Target target;
  private final Map<Integer, StoredPart> parts = new HashMap<>(); // guarded by itself
  private final AtomicLong versions = new AtomicLong();

  /** Held while the common file grows; whoever brings a part and finds it taken does not wait. */
  private final ReentrantLock growing = new ReentrantLock();

  private final Path commonFile;
  private @Nullable GrowingFile common;
  private int nextNumber = 1;
  private @Nullable Exception failure;
  private boolean ended; // guarded by parts

  LocalUpload(ObjectKey key, Disk disk, OpenCalls calls, Executor executor, Target target)
      throws IOException {
    this.key = key;
    this.disk = disk;
    this.calls = calls;
    this.executor = executor;
    this.target = target;
    this.commonFile = target.newFile();
  }

  @Override
  public CompletableFuture<Part> put(int number, ObjectBody body) {
    return calls.start(
        executor,
        "put part " + number + " of " + key,
        () -> store(number, file -> file.add(body.buffers())));
  }

  @Override
  public CompletableFuture<Part> copy(int number, ObjectKey source, ByteRange.Slice range) {
    return calls.start(
        executor,
        "copy part " + number + " of " + key,
        () -> {
          try (FileRange region = target.open(source, range)) {
            if (region == null) {
              throw new ObjectStoreException.Refused("copy: no such object key=" + source, null);
            }
            return store(number, file -> file.add(region));
          }
        });
  }

  @Override
  public CompletableFuture<ETag> complete(List<Part> order) {
    List<Part> wanted = List.copyOf(order);
    return calls.start(
        executor,
        "complete " + key,
        () -> {
          growing.lock(); // a part that was given up may still be on its way
          try {
            return assemble(wanted);
          } finally {
            growing.unlock();
          }
        });
  }

  @Override
  public CompletableFuture<Void> abort() {
    return calls.start(
        executor,
        "abort " + key,
        () -> {
          growing.lock();
          try {
            end();
          } finally {
            growing.unlock();
          }
          return null;
        });
  }

  private Part store(int number, Content content) throws IOException {
    StoredPart stored = null;
    if (growing.tryLock()) {
      try {
        refuseIfFailed();
        if (number == nextNumber && !hasEnded()) {
          stored = append(number, content);
        }
      } finally {
        growing.unlock();
      }
    }
    if (stored == null) {
      stored = writeAlone(number, content);
    }
    keep(number, stored);
    return stored.part;
  }

  /** A part that comes when the upload has ended leaves nothing behind. */
  private void keep(int number, StoredPart stored) throws IOException {
    boolean late;
    StoredPart dropped;
    synchronized (parts) {
      late = ended;
      dropped = late ? stored : parts.put(number, stored);
    }
    if (dropped != null && !dropped.file.equals(commonFile)) {
      disk.unlink(dropped.file);
    }
    if (late) {
      throw new ObjectStoreException.Refused(
          "put part: the upload has ended: key=" + key + " part=" + number, null);
    }
  }

  private boolean hasEnded() {
    synchronized (parts) {
      return ended;
    }
  }

  /** While growing. A failure ends the upload: earlier parts may not have left memory. */
  private StoredPart append(int number, Content content) throws IOException {
    GrowingFile file = common;
    try {
      if (file == null) {
        file = disk.grow(commonFile);
        common = file;
      }
      long position = file.length();
      content.addTo(file);
      nextNumber = number + 1;
      return new StoredPart(commonFile, position, file.length() - position, newPart(number));
    } catch (IOException | RuntimeException e) {
      fail(e);
      throw e;
    }
  }

  private void fail(Exception reason) {
    failure = reason;
    try {
      end();
    } catch (IOException e) {
      reason.addSuppressed(e); // swept at the next start
    }
  }

  private void refuseIfFailed() throws IOException {
    if (failure != null) {
      throw new IOException("the upload has failed before: key=" + key, failure);
    }
  }

  private StoredPart writeAlone(int number, Content content) throws IOException {
    Path name = target.newFile();
    try (GrowingFile file = disk.grow(name)) {
      content.addTo(file);
      file.finish();
      return new StoredPart(name, 0, file.length(), newPart(number));
    } catch (IOException | RuntimeException e) {
      unlinkQuietly(name, e);
      throw e;
    }
  }

  private Part newPart(int number) {
    return new Part(number, new ETag("part-" + versions.incrementAndGet()));
  }

  /** While nothing grows. */
  private ETag assemble(List<Part> order) throws IOException {
    refuseIfFailed();
    List<StoredPart> wanted = new ArrayList<>();
    for (Part part : order) {
      StoredPart stored;
      synchronized (parts) {
        stored = parts.get(part.number());
      }
      if (stored == null || !stored.part.equals(part)) {
        throw new ObjectStoreException.Refused(
            "complete: no such part: key=" + key + " part=" + part, null);
      }
      wanted.add(stored);
    }
    try {
      GrowingFile grown = common;
      boolean asItIs = grown != null && isAllOf(grown, wanted);
      if (grown != null) {
        grown.finish();
        grown.close();
      }
      ETag eTag = target.publish(asItIs ? commonFile : concatenated(wanted));
      end();
      return eTag;
    } catch (IOException | RuntimeException e) {
      fail(e);
      throw e;
    }
  }

  private boolean isAllOf(GrowingFile file, List<StoredPart> wanted) {
    long position = 0;
    for (StoredPart part : wanted) {
      if (!part.file.equals(commonFile) || part.position != position) {
        return false;
      }
      position += part.length;
    }
    return position == file.length();
  }

  private Path concatenated(List<StoredPart> wanted) throws IOException {
    List<FileRange> sources = new ArrayList<>();
    Path whole = target.newFile();
    try {
      for (StoredPart stored : wanted) {
        FileChannel channel = FileChannel.open(stored.file, StandardOpenOption.READ);
        sources.add(
            new FileRange(
                channel, stored.position, stored.length, channel.size(), stored.part.eTag()));
      }
      disk.concatenate(whole, sources);
      return whole;
    } catch (IOException | RuntimeException e) {
      unlinkQuietly(whole, e);
      throw e;
    } finally {
      for (FileRange source : sources) {
        source.close();
      }
    }
  }

  /** Forgets all that is not an object by now. Idempotent. */
  private void end() throws IOException {
    List<StoredPart> dropped;
    synchronized (parts) {
      ended = true;
      dropped = List.copyOf(parts.values());
      parts.clear();
    }
    if (common != null) {
      common.close();
    }
    for (StoredPart stored : dropped) {
      if (!stored.file.equals(commonFile)) {
        disk.unlink(stored.file);
      }
    }
    disk.unlink(commonFile);
  }

  private void unlinkQuietly(Path file, Exception reason) {
    try {
      disk.unlink(file);
    } catch (IOException e) {
      reason.addSuppressed(e); // swept at the next start
    }
  }
}
