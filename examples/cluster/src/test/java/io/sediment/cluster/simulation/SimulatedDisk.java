package io.sediment.cluster.simulation;

import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.bucket.BucketStart;
import io.sediment.metadata.bucket.ExportState;
import io.sediment.metadata.bucket.FolderIdentity;
import io.sediment.simulation.SimScheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The metadata folder of a broker: its identity, and the log that Raft would keep there. What was
 * not forced to the disk may be lost with the process, from some entry on.
 */
final class SimulatedDisk implements BucketStart.IdentityFile {
  /** A command in the log. */
  record Entry(long term, long index, byte[] command) {}

  private @Nullable FolderIdentity identity;
  private @Nullable ExportState base;
  private final List<Entry> entries = new ArrayList<>();
  private int forced;
  private long term;
  private @Nullable SimScheduler user;

  /** False while another process is at work on it. */
  boolean isFree() {
    return user == null || user.isCrashed();
  }

  /** A process starts on it; what the one before had not forced is there in part. */
  void takenBy(SimScheduler process, RandomGenerator random) {
    if (user != null && entries.size() > forced) {
      int kept = forced + random.nextInt(entries.size() - forced + 1);
      process.trace("disk: lost " + (entries.size() - kept) + " entries");
      entries.subList(kept, entries.size()).clear();
      forced = kept;
    }
    user = process;
  }

  /** Goes on with what is there of this incarnation; otherwise with {@code exported}. */
  void open(ExportState exported) {
    ExportState known = base;
    if (known == null || known.image().incarnation() != exported.image().incarnation()) {
      base = exported;
      entries.clear();
      forced = 0;
      term = exported.term();
    }
    term++;
  }

  long term() {
    return term;
  }

  MetadataImage firstImage() {
    return base().image();
  }

  long firstIndex() {
    return base().index();
  }

  private ExportState base() {
    ExportState known = base;
    if (known == null) {
      throw new IllegalStateException("not opened");
    }
    return known;
  }

  List<Entry> entries() {
    return List.copyOf(entries);
  }

  long lastIndex() {
    return entries.isEmpty() ? firstIndex() : entries.get(entries.size() - 1).index();
  }

  void append(byte[] command) {
    entries.add(new Entry(term, lastIndex() + 1, command));
  }

  /** Returns what becomes durable by it. */
  List<Entry> force() {
    List<Entry> now = List.copyOf(entries.subList(forced, entries.size()));
    forced = entries.size();
    return now;
  }

  @Override
  public Optional<FolderIdentity> read() {
    return Optional.ofNullable(identity);
  }

  @Override
  public void write(FolderIdentity next) {
    identity = next;
  }
}
