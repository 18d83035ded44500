package io.sediment.metadata;

/**
 * Hears of published images, in order and one call at a time. Images may be skipped when many are
 * published at once; {@code before} is always the {@code after} of the previous call. Must be quick
 * and must not block or throw.
 */
@FunctionalInterface
public interface MetadataListener {
  void onImage(MetadataImage before, MetadataImage after);
}
