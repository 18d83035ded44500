package io.sediment.lsm.scan;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A map of bounded weight that forgets what was not asked for the longest. Not thread-safe. */
final class WeightedLru<K, V> {
  private record Weighted<V>(V value, long weight) {}

  private final LinkedHashMap<K, Weighted<V>> entries = new LinkedHashMap<>(16, 0.75f, true);
  private final long weightMax;
  private long weight;

  WeightedLru(long weightMax) {
    this.weightMax = weightMax;
  }

  @Nullable V get(K key) {
    Weighted<V> found = entries.get(key);
    return found == null ? null : found.value();
  }

  /** Adds an entry that is not there, over the limit too: the caller makes room. */
  void add(K key, V value, long valueWeight) {
    if (entries.put(key, new Weighted<>(value, valueWeight)) != null) {
      throw new IllegalStateException("already there: " + key);
    }
    weight += valueWeight;
  }

  boolean couldEverHold(long valueWeight) {
    return valueWeight <= weightMax;
  }

  /** Whether {@code more} would fit without removing anything. */
  boolean hasRoomFor(long more) {
    return weight + more <= weightMax;
  }

  /** The entry that would go first; null where there is none. */
  @Nullable V eldest() {
    Iterator<Weighted<V>> inAge = entries.values().iterator();
    return inAge.hasNext() ? inAge.next().value() : null;
  }

  /** Removes the eldest entry; null where there is none. */
  @Nullable V removeEldest() {
    Iterator<Map.Entry<K, Weighted<V>>> inAge = entries.entrySet().iterator();
    if (!inAge.hasNext()) {
      return null;
    }
    Weighted<V> eldest = inAge.next().getValue();
    inAge.remove();
    weight -= eldest.weight();
    return eldest.value();
  }

  @Nullable V remove(K key) {
    Weighted<V> removed = entries.remove(key);
    if (removed == null) {
      return null;
    }
    weight -= removed.weight();
    return removed.value();
  }

  long weight() {
    return weight;
  }

  int size() {
    return entries.size();
  }
}
