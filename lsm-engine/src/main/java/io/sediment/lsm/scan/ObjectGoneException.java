package io.sediment.lsm.scan;

import io.sediment.objectstore.ObjectKey;

/**
 * An object that the view names is not in the store: compaction or retention has replaced or
 * dropped it since. Read the manifest again, then try once more.
 */
public final class ObjectGoneException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public ObjectGoneException(ObjectKey key) {
    super("object is gone: key=" + key);
  }
}
