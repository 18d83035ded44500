package io.sediment.lsm.gc;

import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.Manifest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Slots of the write-ahead log that flushes have made needless, told from how far consecutive
 * manifests have replayed the log: within an epoch, all slots between two of them. (Where an epoch
 * ends, the slots that are left are adopted, that is, named by manifests.) Not thread-safe.
 */
final class FlushedSlots {
  /** Slots of one epoch, both ends included. */
  private record Stretch(long epoch, long first, long last) {}

  private final Deque<Stretch> stretches = new ArrayDeque<>();
  private @Nullable WalSlot seen;

  /** Manifests in their order; those that were looked at before count no second time. */
  void look(Manifest manifest) {
    WalSlot now = manifest.replayAfter();
    WalSlot before = seen;
    if (before != null && now.compareTo(before) <= 0) {
      return;
    }
    if (before != null && now.epoch() == before.epoch()) {
      stretches.add(new Stretch(now.epoch(), before.seq() + 1, now.seq()));
    }
    seen = now;
  }

  /** The first {@code limit} slots; none where nothing is left. */
  List<WalSlot> next(int limit) {
    List<WalSlot> slots = new ArrayList<>();
    for (Stretch stretch : stretches) {
      for (long seq = stretch.first; seq <= stretch.last; seq++) {
        if (slots.size() == limit) {
          return slots;
        }
        slots.add(new WalSlot(stretch.epoch, seq));
      }
    }
    return slots;
  }

  /** Forgets the first {@code count} slots: they are gone. */
  void gone(int count) {
    long left = count;
    while (left > 0) {
      Stretch stretch = stretches.remove();
      long length = stretch.last - stretch.first + 1;
      if (length > left) {
        stretches.addFirst(new Stretch(stretch.epoch, stretch.first + left, stretch.last));
      }
      left -= length;
    }
  }
}
