package io.sediment.lsm.object;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.codec.Checksums;
import io.sediment.objectstore.ObjectKey;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Keys of all objects of one lane; {@link ObjectNames} reads them back.
 *
 * <pre>
 * lanes/&lt;lane&gt;/boundary
 * lanes/&lt;lane&gt;/manifest/&lt;id&gt;
 * lanes/&lt;lane&gt;/wal/&lt;epoch&gt;/&lt;seq&gt;
 * data/&lt;h2&gt;/&lt;lane&gt;/&lt;epoch&gt;-&lt;number&gt;.{l0,l1,dir,table}
 * </pre>
 *
 * <p>Ids, epochs, seqs and numbers have 20 digits, so that the order of names is the order of
 * numbers. {@code h2} spreads the request rate over 256 prefixes: two lower-case hex digits, the
 * lowest byte of the CRC32C of the ASCII text {@code <lane>/<epoch>-<number>} as it stands in the
 * key.
 */
public record LaneKeys(LaneId lane) {
  /** Folders under {@code data/}. */
  public static final int DATA_FOLDERS = 256;

  public ObjectKey boundary() {
    return new ObjectKey(root() + "boundary");
  }

  public ObjectKey manifest(long id) {
    return new ObjectKey(manifestPrefix() + digits(id));
  }

  /** Folder of all manifests, ending in a slash. */
  public String manifestPrefix() {
    return root() + "manifest/";
  }

  public ObjectKey wal(WalSlot slot) {
    return new ObjectKey(walPrefix() + digits(slot.epoch()) + "/" + digits(slot.seq()));
  }

  /** Folder of all epochs of the write-ahead log, ending in a slash. */
  public String walPrefix() {
    return root() + "wal/";
  }

  public ObjectKey data(long epoch, long number, DataKind kind) {
    String name = lane + "/" + digits(epoch) + "-" + digits(number);
    return new ObjectKey("data/" + h2(name) + "/" + name + "." + kind.suffix());
  }

  /**
   * One of the {@link #DATA_FOLDERS} folders that the lane's data objects lie in, ending in a
   * slash.
   */
  public String dataPrefix(int folder) {
    return "data/" + hex2(folder) + "/" + lane + "/";
  }

  /** Where the object with this identity is stored. */
  public static ObjectKey of(ObjectIdentity identity) {
    LaneKeys keys = new LaneKeys(identity.lane());
    return switch (identity.kind()) {
      case WAL, FENCE -> keys.wal(new WalSlot(identity.epoch(), identity.number()));
      case L0 -> keys.data(identity.epoch(), identity.number(), DataKind.L0);
      case L1 -> keys.data(identity.epoch(), identity.number(), DataKind.L1);
    };
  }

  private String root() {
    return "lanes/" + lane + "/";
  }

  static String digits(long number) {
    if (number < 0) {
      throw new IllegalArgumentException("number in a key: " + number);
    }
    String digits = Long.toString(number);
    return "00000000000000000000".substring(digits.length()) + digits;
  }

  private static String h2(String name) {
    ByteBuffer ascii = ByteBuffer.wrap(name.getBytes(StandardCharsets.US_ASCII));
    return hex2(Checksums.crc32c(ascii) & 0xff);
  }

  private static String hex2(int value) {
    return "" + Character.forDigit(value >> 4, 16) + Character.forDigit(value & 15, 16);
  }
}
