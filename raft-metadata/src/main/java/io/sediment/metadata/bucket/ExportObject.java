package io.sediment.metadata.bucket;

import io.sediment.metadata.Envelope;
import io.sediment.metadata.ImageLayout;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * What stands under one number of the export register: a whole image, the commands since the number
 * before, or the fence with which a rebirth ends the register.
 *
 * <pre>
 *   body      kind (u8), incarnation, number (i64 each), writer (uuid),
 *             previous index, last term, last index (i64 each), then
 *   snapshot  the image, see ImageLayout
 *   delta     count (varint), then each as index (i64), sized command, see CommandLayout
 *   fence     nothing
 * </pre>
 */
sealed interface ExportObject {
  int MAGIC = 0x5345_4458; // "SEDX"
  int VERSION = 1;
  int SNAPSHOT = 1;
  int DELTA = 2;
  int FENCE = 3;

  Header header();

  /**
   * @param writer the process that wrote it
   * @param previousIndex Raft index up to which the number before it reached
   * @param lastIndex Raft index up to which this one reaches
   */
  record Header(
      long incarnation,
      long number,
      UUID writer,
      long previousIndex,
      long lastTerm,
      long lastIndex) {}

  record Snapshot(Header header, MetadataImage image) implements ExportObject {}

  record Delta(Header header, List<Entry> entries) implements ExportObject {
    public Delta {
      entries = List.copyOf(entries);
    }
  }

  /** Ends the register for everybody. */
  record Fence(Header header) implements ExportObject {}

  /** A command that changed something, and its index in the Raft log. */
  record Entry(long index, ByteBuffer command) {}

  default byte[] encode() {
    Header header = header();
    MetadataOutput out = new MetadataOutput();
    out.u8(this instanceof Snapshot ? SNAPSHOT : this instanceof Delta ? DELTA : FENCE);
    out.i64(header.incarnation()).i64(header.number()).uuid(header.writer());
    out.i64(header.previousIndex()).i64(header.lastTerm()).i64(header.lastIndex());
    if (this instanceof Snapshot snapshot) {
      ImageLayout.write(snapshot.image(), out);
    } else if (this instanceof Delta delta) {
      out.varint(delta.entries().size());
      for (Entry entry : delta.entries()) {
        byte[] command = new byte[entry.command().remaining()];
        entry.command().duplicate().get(command);
        out.i64(entry.index()).sized(command);
      }
    }
    return Envelope.seal(MAGIC, VERSION, out);
  }

  static ExportObject decode(ByteBuffer bytes, String what) {
    MetadataInput in = Envelope.open(MAGIC, VERSION, bytes, what);
    int kind = in.u8();
    Header header = new Header(in.i64(), in.i64(), in.uuid(), in.i64(), in.i64(), in.i64());
    switch (kind) {
      case SNAPSHOT -> {
        return new Snapshot(header, ImageLayout.read(in));
      }
      case DELTA -> {
        List<Entry> entries = new ArrayList<>();
        for (int i = in.count(9); i > 0; i--) {
          entries.add(new Entry(in.i64(), in.sized()));
        }
        in.end();
        return new Delta(header, entries);
      }
      case FENCE -> {
        in.end();
        return new Fence(header);
      }
      default -> throw in.corrupt("export kind " + kind);
    }
  }
}
