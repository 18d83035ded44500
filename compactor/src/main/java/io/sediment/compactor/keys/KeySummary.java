package io.sediment.compactor.keys;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.PartitionId;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The keys of one range of one partition, each with its last offset there, sorted by hash; as
 * {@link KeySummaryLayout} has it. Read a page at a time from wherever it lies. Immutable.
 */
final class KeySummary {
  /** Where the bytes of a summary are. May block. */
  interface Source {
    /** Exactly {@code length} bytes from {@code position} on. */
    ByteBuffer read(long position, int length) throws IOException;

    /** In memory: from position to limit. */
    static Source of(ByteBuffer bytes) {
      ByteBuffer all = bytes.slice();
      return (position, length) -> all.slice(Math.toIntExact(position), length);
    }
  }

  private final KeySummaryLayout.Header header;
  private final Source source;
  private final Object name;

  private KeySummary(KeySummaryLayout.Header header, Source source, Object name) {
    this.header = header;
    this.source = source;
    this.name = name;
  }

  /**
   * @param name names the summary in messages
   * @throws CorruptObjectException if the header is damaged
   */
  static KeySummary open(Source source, Object name) throws IOException {
    return new KeySummary(
        KeySummaryLayout.Header.decode(source.read(0, KeySummaryLayout.HEADER_SIZE), name),
        source,
        name);
  }

  PartitionId partition() {
    return header.partition();
  }

  OffsetRange range() {
    return header.range();
  }

  int keyCount() {
    return header.keyCount();
  }

  /** A cursor before the first entry. */
  Cursor cursor() {
    return new Cursor();
  }

  @Override
  public String toString() {
    return "key summary " + name + " of " + partition() + " " + range() + " keys=" + keyCount();
  }

  /** Goes through the entries, holding one page. */
  final class Cursor {
    private ByteBuffer page = ByteBuffer.allocate(0);
    private int pageIndex = -1;
    private int entries;
    private int entry;
    private long high;
    private long low;
    private boolean started;

    /** Moves to the next entry; false behind the last. */
    boolean next() throws IOException {
      entry++;
      if (entry >= entries) {
        pageIndex++;
        if (pageIndex >= KeySummaryLayout.pageCount(keyCount())) {
          return false;
        }
        entries = KeySummaryLayout.entriesIn(pageIndex, keyCount());
        page =
            KeySummaryLayout.verifiedPage(
                source.read(
                    KeySummaryLayout.pagePosition(pageIndex), KeySummaryLayout.pageLength(entries)),
                entries,
                name);
        entry = 0;
      }
      long previousHigh = high;
      long previousLow = low;
      high = KeySummaryLayout.hashHigh(page, entry);
      low = KeySummaryLayout.hashLow(page, entry);
      if (started && compareHashes(previousHigh, previousLow, high, low) >= 0) {
        throw new CorruptObjectException(this + ": hashes out of order: page=" + pageIndex);
      }
      started = true;
      return true;
    }

    long high() {
      return high;
    }

    long low() {
      return low;
    }

    long offset() {
      int distance = KeySummaryLayout.distance(page, entry);
      if (distance < 0 || distance >= range().span()) {
        throw new CorruptObjectException(this + ": distance=" + distance);
      }
      return range().from() + distance;
    }

    @Override
    public String toString() {
      return KeySummary.this.toString();
    }
  }

  static int compareHashes(long highA, long lowA, long highB, long lowB) {
    int byHigh = Long.compareUnsigned(highA, highB);
    return byHigh != 0 ? byHigh : Long.compareUnsigned(lowA, lowB);
  }
}
