package io.sediment.cluster.tools;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.objectstore.ObjectKey;

/** What people type, checked. */
final class Arguments {
  private Arguments() {}

  static LaneId lane(int number) {
    if (number < 0) {
      throw new UsageException("no number of a lane: " + number);
    }
    return new LaneId(number);
  }

  static ObjectKey key(String text) {
    try {
      return new ObjectKey(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException("no key of an object: " + e.getMessage());
    }
  }

  /** {@code epoch/seq}. */
  static WalSlot slot(String text) {
    String[] parts = text.split("/", -1);
    try {
      if (parts.length == 2) {
        return new WalSlot(Long.parseLong(parts[0]), Long.parseLong(parts[1]));
      }
    } catch (IllegalArgumentException e) {
      throw new UsageException("no slot like 3/17: " + text + ": " + e.getMessage());
    }
    throw new UsageException("no slot like 3/17: " + text);
  }
}
